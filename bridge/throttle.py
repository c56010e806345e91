"""How fast a table is read: so many read units a second, whoever reads."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock


class Throttle:
    """Lets through `rate` units a second, shared by all who ask; None: all of them. `clock` gives seconds.

    What was taken is known afterwards, so it is a debt that the next ones wait for: on average the rate holds.
    """

    def __init__(self, rate: float | None, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._clock = clock
        self._free_at = clock()
        self._lock = Lock()

    def wait(self, stop: Event) -> None:
        """Returns once all that was taken is paid for, or `stop` is set."""
        while (seconds := self.owed()) > 0 and not stop.is_set():
            stop.wait(seconds)

    def owed(self) -> float:
        """The seconds until all that was taken is paid for."""
        with self._lock:
            return max(0.0, self._free_at - self._clock())

    def took(self, units: float) -> None:
        """Notes what was taken."""
        if self._rate is not None:
            with self._lock:
                self._free_at = max(self._free_at, self._clock()) + units / self._rate
