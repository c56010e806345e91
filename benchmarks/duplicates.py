"""A batch that is delivered, and the same batch again: what each costs an event, and how many writes each makes."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from statistics import median
from time import process_time

from benchmarks.consumer import deliveries
from benchmarks.member import GROUP
from benchmarks.search import OurSink, later, latest, writes_of
from benchmarks.workload import records
from consumers.delivery.batch import Batch
from consumers.delivery.outcomes import Outcome
from consumers.delivery.prepare import Preparation
from consumers.read_model import WriteStatus
from consumers.read_models.memory import MemoryReadModel
from consumers.subscription import Delivery
from consumers.writes import VersionedWrite
from schemas.codec import EventDecoder
from schemas.registry import PackagedRegistry

ROUNDS = 5
EVENTS = 1000
TIMES = ("delivered", "replayed")
Points = dict[str, dict[str, float]]


def duplicates(opensearch_url: str) -> Points:
    """Processor microseconds an event, and documents written: by a group above memory, by an index in OpenSearch."""
    changes = records(EVENTS)
    found: Points = {time: {} for time in TIMES}
    with ExitStack() as opened:
        sink = OurSink(opensearch_url, opened, "bench-duplicates").made()
        writes = latest(writes_of(changes))
        polled = deliveries(changes)
        for name, rounds in (
            ("group", [_group(polled) for _ in range(ROUNDS)]),
            ("OpenSearch", [_index(sink, later(writes, year)) for year in range(ROUNDS)]),
        ):
            for at, time in enumerate(TIMES):
                found[time][name] = round(median(each[at][0] for each in rounds) * 1e6, 1)
                found[time][f"{name}, written"] = rounds[-1][at][1]
    return found


def _group(polled: Sequence[Delivery]) -> list[tuple[float, int]]:
    preparation, read_model = Preparation(GROUP, EventDecoder(PackagedRegistry())), MemoryReadModel("users")
    found = []
    for _ in TIMES:
        began, batch = process_time(), Batch(polled)
        batch.work(preparation, read_model)
        seconds = process_time() - began
        applied = sum(finished.outcome is Outcome.APPLIED for finished in batch.finished())
        found.append((seconds / len(polled), applied))
    return found


def _index(sink: OurSink, writes: Sequence[VersionedWrite]) -> list[tuple[float, int]]:
    found = []
    for _ in TIMES:
        began = process_time()
        outcomes = sink.index.apply(writes)
        seconds = process_time() - began
        found.append((seconds / len(writes), sum(each.status is WriteStatus.APPLIED for each in outcomes)))
    return found
