"""From an event's sending to the group's outcome, at 50 events a second: a real Kafka, the product's own loop."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from statistics import median, quantiles
from threading import Event, Thread
from time import perf_counter
from uuid import uuid4

from benchmarks.loops import Loop
from benchmarks.member import member, messages_of, new_topic
from benchmarks.naive_consumer import NaiveConsumer
from benchmarks.naive_loop import NaiveLoop
from benchmarks.real_servers import real_servers
from benchmarks.rounds import share
from benchmarks.table import Line, line_of
from benchmarks.workload import records
from bridge.kafka import KafkaPublisher
from bridge.publisher import Message
from schemas.event_schema import packaged
from schemas.kafka import KafkaConnection
from schemas.registry import PackagedRegistry
from schemas.topics import TOPICS

ROUNDS = 3
EVENTS = 200
PER_SECOND = 50
POLL_SECONDS = 1.0


class _Sender(Thread):
    """Sends the first message, and once that has its outcome the others at their pace; notes when it sent each."""

    def __init__(self, bootstrap: str, topic: str, messages: Sequence[Message]) -> None:
        super().__init__(daemon=True)
        self._publisher = KafkaPublisher(KafkaConnection(kafka=bootstrap).client())
        self._messages = [Message(topic, each.key, each.value, each.headers) for each in messages]
        self.sent: list[float] = []
        self.begun = Event()

    def run(self) -> None:
        """Sends."""
        self._send(0)
        self.begun.wait()
        began, pause = perf_counter(), Event()
        for number in range(1, len(self._messages)):
            pause.wait(max(0.0, began + number / PER_SECOND - perf_counter()))
            self._send(number)
        self._publisher.close()

    def _send(self, number: int) -> None:
        self.sent.append(perf_counter())
        self._publisher.publish(self._messages[number : number + 1], 30.0)


def measured(rounds: int = ROUNDS) -> list[Line]:
    """The 99th percentile against `consume(1000, 1.0)`, and what it is in milliseconds."""
    rounds = min(rounds, ROUNDS)
    messages = messages_of(records(EVENTS + 1))
    found: dict[str, list[float]] = {"ours": [], "naive": []}
    middle: list[float] = []
    with real_servers("kafka") as servers:
        for _ in range(rounds):
            for name, worst in found.items():
                latencies = _latencies(name, servers["kafka"], messages)
                worst.append(quantiles(latencies, n=100)[98])
                if name == "ours":
                    middle.append(median(latencies))
    what = "consume loop at 50 events a second, p99 latency"
    return [
        line_of(f"{what}, against consume(1000, 1.0)", share(found, "ours", "naive"), at_most=0.05),
        Line(what="consume loop at 50 events a second, p50 latency", figure=1000 * median(middle), unit="ms"),
        Line(what=what, figure=1000 * median(found["ours"]), unit="ms"),
    ]


def _latencies(name: str, bootstrap: str, messages: Sequence[Message]) -> list[float]:
    topic = new_topic(bootstrap, 1)
    sender = _Sender(bootstrap, topic, messages)
    sender.start()
    with closing(member(bootstrap, topic) if name == "ours" else _naive(bootstrap, topic)) as loop:
        found: list[float] = []
        while len(found) < len(messages):
            for _ in range(loop.step(POLL_SECONDS)):
                found.append(perf_counter() - sender.sent[len(found)])
            if found:
                sender.begun.set()
        sender.join()
    return found[1:]


def _naive(bootstrap: str, topic: str) -> Loop:
    users = TOPICS[0]
    text = packaged(users.item_record)
    work = NaiveConsumer(users.name, text, PackagedRegistry().id_of(users.subject, text))
    return NaiveLoop(bootstrap, f"bench-{uuid4().hex[:12]}", topic, work)
