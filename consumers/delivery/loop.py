"""The consumer loop: one member of a group, from poll to committed position (design section 6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from threading import Event

from consumers.delivery.dead_letters import DeadLetters
from consumers.delivery.prepare import Poison, Preparation
from consumers.delivery.watermarks import Watermarks
from consumers.errors import GroupStopped, Outage
from consumers.read_model import ReadModel, WriteStatus
from consumers.subscription import Delivery, Subscription
from consumers.writes import VersionedWrite, fold
from schemas.dead_letters import DeadLetter

BATCH = 1000
"""Deliveries a turn, at most."""


class Outcome(StrEnum):
    """What every delivery ends in, exactly once."""

    APPLIED = "applied"
    FILTERED = "filtered"
    STALE = "stale"
    DEAD_LETTERED = "dead_lettered"


@dataclass(slots=True)
class Outcomes:
    """How many deliveries ended in which outcome."""

    applied: int = 0
    filtered: int = 0
    stale: int = 0
    dead_lettered: int = 0

    def count(self, outcome: Outcome) -> None:
        """Counts one delivery."""
        setattr(self, outcome.value, getattr(self, outcome.value) + 1)

    def as_counts(self) -> dict[str, int]:
        """The counts by outcome."""
        return asdict(self)


class Consumer:
    """One member of a group, at work.

    Guarantees: every delivery gets exactly one outcome; a position is committed only when everything below it has its
    outcome; a poisonous delivery is dead-lettered and its neighbours are applied. Anything else that goes wrong is
    raised from `step` with nothing of the batch committed, so that all of it is delivered again.
    """

    def __init__(
        self,
        preparation: Preparation,
        subscription: Subscription,
        read_model: ReadModel,
        dead_letters: DeadLetters,
        clock: Callable[[], float],
        batch: int = BATCH,
    ) -> None:
        self.group = preparation.group
        self.read_model = read_model
        self.outcomes = Outcomes()
        self._preparation = preparation
        self._subscription = subscription
        self._dead_letters = dead_letters
        self._clock = clock
        self._batch = batch
        self._watermarks = Watermarks()

    def run(self, stop: Event, poll_seconds: float = 0.5) -> None:
        """Takes turns until `stop` is set. Raises GroupStopped where a turn cannot be finished."""
        while not stop.is_set():
            try:
                self.step(poll_seconds)
            except Exception as error:
                way = f"{self.group.topic} -> {self.group.read_model.name}"
                raise GroupStopped(
                    f"the group {self.group.name} ({way}) has stopped: {error}; nothing was committed that is not "
                    "done, put that right and start again"
                ) from error

    def step(self, timeout: float) -> int:
        """One turn; how many deliveries it finished. Waits up to `timeout` seconds for the first one."""
        # 1 poll
        deliveries = self._subscription.poll(self._batch, timeout)
        self._watermarks.polled(deliveries)
        # 2 decode, 3 filter, 4 project
        prepared = [self._preparation.prepare(delivery) for delivery in deliveries]
        # 5 apply under the version guard
        poison = {number: found for number, found in enumerate(prepared) if isinstance(found, Poison)}
        writes = [
            (number, write) for number, found in enumerate(prepared) if not isinstance(found, Poison) for write in found
        ]
        applied, refused = self._apply(writes)
        poison.update(refused)
        # 6 record the outcome
        for number, delivery in enumerate(deliveries):
            self._finish(delivery, poison.get(number), asked=bool(prepared[number]), applied=number in applied)
        # 7 commit up to the contiguous watermark
        if positions := self._watermarks.advance():
            self._subscription.commit(positions)
        return len(deliveries)

    def wake(self) -> None:
        """From any thread: a turn that waits for deliveries ends at once."""
        self._subscription.wake()

    def close(self) -> None:
        """Leaves the group and lets go of the read model."""
        self._subscription.close()
        self.read_model.close()

    def _apply(self, writes: Sequence[tuple[int, VersionedWrite]]) -> tuple[set[int], dict[int, Poison]]:
        """The deliveries that changed the read model, and those it refused.

        Writes to one key fold to the highest version; if the store refuses that one, the key is folded again without.
        """
        applied: set[int] = set()
        refused: dict[int, Poison] = {}
        while writes:
            survivors = fold(writes)
            results = self.read_model.apply([write for _, write in survivors.values()])
            again: dict[str, int] = {}
            for (key, (number, _)), result in zip(survivors.items(), results, strict=True):
                if result.status is WriteStatus.FAILED:
                    raise Outage(self.read_model.store, result.reason)
                if result.status is WriteStatus.APPLIED:
                    applied.add(number)
                elif result.status is WriteStatus.REFUSED:
                    refused[number] = Poison("apply", "RefusedByTheStore", result.reason)
                    again[key] = number
            writes = [(number, write) for number, write in writes if write.key in again and number != again[write.key]]
        return applied, refused

    def _finish(self, delivery: Delivery, poison: Poison | None, *, asked: bool, applied: bool) -> None:
        if poison is not None:
            self._dead_letters.record(_letter(delivery, poison, self._clock()))
            outcome = Outcome.DEAD_LETTERED
        elif not asked:
            outcome = Outcome.FILTERED
        else:
            outcome = Outcome.APPLIED if applied else Outcome.STALE
        self._watermarks.finished(delivery)
        self.outcomes.count(outcome)


def _letter(delivery: Delivery, poison: Poison, now: float) -> DeadLetter:
    headers: Mapping[str, bytes] = dict(delivery.headers)
    version = headers.get("version")
    return DeadLetter(
        place=f"{delivery.topic}/{delivery.partition}/{delivery.offset}",
        value=delivery.value,
        stage=poison.stage,
        error=poison.error,
        message=poison.message,
        first_seen=int(now * 1000),
        topic=delivery.topic,
        partition=delivery.partition,
        offset=delivery.offset,
        version=None if version is None else version.decode(errors="replace"),
        attempts=delivery.attempt,
        original_key=delivery.key,
    )
