"""The deliveries of one poll on their way to an outcome each; what is done stays done when a step is taken again."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from operator import itemgetter
from typing import NamedTuple

import msgspec

from consumers.delivery.outcomes import Outcome
from consumers.delivery.prepare import Poison, Preparation, Prepared
from consumers.errors import Outage
from consumers.read_model import ReadModel, WriteOutcome, WriteStatus
from consumers.subscription import Delivery
from consumers.writes import VersionedWrite, fold


class Finished(NamedTuple):
    """A delivery, by its number in the batch, and what it ends in; with a dead letter, why."""

    number: int
    delivery: Delivery
    outcome: Outcome
    poison: Poison | None


class _Entry(msgspec.Struct):
    delivery: Delivery
    prepared: Prepared | None = None
    poison: Poison | None = None
    applied: bool = False
    folded: bool = False
    """Whether a later version of its item stands for it, unseen."""
    stands_for: tuple[int, ...] = ()


class Batch:
    """What one poll gave, up to the outcome of each; unless it `folds_unseen`, each is looked at."""

    def __init__(self, deliveries: Sequence[Delivery] = (), *, folds_unseen: bool = True) -> None:
        self._folds_unseen = folds_unseen
        self._entries = {number: _Entry(delivery) for number, delivery in enumerate(deliveries)}
        self._unprepared = len(deliveries)
        self._writes: list[tuple[int, VersionedWrite]] = []

    def __len__(self) -> int:
        """How many deliveries are under way."""
        return len(self._entries)

    @property
    def left(self) -> int:
        """How much there is still to do; it tells progress from standing still."""
        return self._unprepared + len(self._writes)

    def work(self, preparation: Preparation, read_model: ReadModel) -> None:
        """Prepares and applies what is left. Raises Outage; what is done by then stays done."""
        while self.left:
            self.prepare(preparation)
            self.apply(read_model)

    def prepare(self, preparation: Preparation) -> None:
        """Prepares what is not prepared yet. Raises Outage.

        Where the group lets it, an item's delivery of the highest version, the first of equals, stands for the others;
        if it is poison, the next one does.
        """
        by_key: dict[bytes, list[tuple[str, int]]] = {}
        for number, entry in self._entries.items():
            if entry.prepared is None and not entry.folded:
                place = preparation.place_in_fold(entry.delivery) if self._folds_unseen else None
                if place is None:
                    self._prepare(number, preparation)
                else:
                    by_key.setdefault(place[0], []).append((place[1], number))
        for versions in by_key.values():
            self._fold_unseen(sorted(versions, key=itemgetter(0), reverse=True), preparation)

    def _fold_unseen(self, versions: Sequence[tuple[str, int]], preparation: Preparation) -> None:
        """Prepares the first that turns out to be what its header says, highest version first; the rest is folded."""
        for at, (version, number) in enumerate(versions, 1):
            others = tuple(other for _, other in versions[at:])
            writes = self._prepare(number, preparation, for_others=bool(others))
            if writes and writes[0].version == version:
                self._entries[number].stands_for = others
                for other in others:
                    self._entries[other].folded = True
                self._unprepared -= len(others)
                return

    def _prepare(
        self, number: int, preparation: Preparation, *, for_others: bool = False
    ) -> tuple[VersionedWrite, ...]:
        entry = self._entries[number]
        entry.prepared = preparation.prepare(entry.delivery, for_others=for_others)
        self._unprepared -= 1
        if isinstance(entry.prepared, Poison):
            entry.poison = entry.prepared
            return ()
        self._writes += [(number, write) for write in entry.prepared]
        return entry.prepared

    def apply(self, read_model: ReadModel) -> None:
        """Applies the writes that are not applied yet. Raises Outage where the store does not take them all.

        Writes to one key fold to the highest version; if the store refuses that one, the key is folded again without,
        and there may be something to prepare again.
        """
        while self._writes:
            survivors = fold(self._writes)
            results = _apply(read_model, [write for _, write in survivors.values()])
            failure = self._settle({key: number for key, (number, _) in survivors.items()}, results)
            if failure is not None:
                raise Outage(read_model.store, failure.reason)

    def forget(self, partitions: Collection[int]) -> int:
        """Drops the deliveries of partitions that are another member's now; how many those were."""
        gone = {number for number, entry in self._entries.items() if entry.delivery.partition in partitions}
        for number in gone:
            entry = self._entries.pop(number)
            self._unprepared -= entry.prepared is None and not entry.folded
        self._writes = [(number, write) for number, write in self._writes if number not in gone]
        return len(gone)

    def finished(self) -> Iterator[Finished]:
        """Every delivery with its outcome, once all steps are done; it is under way until it is `recorded`."""
        for number, entry in list(self._entries.items()):
            if entry.poison is not None:
                outcome = Outcome.DEAD_LETTERED
            elif entry.folded:
                outcome = Outcome.STALE
            elif not entry.prepared:
                outcome = Outcome.FILTERED
            else:
                outcome = Outcome.APPLIED if entry.applied else Outcome.STALE
            yield Finished(number, entry.delivery, outcome, entry.poison)

    def recorded(self, number: int) -> None:
        """The delivery of that number has its outcome."""
        del self._entries[number]

    def _settle(self, numbers: dict[str, int], results: Sequence[WriteOutcome]) -> WriteOutcome | None:
        """Notes what became of the write that counted for each key; the first that failed, if any did."""
        failure = None
        settled, refused = set(), set()
        for (key, number), result in zip(numbers.items(), results, strict=True):
            match result.status:
                case WriteStatus.FAILED:
                    failure = failure or result
                case WriteStatus.REFUSED:
                    self._entries[number].poison = Poison("apply", "RefusedByTheStore", result.reason)
                    refused.add((number, key))
                    self._unfold(number)
                case _:
                    self._entries[number].applied |= result.status is WriteStatus.APPLIED
                    settled.add(key)
        self._writes = [
            (number, write)
            for number, write in self._writes
            if write.key not in settled and (number, write.key) not in refused
        ]
        return failure

    def _unfold(self, number: int) -> None:
        """Those that it stood for are to be looked at after all."""
        for other in self._entries[number].stands_for:
            self._entries[other].folded = False
            self._unprepared += 1
        self._entries[number].stands_for = ()


def _apply(read_model: ReadModel, writes: Sequence[VersionedWrite]) -> list[WriteOutcome]:
    try:
        return read_model.apply(writes)
    except Exception as error:
        # Poison is a closed list; whatever else a store's client comes up with is an outage.
        raise Outage(read_model.store, f"{type(error).__name__}: {error}") from error
