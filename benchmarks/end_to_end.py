"""The whole pipeline on real servers, one process a part: from the first event to everything drained, and one record.

Both sides are fed Lambda-sized events: through their bridge, `users.changes` and two groups into DynamoDB, and the
stream of the second table through their poller and a third group into OpenSearch.

`python -m benchmarks.end_to_end [EVENTS]` prints what each process of one run of each takes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from itertools import islice
from statistics import median, quantiles
from threading import Event
from time import perf_counter
from typing import NamedTuple

from benchmarks.pipelines import Pipeline, naive, ours
from benchmarks.places import Place, Places
from benchmarks.processor_time import processor_seconds
from benchmarks.rounds import times_faster
from benchmarks.table import Line, line_of
from benchmarks.workload import Record, event, records, stream
from consumers.groups import GROUPS
from distributary.local.servers.cache import default_cache
from distributary.local.servers.stack import KINDS

ROUNDS = 3
EVENTS = 100_000
NAIVE_SHARE = 10
CHANGES_A_USER = 5
"""So that one change in five is an item's first, as the workload says: 20 % INSERT."""
AN_EVENT = 1000
BEFORE = 100
"""Records that do not count: they are through when every process is ready and connected."""
SINGLE, USERS = 500, 50
SPACING_SECONDS = 0.01
LONGEST_SECONDS = 30.0

SERVERS = frozenset(kind.name for kind in KINDS.values())

Kind = Callable[[Place], AbstractContextManager[Pipeline]]


class Took(NamedTuple):
    """What a run took: seconds by the clock, and seconds of processor time of each part and each server, by name."""

    seconds: float
    processor: Mapping[str, float]

    def of(self, *, servers: bool) -> float:
        """The processor time of the servers, or else of the parts."""
        return sum(seconds for name, seconds in self.processor.items() if (name in SERVERS) is servers)


def measured(rounds: int = ROUNDS, number: int = EVENTS) -> list[Line]:
    """Ours against the obvious one, what the processors did meanwhile, and a single record's way."""
    rounds = min(rounds, ROUNDS)
    few = number // NAIVE_SHARE
    took: dict[str, list[Took]] = {"ours": [], "naive": []}
    with ExitStack() as opened:
        places = _places(opened)
        variants: dict[str, tuple[Kind, list[bytes]]] = {
            "ours": (ours, _events(number)),
            "naive": (naive, _events(few)),
        }
        # Nothing is as slow as a server that has just started.
        run(places, ours, variants["naive"][1])
        for at in range(rounds):
            for name in sorted(variants, reverse=at % 2 == 0):
                took[name].append(run(places, *variants[name]))
        waits = _waits(places)
    seconds = {"ours": [each.seconds for each in took["ours"]]}
    seconds["naive"] = [each.seconds * NAIVE_SHARE for each in took["naive"]]
    faster = times_faster(seconds, "ours", "naive")
    what = f"end to end, {number:,} events, against naive on a tenth"
    return [
        line_of(what, faster, at_least=5),
        *_told("ours", took["ours"], number),
        *_told("naive", took["naive"], few),
        Line(what="a record to its document in DynamoDB, idle, p50", figure=waits[49], unit="ms"),
        Line(what="a record to its document in DynamoDB, idle, p99", figure=waits[98], unit="ms"),
    ]


def run(places: Places, kind: Kind, events: Sequence[bytes]) -> Took:
    """One run on empty places. The first event does not count, and makes sure that everything is there."""
    with places.empty() as place, kind(place) as pipeline:
        pipeline.relay(events[0])
        pipeline.drain()
        parts = {name: part.pid for name, part in pipeline.parts.items()}
        processes = {"handler": os.getpid(), **parts, **place.servers}
        before = {name: processor_seconds(process) for name, process in processes.items()}
        began = perf_counter()
        for each in events[1:]:
            pipeline.relay(each)
        pipeline.drain()
        seconds = perf_counter() - began
        return Took(seconds, {name: processor_seconds(processes[name]) - was for name, was in before.items()})


def _places(opened: ExitStack) -> Places:
    return Places(os.environ, default_cache(os.environ, root=os.geteuid() == 0), opened)


def _events(number: int) -> list[bytes]:
    """So many records in Lambda-sized events, and before them one of BEFORE records."""
    found = stream(BEFORE + number, users=number // CHANGES_A_USER)
    made = [event(list(islice(found, BEFORE)))]
    while batch := list(islice(found, AN_EVENT)):
        made.append(event(batch))
    return made


def _told(who: str, took: Sequence[Took], number: int) -> list[Line]:
    """What a person wants to know of it beside the ratio, and nobody judges."""
    rate = median(number / each.seconds for each in took)
    parts = median(each.of(servers=False) / number * 1e6 for each in took)
    servers = median(each.of(servers=True) / number * 1e6 for each in took)
    return [
        Line(what=f"end to end, {who}", figure=rate, unit="/s"),
        Line(what=f"end to end, {who}, processor time an event: parts", figure=parts, unit="us"),
        Line(what=f"end to end, {who}, processor time an event: servers", figure=servers, unit="us"),
    ]


def _waits(places: Places) -> list[float]:
    """Percentiles, in milliseconds: from handing one record to the bridge's handler until a consistent read of its
    document shows it. Nothing else happens meanwhile; 500 records of 50 users, one after the other.
    """
    number = BEFORE + SINGLE
    kept = [each for each in records(2 * number, users=USERS) if each["eventName"] != "REMOVE"][:number]
    with places.empty() as place, ours(place) as pipeline:
        pipeline.relay(event(kept[:BEFORE]))
        pipeline.drain()
        pause, found = Event(), []
        for each in kept[BEFORE:]:
            pause.wait(SPACING_SECONDS)
            found.append(_wait_of(pipeline, each))
    return quantiles(found, n=100)


def _wait_of(pipeline: Pipeline, record: Record) -> float:
    read_model, pause, batch = pipeline.place.read_models[GROUPS[0].name], Event(), event([record])
    key, number = record["dynamodb"]["Keys"]["UserId"]["N"], record["dynamodb"]["SequenceNumber"]
    began = perf_counter()
    pipeline.relay(batch)
    while (document := read_model.get(key)) is None or not (document.source_version or "").endswith(number):
        if perf_counter() - began > LONGEST_SECONDS:
            raise RuntimeError(f"the record {number} did not reach {read_model.name} in {LONGEST_SECONDS:g} s")
        pause.wait(0.001)
    return (perf_counter() - began) * 1000


def main() -> None:
    """The program."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS // NAIVE_SHARE
    with ExitStack() as opened:
        places, events = _places(opened), _events(number)
        run(places, ours, events)
        for kind in (ours, naive):
            took = run(places, kind, events)
            print(f"{kind.__name__}: {number:,} events, {number / took.seconds:,.0f} a second; us an event:")  # noqa: T201
            for name, seconds in took.processor.items():
                print(f"  {name:<16}{seconds / number * 1e6:>8,.0f}")  # noqa: T201


if __name__ == "__main__":
    main()
