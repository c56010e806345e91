"""The deliveries of one poll on their way to an outcome each; what is done stays done when a step is taken again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from consumers.delivery.outcomes import Outcome
from consumers.delivery.prepare import Poison, Prepared
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


@dataclass(slots=True)
class _Entry:
    delivery: Delivery
    prepared: Prepared | None = None
    poison: Poison | None = None
    applied: bool = False


class Batch:
    """What one poll gave, up to the outcome of each."""

    def __init__(self, deliveries: Sequence[Delivery] = ()) -> None:
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

    def prepare(self, prepare: Callable[[Delivery], Prepared]) -> None:
        """Prepares what is not prepared yet. Raises Outage, as `prepare` does."""
        for number, entry in self._entries.items():
            if entry.prepared is None:
                entry.prepared = prepare(entry.delivery)
                self._unprepared -= 1
                if isinstance(entry.prepared, Poison):
                    entry.poison = entry.prepared
                else:
                    self._writes += [(number, write) for write in entry.prepared]

    def apply(self, read_model: ReadModel) -> None:
        """Applies the writes that are not applied yet. Raises Outage where the store does not take them all.

        Writes to one key fold to the highest version; if the store refuses that one, the key is folded again without.
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
            self._unprepared -= self._entries.pop(number).prepared is None
        self._writes = [(number, write) for number, write in self._writes if number not in gone]
        return len(gone)

    def finished(self) -> Iterator[Finished]:
        """Every delivery with its outcome, once all steps are done; it is under way until it is `recorded`."""
        for number, entry in list(self._entries.items()):
            if entry.poison is not None:
                outcome = Outcome.DEAD_LETTERED
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
                case _:
                    self._entries[number].applied |= result.status is WriteStatus.APPLIED
                    settled.add(key)
        self._writes = [
            (number, write)
            for number, write in self._writes
            if write.key not in settled and (number, write.key) not in refused
        ]
        return failure


def _apply(read_model: ReadModel, writes: Sequence[VersionedWrite]) -> list[WriteOutcome]:
    try:
        return read_model.apply(writes)
    except Exception as error:
        # Poison is a closed list; whatever else a store's client comes up with is an outage.
        raise Outage(read_model.store, f"{type(error).__name__}: {error}") from error
