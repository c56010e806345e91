"""What deliveries end in, counted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What every delivery ends in, exactly once."""

    APPLIED = "applied"
    FILTERED = "filtered"
    STALE = "stale"
    DEAD_LETTERED = "dead_lettered"


@dataclass(slots=True)
class Outcomes:
    """How many deliveries ended in which outcome; `polled` is how many there were, those under way included."""

    polled: int = 0
    applied: int = 0
    filtered: int = 0
    stale: int = 0
    dead_lettered: int = 0
    returned: int = 0
    """Polled, and then taken from this member without an outcome: another member's to finish."""

    def count(self, outcome: Outcome) -> None:
        """Counts one delivery's end."""
        setattr(self, outcome.value, getattr(self, outcome.value) + 1)

    def as_counts(self) -> dict[str, int]:
        """The counts by outcome."""
        return {outcome.value: getattr(self, outcome.value) for outcome in Outcome}

    def unaccounted(self, under_way: int) -> int:
        """The accounts' difference, always 0: deliveries polled, less those that ended, went or are under way."""
        return self.polled - sum(self.as_counts().values()) - self.returned - under_way
