"""Writes on their way to a store: no faster than allowed, and again where they failed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from threading import Event
from time import monotonic
from typing import TypeVar

from bridge.throttle import Throttle
from consumers.delivery.retries import Backoff, Waiting, decide_retry
from consumers.errors import Outage
from consumers.read_model import WriteOutcome, WriteStatus
from distributary.folding.partition import Tell, quiet

OUTAGE_SECONDS = 60.0
"""How long a store may be away."""

W = TypeVar("W")


class Sending:
    """Sends writes to `store`, `per_second` at the most (None: all at once), and tells how many are done.

    `clock` gives epoch seconds.
    """

    def __init__(
        self, store: str, clock: Callable[[], float], per_second: float | None = None, tell: Tell = quiet
    ) -> None:
        self._store = store
        self._clock = clock
        self._throttle = Throttle(per_second, monotonic)
        self._at_once = None if per_second is None else max(1, int(per_second))
        self._tell = tell
        self._pause = Event()
        self._chance = Random().random

    def outcomes(self, send: Callable[[Sequence[W]], list[WriteOutcome]], writes: Sequence[W]) -> list[WriteOutcome]:
        """What `send` makes of the writes, none of them FAILED. Raises Outage, and what `tell` raises."""
        found: list[WriteOutcome] = []
        at_once = self._at_once or len(writes)
        while len(found) < len(writes):
            some = writes[len(found) : len(found) + at_once]
            self._throttle.wait(self._pause)
            self._throttle.took(len(some))
            found += self._persist(send, some)
            self._tell(len(some))
        return found

    def _persist(self, send: Callable[[Sequence[W]], list[WriteOutcome]], writes: Sequence[W]) -> list[WriteOutcome]:
        outcomes: dict[int, WriteOutcome] = {}
        waiting: Waiting | None = None
        begun = monotonic()
        while left := [number for number in range(len(writes)) if number not in outcomes]:
            failure = None
            for number, outcome in zip(left, send([writes[number] for number in left]), strict=True):
                if outcome.status is WriteStatus.FAILED:
                    failure = failure or outcome
                else:
                    outcomes[number] = outcome
            if failure is not None:
                outage = Outage(self._store, failure.reason)
                waiting = decide_retry(waiting, outage, self._clock(), self._chance(), Backoff())
                if monotonic() - begun > OUTAGE_SECONDS:
                    raise outage
                self._pause.wait(waiting.seconds)
        return [outcomes[number] for number in range(len(writes))]
