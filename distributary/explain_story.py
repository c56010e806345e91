"""What a group makes of an item's events, one after the other, as live traffic gives them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from consumers.delivery.outcomes import Outcome
from consumers.delivery.prepare import Poison, Preparation
from consumers.errors import RefusedDocument
from consumers.group import Group
from consumers.read_model import ReadModel
from consumers.subscription import Delivery, Log
from consumers.writes import Fields, Put, VersionedWrite
from distributary.filtered_by import filtered_by, outside
from distributary.item_log import Recorded
from schemas.change_event import ChangeEvent, Operation
from schemas.codec import EventDecoder
from schemas.dead_letters import DeadLetter, read_dead_letter
from schemas.errors import InvalidKey


class Verdict(msgspec.Struct, frozen=True):
    """What a group makes of a delivery, and why; `documents` are those it has after it, by key."""

    group: str
    outcome: Outcome
    why: str
    documents: dict[str, Fields]


class Held(NamedTuple):
    """What a read model holds under a key: a document, or None and that it was removed."""

    version: str
    document: Fields | None


class Letter(NamedTuple):
    """A dead letter that is known, and whether it is still open."""

    letter: DeadLetter
    is_open: bool


def letters_of_key(log: Log, topic: str, key: bytes) -> dict[str, Letter]:
    """The letters of a dead-letter topic that are about a message key, by their places. Raises Outage."""
    known: dict[str, Letter] = {}
    beginnings = log.beginnings(topic)
    for partition, end in log.ends(topic).items():
        for delivery in log.read(topic, partition, beginnings.get(partition, 0), end):
            letter = read_dead_letter(delivery.key or b"", delivery.value, delivery.headers)
            if delivery.value is not None and letter.original_key == key:
                known[letter.place] = Letter(letter, is_open=True)
            elif delivery.value is None and letter.place in known:
                known[letter.place] = known[letter.place]._replace(is_open=False)
    return known


class GroupStory:
    """A group's story with one item, each of its events taken alone, from a read model that holds nothing.

    `read_model` says how it gives documents back; what is in it is not asked for. `verdicts` are as many as was told;
    `moments` one more: by key what is held before the first of them, after it, and so on. `tell` raises Outage.
    """

    def __init__(
        self, group: Group, decoder: EventDecoder, read_model: ReadModel, letters: Mapping[str, Letter]
    ) -> None:
        self.group = group
        self.verdicts: list[Verdict] = []
        self.moments: list[dict[str, Held]] = [{}]
        self._held: dict[str, Held] = {}
        self._preparation = Preparation(group, decoder)
        self._read_model = read_model
        self._letters = letters

    def tell(self, events: Iterable[Recorded]) -> GroupStory:
        """Goes on with these events; itself."""
        for delivery, event in events:
            self.verdicts.append(self._verdict(*self._take(delivery, event)))
            self.moments.append(dict(self._held))
        return self

    def _take(self, delivery: Delivery, event: ChangeEvent | None) -> tuple[Outcome, str]:
        known = self._letters.get(f"{delivery.topic}/{delivery.partition}/{delivery.offset}")
        if known is not None and known.is_open:
            letter = known.letter
            return Outcome.DEAD_LETTERED, _poison(Poison(letter.stage, letter.error, letter.message))
        prepared = self._preparation.prepare(delivery)
        if isinstance(prepared, Poison):
            return Outcome.DEAD_LETTERED, _poison(prepared)
        assert event is not None  # the same bytes were decoded before
        outcome, why = self._apply(prepared, event) if prepared else (Outcome.FILTERED, filtered_by(self.group, event))
        if known is not None:
            resolved = f"its dead letter was resolved since ({known.letter.message})"
            why = f"{why}; {resolved}" if why else resolved
        return outcome, why

    def _apply(self, writes: tuple[VersionedWrite, ...], event: ChangeEvent) -> tuple[Outcome, str]:
        outcome, why = Outcome.STALE, list[str]()
        for write, version in writes:
            try:
                document = self._read_model.given_back(write) if isinstance(write, Put) else None
            except (RefusedDocument, InvalidKey) as error:
                return Outcome.DEAD_LETTERED, _poison(Poison("apply", "RefusedByTheStore", str(error)))
            held = self._held.get(write.key)
            if held is not None and version <= held.version:
                why.append(f"not above the version {held.version}, which counts already")
                continue
            self._held[write.key] = Held(version, document)
            outcome = Outcome.APPLIED
        if outcome is Outcome.STALE:
            return outcome, "; ".join(dict.fromkeys(why))
        gone = None if event.operation is Operation.REMOVE else outside(self.group, event.after, event)
        return outcome, "" if gone is None else f"removed, for it is outside `where`: {gone}"

    def _verdict(self, outcome: Outcome, why: str) -> Verdict:
        documents = {key: held.document for key, held in self._held.items() if held.document is not None}
        return Verdict(self.group.name, outcome, why, documents)


def _poison(poison: Poison) -> str:
    return f"{poison.stage}, {poison.error}: {poison.message}"
