"""The consumer loop: one member of a group, from poll to committed position (design section 6)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from threading import Event
from time import monotonic
from typing import NamedTuple

from consumers.delivery.batch import Batch
from consumers.delivery.dead_letter_limit import DeadLetterLimit, DeadLetterRate
from consumers.delivery.dead_letters import DeadLetters
from consumers.delivery.outcomes import Outcome, Outcomes
from consumers.delivery.prepare import Poison, Preparation
from consumers.delivery.retries import Backoff, Waiting, decide_retry
from consumers.delivery.watermarks import Watermarks
from consumers.errors import GroupStopped, Outage, TooManyDeadLetters
from consumers.read_model import ReadModel
from consumers.subscription import Delivery, Subscription
from schemas.dead_letters import DeadLetter
from schemas.versions import VERSION_HEADER

logger = logging.getLogger("distributary.consumers")


@dataclass(frozen=True, slots=True)
class Pace:
    """How a member works: deliveries a turn at most, and the seconds after the first that it waits for more of them;
    how long it waits in an outage, how many dead letters it bears.
    """

    batch: int = 1000
    window: float = 0.0
    backoff: Backoff = field(default_factory=Backoff)
    dead_letters: DeadLetterLimit = field(default_factory=DeadLetterLimit)


PACE = Pace()


class Turn(NamedTuple):
    """What one turn took: deliveries, and the seconds that the store had them."""

    deliveries: int
    store_seconds: float


class Consumer:
    """One member of a group, at work.

    Guarantees: every delivery gets exactly one outcome; a position is committed only when everything below it has its
    outcome; a poisonous delivery is dead-lettered and its neighbours are applied. An outage of anything the group needs
    dead-letters nothing: the member stays in its group, `waiting` says for what and since when, and the same deliveries
    are tried again for as long as it takes. `clock` gives epoch seconds; `observe` is told of every turn that the store
    took.
    """

    def __init__(
        self,
        preparation: Preparation,
        subscription: Subscription,
        read_model: ReadModel,
        dead_letters: DeadLetters,
        clock: Callable[[], float],
        pace: Pace = PACE,
        timer: Callable[[], float] = monotonic,
        observe: Callable[[Turn], None] = lambda _: None,
    ) -> None:
        self.group = preparation.group
        self.read_model = read_model
        self.outcomes = Outcomes()
        self.waiting: Waiting | None = None
        self.retries = 0
        self.unaccounted = 0
        """The difference of the accounts after the last turn; it is 0."""
        self._preparation = preparation
        self._subscription = subscription
        self._dead_letters = dead_letters
        self._clock = clock
        self._pace = pace
        self._timer = timer
        self._observe = observe
        self._chance = Random().random
        self._watermarks = Watermarks()
        self._rate = DeadLetterRate(pace.dead_letters)
        self._batch = Batch()
        self._begun: set[int] = set()
        self._first: dict[int, int] = {}
        self._positions: dict[int, int] = {}
        self._retry_due = 0.0

    @property
    def under_way(self) -> int:
        """How many deliveries have been polled and have no outcome yet."""
        return len(self._batch)

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
        """One turn; how many deliveries it finished. Waits up to `timeout` seconds for the first one.

        An outage ends the turn; the next ones keep up the membership until it is time to try again.
        """
        try:
            finished = self._step(timeout)
        finally:
            self.unaccounted = self.outcomes.unaccounted(self.under_way)
        if self._rate.exceeded:
            raise TooManyDeadLetters(self.group.name, self._rate.letters, self._rate.deliveries)
        return finished

    def wake(self) -> None:
        """From any thread: a turn that waits ends at once."""
        self._subscription.wake()

    def close(self) -> None:
        """Leaves the group and lets go of the read model."""
        self._subscription.close()
        self._dead_letters.close()
        self.read_model.close()

    def _step(self, timeout: float) -> int:
        left = self._batch.left
        try:
            # 1 poll; in an outage nothing comes of it
            if not self._poll(timeout):
                return 0
            self._begin()
            left = self._batch.left
            # 2 decode, 3 filter, 4 project
            self._batch.prepare(self._preparation)
            # 5 apply under the version guard; what the store refuses may leave something to prepare
            began, deliveries = self._timer(), len(self._batch)
            self._batch.apply(self.read_model)
            if deliveries:
                self._observe(Turn(deliveries, self._timer() - began))
            self._batch.work(self._preparation, self.read_model)
            # 6 record the outcome
            finished = self._record()
            # 7 commit up to the contiguous watermark
            self._commit()
        except Outage as outage:
            self._wait(outage, progress=self._batch.left < left)
            return 0
        self._go_on()
        return finished

    def _poll(self, timeout: float) -> bool:
        """Whether it is time to work on what is in hand: new deliveries, or those that an outage held up."""
        if self.waiting is not None:
            timeout = min(timeout, max(0.0, self._retry_due - self._timer()))
        polled = self._polled([], timeout)
        if polled and self._pace.window:
            polled = self._gathered(polled)
        if polled:
            self._batch = Batch(polled)
            for delivery in polled:
                if delivery.partition not in self._begun:
                    self._begun.add(delivery.partition)
                    self._first[delivery.partition] = delivery.offset
            self._watermarks.polled(polled)
            self.outcomes.polled += len(polled)
        return self.waiting is None or self._timer() >= self._retry_due

    def _polled(self, before: list[Delivery], timeout: float) -> list[Delivery]:
        """What polling gives, after what was polled `before` in this turn and is still this member's."""
        polled = self._subscription.poll(self._pace.batch - len(before), timeout)
        if revoked := self._subscription.revoked():
            before = [delivery for delivery in before if delivery.partition not in revoked]
            self.outcomes.returned += self._batch.forget(revoked)
            self._watermarks.forget(revoked)
            self._begun -= revoked
            for positions in (self._first, self._positions):
                for partition in revoked & positions.keys():
                    del positions[partition]
        return before + polled

    def _gathered(self, polled: list[Delivery]) -> list[Delivery]:
        """A turn's deliveries: those polled, and what comes until they are enough or the window is over."""
        end = self._timer() + self._pace.window
        while len(polled) < self._pace.batch and (left := end - self._timer()) > 0:
            number = len(polled)
            try:
                polled = self._polled(polled, left)
            except Outage:
                break  # the next poll says it again, with these done
            if len(polled) <= number:
                break
        return polled

    def _begin(self) -> None:
        """Commits where the first deliveries of a partition stand: a group that dies in its first turn has a position,
        and is not refused for the documents that it wrote.
        """
        if self._first:
            self._subscription.commit(self._first)
            self._first = {}

    def _record(self) -> int:
        number = 0
        if self._rate.exceeded:
            return number
        for at, delivery, outcome, poison in self._batch.finished():
            if poison is not None:
                self._dead_letters.record(_letter(delivery, poison, self._clock()))
            self._batch.recorded(at)
            self._watermarks.finished(delivery)
            self.outcomes.count(outcome)
            self._rate.note(outcome is Outcome.DEAD_LETTERED)
            number += 1
            if self._rate.exceeded:
                break
        return number

    def _commit(self) -> None:
        self._positions |= self._watermarks.advance()
        if self._positions:
            self._subscription.commit(self._positions)
            self._positions = {}

    def _wait(self, outage: Outage, *, progress: bool) -> None:
        before = self.waiting
        if before is not None and progress:
            before = before._replace(tries=-1)
        self.waiting = decide_retry(before, outage, self._clock(), self._chance(), self._pace.backoff)
        self._retry_due = self._timer() + self.waiting.seconds
        self.retries += 1
        if before is None:
            self._subscription.pause()
            logger.warning("the group %s waits for %s: %s", self.group.name, outage.of, outage.reason)

    def _go_on(self) -> None:
        if self.waiting is not None:
            logger.warning("the group %s goes on; it had waited for %s", self.group.name, self.waiting.of)
            self.waiting = None
            self._subscription.resume()


def _letter(delivery: Delivery, poison: Poison, now: float) -> DeadLetter:
    headers: Mapping[str, bytes] = dict(delivery.headers)
    version = headers.get(VERSION_HEADER)
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
