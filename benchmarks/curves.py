"""What a record costs as one thing grows: a curve a thing, for the bridge and for a group; reported, not gated.

Processor time of the whole process, the Kafka client's threads included: what it waits for does not count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from statistics import median
from typing import TypeVar

import msgspec

from benchmarks.bridge import OurBridge
from benchmarks.consumer import OurConsumer, deliveries
from benchmarks.duplicates import duplicates
from benchmarks.partitions import by_partitions
from benchmarks.rounds import Variant, in_turn
from benchmarks.workload import Keys, Record, event, records
from schemas.registry import PackagedRegistry

Part = TypeVar("Part")

ROUNDS = 3
SIZES = {"100 B": 100, "1 KB": 1000, "10 KB": 10_000, "100 KB": 100_000, "400 KB": 400_000}
KEYS: tuple[Keys, ...] = ("uniform", "zipf", "hot")
AT_ONCE = (1, 10, 100, 1000, 10_000)
PARTITIONS = (1, 4, 16, 64)
_BYTES = 4_000_000
"""About what one measurement of images takes, and no more than 1,000 records."""
_FEWEST = 12


class Curve(msgspec.Struct, frozen=True):
    """Microseconds of processor time a record, by what grows (`over`), then by who works on it."""

    over: str
    points: dict[str, dict[str, float]]


def every_curve(mock: str, servers: Mapping[str, str]) -> Iterator[Curve]:
    """All of them; `mock` is a broker that keeps nothing."""
    yield records_at_once(mock)
    yield image_sizes(mock)
    yield kinds_of_keys(mock)
    yield numbers_of_partitions(servers["kafka"])
    yield Curve("the same batch", duplicates(servers["opensearch_url"]))


def records_at_once(bootstrap: str) -> Curve:
    """Over the records of an event at the bridge, and the deliveries of a turn in a group."""
    found = {}
    for number in AT_ONCE:
        batch = records(max(number, 1000 if number > 1 else 200))
        parts = [batch[start : start + number] for start in range(0, len(batch), number)]
        found[f"{number:,}"] = _both(bootstrap, parts)
    return Curve("records at once", found)


def image_sizes(bootstrap: str) -> Curve:
    """Over the size of an image."""
    found = {}
    for name, size in SIZES.items():
        number = min(1000, max(_FEWEST, _BYTES // size))
        found[name] = _both(bootstrap, [records(number, image_bytes=size)])
    return Curve("bytes an image", found)


def kinds_of_keys(bootstrap: str) -> Curve:
    """Over how the keys are spread."""
    return Curve("keys", {keys: _both(bootstrap, [records(1000, keys=keys)]) for keys in KEYS})


def numbers_of_partitions(bootstrap: str) -> Curve:
    """Over the partitions of a topic that a group reads through the whole loop, from a real Kafka."""
    took = by_partitions(bootstrap, PARTITIONS, ROUNDS)
    points = {number: {"loop": _microseconds(seconds, 1)} for number, seconds in took.items()}
    return Curve("partitions", points)


def each_to(work: Callable[[Part], object], parts: Iterable[Part]) -> None:
    """Gives each part to whoever works on it."""
    for part in parts:
        work(part)


def _both(bootstrap: str, parts: Sequence[Sequence[Record]]) -> dict[str, float]:
    bridge, group = OurBridge(bootstrap), OurConsumer(PackagedRegistry())
    events, polled = [event(part) for part in parts], [deliveries(part) for part in parts]
    number = sum(map(len, parts))
    variants: dict[str, Variant] = {
        "bridge": lambda: each_to(bridge, events),
        "group": lambda: each_to(group, polled),
    }
    took = in_turn(variants, ROUNDS, cpu=True)
    return {name: _microseconds(seconds, number) for name, seconds in took.items()}


def _microseconds(seconds: Sequence[float], records_of_each: int) -> float:
    return round(median(seconds) / records_of_each * 1e6, 1)
