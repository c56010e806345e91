"""What became of one item: its events in the log, what each group made of them, and what the read models hold now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from consumers.group import Group
from consumers.read_model import ReadModel
from consumers.subscription import Log
from distributary.changed_fields import changed_fields
from distributary.errors import UnknownName
from distributary.explain_standing import Look, Standing, look, standings
from distributary.explain_story import GroupStory, Letter, Verdict, letters_of_key
from distributary.item_log import ItemLog, Lost, Recorded
from distributary.letters import letter_key, open_letters, row
from schemas.codec import EventDecoder
from schemas.topics import Topic, dead_letters_of
from schemas.versions import VERSION_HEADER


class Reader(NamedTuple):
    """A group, and what it keeps."""

    group: Group
    read_model: ReadModel


class Change(msgspec.Struct, frozen=True):
    """One event, and each group's verdict on it. `changed` are top-level attributes, None where that is not known;
    where the event cannot be decoded, all is None that its delivery does not tell.
    """

    partition: int
    offset: int
    version: str | None
    operation: str | None
    committed_at: datetime | None
    changed: tuple[str, ...] | None
    verdicts: list[Verdict]


class Explanation(msgspec.Struct, frozen=True):
    """The story of an item. `lost`: the partitions that lost their beginning, and with it what the item was before;
    `bridge_letters`: open dead letters of the bridge about the item, whose changes are not in the log. These and `now`
    are empty where the story ends in the past.
    """

    table: str
    key: str
    topic: str
    lost: list[Lost]
    events: list[Change]
    bridge_letters: list[dict[str, Any]]
    now: list[Standing]


def explain(
    topic: Topic, key: str, log: Log, decoder: EventDecoder, readers: Sequence[Reader], until: float | None = None
) -> Explanation:
    """The story of the item under the key's canonical text; `until`, epoch seconds, leaves out what was committed
    later, and what is now.

    Raises UnknownName where nothing is known of the key, Outage.
    """

    def told(reader: Reader, letters: Mapping[str, Letter]) -> GroupStory:
        return GroupStory(reader.group, decoder, reader.read_model, letters).tell(events)

    # 1 the item's events up to the ends
    item_log = ItemLog(log, topic, key, decoder)
    events = item_log.read_on()
    looks: list[Look] = []
    bridge_letters: list[dict[str, Any]] = []
    if until is None:
        # 2 each group's positions, and then what stands under its keys
        for reader in readers:
            keys = [*told(reader, {}).moments[-1]] or [key]
            looks.append(look(log, reader.group, reader.read_model, keys))
        # 3 what came meanwhile: what was seen is then made of events that were read
        events += item_log.read_on()
        bridge_letters = _bridge_letters(log, topic, key)
    else:
        events = [each for each in events if each.committed <= until]
    if not events and not bridge_letters:
        raise UnknownName(_nothing(item_log, topic, key, until))
    # 4 the story, with the letters: those of what is committed are there by now
    stories = [
        told(reader, letters_of_key(log, dead_letters_of(reader.group.name), key.encode())) for reader in readers
    ]
    return Explanation(
        table=topic.table,
        key=key,
        topic=topic.name,
        lost=item_log.lost(),
        events=[_change(each, [story.verdicts[at] for story in stories]) for at, each in enumerate(events)],
        bridge_letters=bridge_letters,
        now=[each for seen, story in zip(looks, stories, strict=False) for each in standings(seen, story, events)],
    )


def _change(recorded: Recorded, verdicts: list[Verdict]) -> Change:
    delivery, event = recorded
    version = dict(delivery.headers).get(VERSION_HEADER, b"").decode(errors="replace") or None
    return Change(
        partition=delivery.partition,
        offset=delivery.offset,
        version=version if event is None else event.version,
        operation=None if event is None else event.operation,
        committed_at=None if event is None else event.committed_at,
        changed=None if event is None else changed_fields(event),
        verdicts=verdicts,
    )


def _bridge_letters(log: Log, topic: Topic, key: str) -> list[dict[str, Any]]:
    owner = f"bridge:{topic.table}"
    return [row(owner, letter) for letter in open_letters(log, owner) if letter_key(owner, letter) == key]


def _nothing(item_log: ItemLog, topic: Topic, key: str, until: float | None) -> str:
    places = ", ".join(f"{topic.name}/{partition}" for partition in item_log.begins_at)
    when = "" if until is None else f" that was committed until {datetime.fromtimestamp(until, UTC).isoformat()}"
    lost = ", ".join(f"{topic.name}/{each.partition} begins at offset {each.begins_at}" for each in item_log.lost())
    gone = f" any more ({lost})" if lost else ""
    return f"there is no event of {topic.table} {key}{when} in {places}{gone}; look at how the key is written"
