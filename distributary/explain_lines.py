"""An item's story as lines for a person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from consumers.writes import Fields
from distributary.dump import exact_json
from distributary.explain import Change, Explanation
from distributary.explain_standing import Standing
from distributary.explain_story import Verdict

_SHOWN_CHARACTERS = 160


def lines(story: Explanation) -> Iterator[str]:
    """The lines, in the order of what happened."""
    yield f"{story.table} {story.key}: {_events(len(story.events))} in {story.topic}"
    for lost in story.lost:
        since = ""
        if lost.since is not None:
            since = f", which the log took at {_instant(datetime.fromtimestamp(lost.since / 1000, UTC))}"
        yield (
            f"{story.topic}/{lost.partition} lost its beginning: it begins at offset {lost.begins_at}{since}; what the "
            "item was before that is not known"
        )
    for change in story.events:
        yield ""
        yield from _change(story.topic, change)
    for letter in story.bridge_letters:
        yield ""
        yield f"not in the log: the bridge's dead letter {letter['place']}, version {letter['version'] or 'unknown'}"
        yield f"    {letter['stage']}, {letter['error']}: {letter['message']}"
    if story.now:
        yield ""
        yield "now"
    for standing in story.now:
        yield from _standing(standing)


def _change(topic: str, change: Change) -> Iterator[str]:
    at = "at an unknown time" if change.committed_at is None else _instant(change.committed_at)
    yield f"{topic}/{change.partition}/{change.offset}  {change.operation or 'UNDECODABLE'}  {at}"
    yield f"    version {change.version or 'unknown'}"
    yield f"    changed: {'not known' if change.changed is None else ', '.join(change.changed) or 'nothing'}"
    for verdict in change.verdicts:
        yield from _verdict(verdict)


def _verdict(verdict: Verdict) -> Iterator[str]:
    why = f": {verdict.why}" if verdict.why else ""
    yield f"    {verdict.group}  {verdict.outcome.replace('_', '-')}{why}"
    for key, document in verdict.documents.items():
        under = "" if len(verdict.documents) == 1 else f"{key}: "
        yield f"        {under}{_short(document)}"
    if not verdict.documents:
        yield "        no document"


def _standing(standing: Standing) -> Iterator[str]:
    name = f"    {standing.group}: {standing.read_model} in {standing.store}"
    removed = "" if standing.removal is None else f", removed at the version {standing.removal}"
    if standing.document is None:
        yield f"{name} holds nothing under {standing.key}{removed}"
    else:
        version = standing.source_version
        of = "a document of somebody else's" if version is None else f"the document of the version {version}"
        yield f"{name} holds under {standing.key} {of}{removed}"
        yield f"        {_short(standing.document)}"
    if standing.undelivered:
        yield f"        not delivered yet: {_events(standing.undelivered)}"
    agrees = f"differs: {standing.why}; see `distributary verify {standing.group}`"
    yield f"        {'agrees' if standing.agrees else agrees}"


def _events(number: int) -> str:
    return f"{number} event{'' if number == 1 else 's'}"


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _short(document: Fields) -> str:
    text = exact_json(document).decode()
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "..."
