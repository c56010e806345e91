"""A snapshot of a table, on the adapters of a pipeline; and how far all its segments have come together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from threading import Event
from time import monotonic
from typing import NamedTuple

from bridge.dynamodb_items import DynamoDBItems
from bridge.dynamodb_runs import DynamoDBSnapshotProgress
from bridge.snapshot import Progress, Snapshot, begin
from bridge.streams import Stream
from bridge.throttle import Throttle
from distributary.adapters import Adapters
from distributary.capture import statements_of
from schemas.topics import Topic


class Choice(NamedTuple):
    """How to read the table: in how many segments, how many read units a second, and whether from the start."""

    segments: int | None = None
    rate: float | None = None
    anew: bool = False


class Totals(NamedTuple):
    """How far all segments have come together, in all runs, and whether they are at their ends."""

    items: int
    published: int
    dead_lettered: int
    consumed: float
    ended: bool = False


def take_snapshot(
    adapters: Adapters, topic: Topic, stream: Stream, choice: Choice, stop: Event, observe: Callable[[Totals], None]
) -> Totals:
    """Goes on with the table's snapshot until it is done or `stop` is set; `observe` hears of every page.

    Raises SnapshotUnfinished, UnknownSchema, RegistryUnavailable, and what keeps it from going on.
    """
    kept = DynamoDBSnapshotProgress(adapters.stores.dynamodb)
    segments = begin(kept, topic.table, stream.arn, choice.segments, anew=choice.anew)
    latest = {progress.segment: progress for progress in segments}

    def note(progress: Progress) -> None:
        latest[progress.segment] = progress
        observe(_totals(list(latest.values())))

    observe(_totals(segments))
    run = Snapshot(
        topic.table,
        DynamoDBItems(adapters.stores.dynamodb),
        kept,
        statements_of(adapters, topic, stream),
        Throttle(choice.rate, monotonic),
        clock=adapters.clock,
        chance=Random().random,
        observe=note,
    )
    ended = run.run(segments, stop)
    return _totals(list(latest.values()))._replace(ended=ended)


def _totals(segments: Sequence[Progress]) -> Totals:
    items, letters = (sum(getattr(each, name) for each in segments) for name in ("items", "dead_lettered"))
    return Totals(items, items - letters, letters, sum(each.consumed for each in segments))
