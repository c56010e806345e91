"""How long to wait after a failure: twice as long each time, up to a limit, never all at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Backoff:
    """Waits from `first` to `longest` seconds. `clock` gives seconds, `chance` numbers from 0 up to 1."""

    clock: Callable[[], float]
    chance: Callable[[], float]
    first: float
    longest: float
    failures: int = 0
    until: float = 0.0

    @property
    def waiting(self) -> bool:
        """Whether it is too early to try again."""
        return self.failures > 0 and self.clock() < self.until

    def failed(self) -> float:
        """Notes a failure; the seconds to wait now."""
        whole = min(self.longest, self.first * 2.0 ** min(self.failures, 32))
        seconds = whole * (0.5 + self.chance() / 2)
        self.failures += 1
        self.until = self.clock() + seconds
        return seconds

    def succeeded(self) -> None:
        """Notes that all is well again."""
        self.failures = 0
