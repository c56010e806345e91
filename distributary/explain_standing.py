"""What a read model holds of an item now, and whether that agrees with the item's story."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from consumers.group import Group
from consumers.read_model import ReadModel, State
from consumers.subscription import Log
from consumers.writes import Fields
from distributary.explain_story import GroupStory, Held
from distributary.item_log import Recorded
from schemas.errors import InvalidKey


class Standing(msgspec.Struct, frozen=True):
    """What stands under one key of a read model, and why that does not agree with the story, if it does not.

    `undelivered`: how many of the item's events the group has not committed. `removal`: the version of the removal that
    is remembered.
    """

    group: str
    read_model: str
    store: str
    key: str
    document: Fields | None
    source_version: str | None
    removal: str | None
    undelivered: int
    agrees: bool
    why: str


class Look(NamedTuple):
    """What was seen of a group: its positions, and then what stood under its keys."""

    read_model: ReadModel
    positions: Mapping[int, int]
    states: list[State]


def look(log: Log, group: Group, read_model: ReadModel, keys: Sequence[str]) -> Look:
    """Looks at a group, and under these keys of its read model. Raises Outage."""
    # The positions first: what is held came from an event that is committed, or from a later one.
    positions = log.positions(group.name, group.topic)
    try:
        return Look(read_model, positions, read_model.states(keys))
    except InvalidKey:  # the item's own key, in a read model whose keys have more parts
        return Look(read_model, positions, [])


def standings(seen: Look, story: GroupStory, events: Sequence[Recorded]) -> Iterator[Standing]:
    """What was seen, each key beside the story of these events."""
    delivered = [each.delivery.offset < seen.positions.get(each.delivery.partition, 0) for each in events]
    committed = delivered.index(False) if False in delivered else len(events)
    for state in seen.states:
        # What is not committed may be applied already, up to any of those events.
        reasons = [_differs(state, moment.get(state.key)) for moment in story.moments[committed:]]
        agrees = None in reasons
        yield Standing(
            group=story.group.name,
            read_model=seen.read_model.name,
            store=seen.read_model.store,
            key=state.key,
            document=None if state.document is None else state.document.document,
            source_version=None if state.document is None else state.document.source_version,
            removal=state.removal,
            undelivered=delivered.count(False),
            agrees=agrees,
            why="" if agrees else str(reasons[0]),
        )


def _differs(state: State, held: Held | None) -> str | None:
    """How the state differs from what the story holds under its key; None where it does not."""
    expected = None if held is None else held.document
    found = state.document
    if held is None or expected is None:
        if found is None or found.source_version is None:  # somebody else's stays where the story holds nothing
            return None
        gone = "nothing was ever put there" if held is None else f"it was removed at the version {held.version}"
        return f"by the log {gone}"
    if found is None:
        return f"by the log it holds the document of the version {held.version}"
    if found.source_version is None:
        return f"somebody else has written it; by the log it holds the document of the version {held.version}"
    if found.source_version != held.version:
        return f"by the log its version is {held.version}"
    names = found.document.keys() | expected.keys()
    missing = object()
    fields = sorted(name for name in names if found.document.get(name, missing) != expected.get(name, missing))
    return f"by the log other values stand in {', '.join(fields)}" if fields else None
