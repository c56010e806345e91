"""`python -m benchmarks.rebuild [--events N] [--keys N]`: a rebuild of a real topic into both stores, against naive.

The obvious way consumes each event and writes it under its guard; it is measured on a tenth and scaled.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from itertools import islice
from threading import Event
from time import perf_counter
from typing import Any

from benchmarks.bridge import Patient
from benchmarks.naive_consumer import NaiveConsumer
from benchmarks.naive_groups import NaiveMember, found_user, keep_workplace_users
from benchmarks.naive_index import NaiveIndex
from benchmarks.naive_table import NaiveTable
from benchmarks.places import Place, Places
from benchmarks.table import Line, row
from benchmarks.workload import Record, event, stream
from bridge.handler import Handler
from consumers.group import Group
from consumers.groups import GROUPS
from distributary.folding.crew import Reach
from distributary.folding.findings import Findings
from distributary.folding.partition import Scope
from distributary.local.servers.cache import default_cache
from distributary.progress import Stage
from distributary.rebuild import Rebuild, Rebuilt
from distributary.settings import Settings
from distributary.verify import How
from schemas.event_schema import packaged
from schemas.settings import read_settings
from schemas.topics import TOPICS

EVENTS, KEYS = 1_000_000, 50_000
NAIVE_SHARE = 10
AN_EVENT = 5000


class Took:
    """What a rebuild took: seconds until the plan was there, and until its end."""

    def __init__(self, place: Place, group: Group) -> None:
        self.planned = 0.0
        began = perf_counter()

        def approve(_: Findings) -> None:
            self.planned = perf_counter() - began

        reach = Reach(place.folder, read_settings(Settings, place.environment), time.time)
        rebuild = Rebuild(place.adapters, reach, group, Scope(), How(patience=0.0), _quiet, approve)
        self.rebuilt: Rebuilt = rebuild.run()
        self.seconds = perf_counter() - began


def measured(events: int = EVENTS, keys: int = KEYS) -> Iterator[Line]:
    """The figures, each as it is there."""
    with ExitStack() as opened:
        places = Places(os.environ, default_cache(os.environ, root=os.geteuid() == 0), opened)
        place = opened.enter_context(places.empty())
        for topic in TOPICS:
            _fill(place, topic.table, events, keys)
        for name, naive in (("workplace-users", _naive_table), ("user-search", _naive_index)):
            group = next(group for group in GROUPS if group.name == name)
            yield from _lines(place, group, naive, events)


def _lines(place: Place, group: Group, naive: Callable[[Place, int], float], events: int) -> Iterator[Line]:
    what = f"rebuild of {group.read_model.name} from {events:,} events"
    took = Took(place, group)
    written, found = took.rebuilt.written, took.rebuilt.found
    yield Line(what=f"{what}, to the plan", figure=events / took.planned, unit="/s")
    yield Line(what=f"{what}, to the end", figure=took.seconds, unit="s")
    yield Line(what=f"{what}, writes a key", figure=written.writes / found.to_write, at_most=1.01)
    again = Took(place, group)
    yield Line(what=f"{what}, again: writes", figure=float(again.rebuilt.written.writes), unit="", at_most=0)
    yield Line(what=f"{what}, again: seconds", figure=again.seconds, unit="s")
    scaled = naive(place, events // NAIVE_SHARE) * NAIVE_SHARE
    yield Line(what=f"{what}, naive on a tenth, scaled", figure=scaled, unit="s")
    yield Line(what=f"{what}, over naive", figure=scaled / took.seconds, at_least=10)


def _fill(place: Place, table: str, events: int, keys: int) -> None:
    with closing(Handler(place.adapters.relay(), lambda _: None)) as handler:
        left = stream(events, users=keys)
        while batch := list(islice(left, AN_EVENT)):
            moved = [_of_table(record, table) for record in batch]
            if handler(event(moved), Patient()) != {"batchItemFailures": []}:
                raise RuntimeError("a record was returned")


def _of_table(record: Record, table: str) -> Record:
    return record | {"eventSourceARN": record["eventSourceARN"].replace(":table/Users/", f":table/{table}/")}


def _naive_table(place: Place, events: int) -> float:
    """Seconds of the obvious group into an empty table."""
    _empty(place, "WorkplaceUsers_V2")
    table = NaiveTable(place.endpoints.dynamodb_url, "WorkplaceUsers_V2")
    stop, apply, count = Event(), keep_workplace_users(table, time.time), [0]

    def counting(change: dict[str, Any]) -> None:
        apply(change)
        count[0] += 1
        if count[0] >= events:
            stop.set()

    with closing(_naive_member(place, 0)) as member:
        began = perf_counter()
        member.keep_table(counting, stop)
        return perf_counter() - began


def _naive_index(place: Place, events: int) -> float:
    """Seconds of the obvious group into an empty index."""
    assert place.adapters.stores.opensearch is not None
    group = GROUPS[2]
    place.adapters.stores.opensearch.indices.delete(index="workplace-users.g*", params={"expand_wildcards": "all"})
    place.read_models[group.name].prepare()  # type: ignore[attr-defined]  # an index is made by itself
    index = NaiveIndex(place.endpoints.opensearch_url, "workplace-users.g1")
    stop, count = Event(), [0]

    class Counting:
        def write(self, changes: list[Any], now: float) -> None:
            index.write(changes, now)
            count[0] += len(changes)
            if count[0] >= events:
                stop.set()

    with closing(_naive_member(place, 1)) as member:
        began = perf_counter()
        member.keep_index(Counting(), time.time, stop)  # type: ignore[arg-type]
        return (perf_counter() - began) * events / count[0]


def _naive_member(place: Place, at: int) -> NaiveMember:
    topic = TOPICS[at]
    text = packaged(topic.item_record)
    document = found_user if at else None
    events = NaiveConsumer(topic.name, text, place.adapters.registry.id_of(topic.subject, text), document)
    return NaiveMember(place.endpoints.kafka, f"naive-{at}", topic.name, events)


def _empty(place: Place, table: str) -> None:
    client = place.adapters.stores.dynamodb
    for page in client.get_paginator("scan").paginate(TableName=table, ProjectionExpression="UserId"):
        for item in page["Items"]:
            client.delete_item(TableName=table, Key=item)


def _quiet(_: Stage) -> None:
    """Shows nothing."""


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rebuild", description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--keys", type=int, default=KEYS)
    told = parser.parse_args()
    for line in measured(told.events, told.keys):
        print(row(line), flush=True)  # noqa: T201 - its output


if __name__ == "__main__":
    main()
