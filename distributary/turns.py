"""What the groups' turns took: how large their batches were, and how long the stores had them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry, Histogram

from consumers.delivery.loop import Turn

BATCH_BUCKETS = (1, 3, 10, 30, 100, 300, 1000, 3000)
SECONDS_BUCKETS = (0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30)


class Turns:
    """Histograms by group, in `registry`; safe to use from any thread."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._batches = Histogram(
            "distributary_group_batch_deliveries",
            "Deliveries that a turn gave to the store.",
            ["group"],
            buckets=BATCH_BUCKETS,
            registry=self.registry,
        )
        self._seconds = Histogram(
            "distributary_group_store_seconds",
            "Seconds that the store took for a turn.",
            ["group"],
            buckets=SECONDS_BUCKETS,
            registry=self.registry,
        )
        self._totals: dict[str, list[float]] = {}

    def of(self, group: str) -> Callable[[Turn], None]:
        """What the group's consumer tells its turns to."""
        batches, seconds = self._batches.labels(group), self._seconds.labels(group)
        totals = self._totals.setdefault(group, [0, 0, 0.0])

        def observe(turn: Turn) -> None:
            batches.observe(turn.deliveries)
            seconds.observe(turn.store_seconds)
            for at, value in enumerate((1, turn.deliveries, turn.store_seconds)):
                totals[at] += value

        return observe

    def mean(self, group: str) -> dict[str, Any]:
        """How many turns the group took, and of each on average: deliveries, and seconds in the store."""
        turns, deliveries, seconds = self._totals.get(group, (0, 0, 0.0))
        several = max(turns, 1)
        return {
            "turns": int(turns),
            "batch": round(deliveries / several, 1),
            "store_seconds": round(seconds / several, 4),
        }
