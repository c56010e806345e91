"""A member of workplace-users on a real Kafka, from poll to decoded and folded: the product's own loop on a full topic.

Beside it the obvious one, and one that decodes nothing, which is the floor. Processor time of the whole process, the
client's threads included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from time import process_time
from uuid import uuid4

from benchmarks.latency import Loop
from benchmarks.member import fill, member, messages_of, new_topic
from benchmarks.naive_consumer import NaiveConsumer
from benchmarks.naive_loop import NaiveLoop
from benchmarks.real_servers import real_servers
from benchmarks.rounds import share, times_faster
from benchmarks.table import Line, line_of
from benchmarks.workload import records
from schemas.event_schema import packaged
from schemas.registry import PackagedRegistry
from schemas.topics import TOPICS

ROUNDS = 3
EVENTS, USERS = 20_000, 1000
PARTITIONS = 6
_POLL_SECONDS = 1.0


def measured(rounds: int = ROUNDS) -> list[Line]:
    """Processor time an event."""
    with real_servers("kafka") as servers:
        bootstrap = servers["kafka"]
        topic = new_topic(bootstrap, PARTITIONS)
        fill(bootstrap, topic, messages_of(records(EVENTS, users=USERS)))
        took = _in_turn(_loops(bootstrap, topic), min(rounds, ROUNDS))
    faster = times_faster(took, "ours", "naive")
    return [
        line_of("workplace-users, poll to decoded and folded, CPU, against naive", faster, at_least=3),
        line_of("workplace-users, poll to decoded and folded, CPU, over a poll alone", share(took, "ours", "floor")),
    ]


def _loops(bootstrap: str, topic: str) -> dict[str, Callable[[], Loop]]:
    """What makes each one's only member of a new group."""
    users, registry = TOPICS[0], PackagedRegistry()
    text = packaged(users.item_record)
    decodes = NaiveConsumer(users.name, text, registry.id_of(users.subject, text))

    def naive(work: Callable[[Iterable[bytes]], object]) -> Loop:
        return NaiveLoop(bootstrap, f"bench-{uuid4().hex[:12]}", topic, work)

    return {
        "ours": lambda: member(bootstrap, topic),
        "naive": lambda: naive(decodes),
        "floor": lambda: naive(list),
    }


def _in_turn(loops: dict[str, Callable[[], Loop]], rounds: int) -> dict[str, list[float]]:
    """Processor seconds an event, round by round, after one that does not count."""
    names = list(loops)
    took: dict[str, list[float]] = {name: [] for name in names}
    for at in range(rounds + 1):
        start = at % len(names)
        for name in names[start:] + names[:start]:
            seconds = _drain(loops[name])
            if at:
                took[name].append(seconds)
    return took


def _drain(make: Callable[[], Loop]) -> float:
    """From the first turn that had deliveries: joining a group is not what is measured."""
    with closing(make()) as loop:
        first = 0
        while not first:
            first = loop.step(_POLL_SECONDS)
        done, began = first, process_time()
        while done < EVENTS:
            done += loop.step(_POLL_SECONDS)
        return (process_time() - began) / (EVENTS - first)
