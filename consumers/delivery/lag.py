"""How far a group is behind the end of its topic."""

from __future__ import annotations

from typing import NamedTuple

from consumers.subscription import Log


class Lag(NamedTuple):
    """Distance from the end: events not yet committed, and how long the oldest of them has waited."""

    events: int
    seconds: float


def lag(log: Log, group: str, topic: str, now: float) -> Lag:
    """The group's lag; `now` is in epoch seconds."""
    ends, positions = log.ends(topic), log.positions(group, topic)
    behind = {partition: end - positions.get(partition, 0) for partition, end in ends.items()}
    waiting = [
        delivery.timestamp / 1000
        for partition, events in behind.items()
        if events > 0
        for delivery in log.read(topic, partition, ends[partition] - events, ends[partition] - events + 1)
    ]
    return Lag(sum(behind.values()), max(0.0, now - min(waiting)) if waiting else 0.0)
