"""When dead letters are too many to be accidents: then it is the group, or its topic, that is wrong."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeadLetterLimit:
    """At least `letters`, and over `share` of the last `window` deliveries, are too many."""

    letters: int = 100
    share: float = 0.1
    window: int = 1000


class DeadLetterRate:
    """The share of dead letters among a group's last deliveries."""

    def __init__(self, limit: DeadLetterLimit) -> None:
        self._limit = limit
        self._last: deque[bool] = deque(maxlen=limit.window)
        self.letters = 0

    def note(self, dead_lettered: bool) -> None:
        """Takes note of one delivery's end."""
        if len(self._last) == self._last.maxlen:
            self.letters -= self._last[0]
        self._last.append(dead_lettered)
        self.letters += dead_lettered

    @property
    def deliveries(self) -> int:
        """How many deliveries the rate is about."""
        return len(self._last)

    @property
    def exceeded(self) -> bool:
        """Whether they are too many."""
        return self.letters >= self._limit.letters and self.letters > self._limit.share * len(self._last)
