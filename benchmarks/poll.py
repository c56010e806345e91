"""A member of workplace-users on a real Kafka, from poll to decoded and folded: the product's own loop on a full topic.

Beside it the obvious one, and one that decodes nothing, which is the floor. Processor time of the whole process, the
client's threads included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from uuid import uuid4

from benchmarks.loops import Loop, drains
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


def measured(rounds: int = ROUNDS) -> list[Line]:
    """Processor time an event."""
    with real_servers("kafka") as servers:
        bootstrap = servers["kafka"]
        topic = new_topic(bootstrap, PARTITIONS)
        fill(bootstrap, topic, messages_of(records(EVENTS, users=USERS)))
        took = drains(_loops(bootstrap, topic), EVENTS, min(rounds, ROUNDS))
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
