"""What a person says of when and where in a log: a time, so long ago, or offsets."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from consumers.subscription import Delivery, Log
from distributary.errors import UnusableMoment
from distributary.moments import moment

CLOCKS_APART = 300.0
"""Seconds by which a change's commit time may lie behind the log's own time of it, at most, where clocks differ."""

_OFFSET = re.compile(r"(?:(\d{1,6})=)?(\d{1,19})", re.ASCII)


def offsets_of(text: str) -> dict[int | None, int] | None:
    """The offsets that a text names, `12` (None: in every partition) or `0=12,3=40`; None where it names none."""
    found = [_OFFSET.fullmatch(part.strip()) for part in text.split(",")]
    if not all(found):
        return None
    return {None if each[1] is None else int(each[1]): int(each[2]) for each in found if each is not None}


def checked_offsets(
    named: Mapping[int | None, int], ends: Mapping[int, int], beginnings: Mapping[int, int], topic: str
) -> dict[int, int]:
    """The offset of each partition that is named; where one number is for all, a shorter partition's is its end.

    Raises UnusableMoment for what the topic has not.
    """
    offsets: dict[int, int] = {}
    for partition, offset in sorted(named.items(), key=lambda one: one[0] is not None):
        if partition is not None and partition not in ends:
            raise UnusableMoment(f"{topic} has no partition {partition}; it has 0 to {max(ends)}; nothing was changed")
        asked = ends if partition is None else (partition,)
        first, last = min(beginnings[one] for one in asked), max(ends[one] for one in asked)
        if not first <= offset <= last:
            place = topic if partition is None else f"{topic}/{partition}"
            raise UnusableMoment(f"{place} has offsets {first} to {last}, and not {offset}; nothing was changed")
        offsets |= {one: min(max(offset, beginnings[one]), ends[one]) for one in asked}
    return offsets


def checked_time(
    text: str, log: Log, topic: str, now: float, time_of: Callable[[Delivery], float] | None = None
) -> float:
    """The epoch seconds of a time that the log reaches back to, by the log's own times or by others.

    Raises UnusableMoment.
    """
    try:
        seconds = moment(text, now)
    except ValueError as error:
        raise UnusableMoment(f"{error}, nor offsets such as 1200 or 0=1200,1=1250") from None
    if seconds > now:
        raise UnusableMoment(f"{text} is in the future; nothing was changed")
    first = first_time(log, topic, time_of or _taken)
    if first is None or seconds < first:
        since = (
            "holds nothing" if first is None else f"begins at {datetime.fromtimestamp(first, UTC):%Y-%m-%dT%H:%M:%SZ}"
        )
        raise UnusableMoment(f"{text} is before the log: {topic} {since}; nothing was changed")
    return seconds


def first_time(log: Log, topic: str, time_of: Callable[[Delivery], float]) -> float | None:
    """The earliest time of the first deliveries, epoch seconds; None where there are none."""
    ends = log.ends(topic)
    firsts = [
        time_of(delivery)
        for partition, beginning in log.beginnings(topic).items()
        for delivery in log.read(topic, partition, beginning, min(ends[partition], beginning + 1))
    ]
    return min(firsts, default=None)


def _taken(delivery: Delivery) -> float:
    """When the log took it."""
    return delivery.timestamp / 1000
