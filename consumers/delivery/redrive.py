"""Dead letters of a group, applied again for that group alone (design section 8)."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from msgspec.structs import replace

from consumers.delivery.batch import Batch
from consumers.delivery.dead_letters import DeadLetters
from consumers.delivery.outcomes import Outcome
from consumers.delivery.prepare import Poison, Preparation, Prepared
from consumers.read_model import REMOVALS_KEPT_SECONDS, ReadModel
from consumers.subscription import Delivery
from consumers.writes import VersionedWrite, fold
from schemas.dead_letters import DeadLetter
from schemas.errors import InvalidKey, UndecodableEvent, UnknownSchema

TOGETHER = 500
"""Letters that are applied together: an outage, or a kill, leaves at most so many open that are applied already."""


class Fate(StrEnum):
    """What becomes of a dead letter that is redriven."""

    APPLIED = "applied"
    SUPERSEDED = "superseded"
    """The read model has had a version as high, or a higher one, under the key."""
    FILTERED = "filtered"
    PUBLISHED = "published"
    """The bridge's: its event is in the log."""
    STILL_POISON = "still poison"
    TOO_OLD = "too old"


STAYS_OPEN = frozenset({Fate.STILL_POISON, Fate.TOO_OLD})


class Verdict(NamedTuple):
    """What becomes of one letter; `reason` says why where it stays open."""

    letter: DeadLetter
    fate: Fate
    reason: str = ""


class GroupRedrive:
    """The way of a group's letters through its own projection into its own read model, under their own versions.

    `clock` gives epoch seconds.
    """

    def __init__(
        self,
        preparation: Preparation,
        read_model: ReadModel,
        dead_letters: DeadLetters,
        clock: Callable[[], float],
        together: int = TOGETHER,
    ) -> None:
        self._preparation = preparation
        self._read_model = read_model
        self._dead_letters = dead_letters
        self._clock = clock
        self._together = together

    def redrive(self, letters: Sequence[DeadLetter]) -> Iterator[Verdict]:
        """Applies the letters, and says what became of each once that is durable.

        Whoever dies in between may do it all again: what was applied is superseded then. Raises Outage where the log,
        the registry or the store is away, DeadLetterLost; the rest stays open.
        """
        for some in self._cut(letters):
            # 1 leave those whose removal may have been forgotten
            young = yield from self._leave_old(some)
            # 2 decode, filter, project, apply under the version guard: as the group does it
            batch = Batch([_delivery(letter) for letter in young], folds_unseen=False)
            batch.work(self._preparation, self._read_model)
            # 3 resolve the letter by a null, or write it again under its place
            for letter, (_, _, outcome, poison) in zip(young, batch.finished(), strict=True):
                yield self._settle(letter, outcome, poison)

    def foretell(self, letters: Sequence[DeadLetter]) -> Iterator[Verdict]:
        """What `redrive` would make of the letters, touching nothing; only the store can refuse a document beyond that.

        Raises Outage.
        """
        known: dict[str, str | None] = {}
        for some in self._cut(letters):
            young = yield from self._leave_old(some)
            prepared = [self._look_up(self._preparation.prepare(_delivery(letter)), known) for letter in young]
            for letter, (fate, reason) in zip(young, foretold(prepared, known), strict=True):
                yield Verdict(letter, fate, reason)
            known |= {key: write.version for key, (_, write) in _counting(prepared, known).items()}

    def _cut(self, letters: Sequence[DeadLetter]) -> Iterator[Sequence[DeadLetter]]:
        for start in range(0, len(letters), self._together):
            yield letters[start : start + self._together]

    def _leave_old(self, letters: Sequence[DeadLetter]) -> Generator[Verdict, None, list[DeadLetter]]:
        """Gives a verdict on each that is too old, and returns the others."""
        young = []
        for letter in letters:
            if (reason := too_old(self._committed(letter), self._clock())) is None:
                young.append(letter)
            else:
                way = f"it goes the way of `distributary rebuild {self._preparation.group.name} --keys`"
                yield Verdict(letter, Fate.TOO_OLD, f"{reason}; {way}")
        return young

    def _committed(self, letter: DeadLetter) -> float:
        """When the event was committed, epoch seconds; when the letter was first seen, where the event says nothing."""
        try:
            committed_at = self._preparation.decode(letter.value).committed_at
        except (UndecodableEvent, UnknownSchema):
            committed_at = None
        return letter.first_seen / 1000 if committed_at is None else committed_at.timestamp()

    def _look_up(self, prepared: Prepared, known: dict[str, str | None]) -> Prepared:
        """The same, with the versions of its keys in `known`; poison where the store has no such key."""
        if not isinstance(prepared, Poison):
            for write in prepared:
                try:
                    if write.key not in known:
                        known[write.key] = self._read_model.version(write.key)
                except InvalidKey as error:
                    return Poison("apply", "InvalidKey", str(error))
        return prepared

    def _settle(self, letter: DeadLetter, outcome: Outcome, poison: Poison | None) -> Verdict:
        if poison is not None:
            self._dead_letters.record(_again(letter, poison))
            return Verdict(letter, Fate.STILL_POISON, poison.message)
        self._dead_letters.resolve(letter)
        return Verdict(letter, _FATES[outcome])


_FATES = {Outcome.APPLIED: Fate.APPLIED, Outcome.STALE: Fate.SUPERSEDED, Outcome.FILTERED: Fate.FILTERED}


def foretold(prepared: Sequence[Prepared], known: Mapping[str, str | None]) -> list[tuple[Fate, str]]:
    """What becomes of letters that are applied together, and why of those that stay: by the versions `known` of every
    key they write to (None: any write counts), and by one another.
    """
    counting = {number for number, _ in _counting(prepared, known).values()}
    fates: list[tuple[Fate, str]] = []
    for number, one in enumerate(prepared):
        match one:
            case Poison():
                fates.append((Fate.STILL_POISON, one.message))
            case ():
                fates.append((Fate.FILTERED, ""))
            case _:
                fates.append((Fate.APPLIED if number in counting else Fate.SUPERSEDED, ""))
    return fates


def too_old(committed: float, now: float) -> str | None:
    """Why what was committed then (both epoch seconds) cannot be applied in place; None where it can.

    A removal that came after it may be forgotten by now, and it would bring the document back.
    """
    if now - committed < REMOVALS_KEPT_SECONDS:
        return None
    days = f"{REMOVALS_KEPT_SECONDS / 86400:.0f} days"
    return f"it is {(now - committed) / 86400:.0f} days old, and removals are remembered for {days}"


def _counting(prepared: Sequence[Prepared], known: Mapping[str, str | None]) -> dict[str, tuple[int, VersionedWrite]]:
    """By key, the write that will count, if one does, with the number of its letter."""
    writes = [(number, write) for number, one in enumerate(prepared) if not isinstance(one, Poison) for write in one]
    return {
        key: (number, write)
        for key, (number, write) in fold(writes).items()
        if (version := known[key]) is None or write.version > version
    }


def _delivery(letter: DeadLetter) -> Delivery:
    """The letter as the delivery that it was."""
    return Delivery(
        topic=letter.topic or "",
        partition=letter.partition or 0,
        offset=letter.offset or 0,
        key=letter.original_key,
        value=letter.value,
        attempt=letter.attempts + 1,
    )


def _again(letter: DeadLetter, poison: Poison) -> DeadLetter:
    """The letter after one more attempt."""
    return replace(letter, stage=poison.stage, error=poison.error, message=poison.message, attempts=letter.attempts + 1)
