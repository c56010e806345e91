"""The bridge: raw event bytes in, acknowledged messages out."""

from __future__ import annotations

from contextlib import ExitStack, closing

from benchmarks.broker import mock_broker
from benchmarks.member import messages_of
from benchmarks.naive_bridge import Floor, NaiveBridge
from benchmarks.rounds import ROUNDS, in_turn, share, times_faster
from benchmarks.table import Line, line_of
from benchmarks.workload import event, records
from bridge.handler import Handler
from bridge.kafka import KafkaPublisher
from bridge.relay import Relay, lines
from schemas.event_schema import packaged
from schemas.registry import PackagedRegistry
from schemas.topics import TOPICS

RECORDS = 1000


class Patient:
    """Lambda's context with a minute left."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds."""
        return 60_000


class OurBridge:
    """The product's handler, given an event's bytes."""

    def __init__(self, bootstrap: str) -> None:
        publisher = KafkaPublisher({"bootstrap.servers": bootstrap})
        self._handler = Handler(Relay(lines(TOPICS, PackagedRegistry()), publisher, float), lambda _: None)

    def __call__(self, event_bytes: bytes) -> None:
        """Raises RuntimeError where a record was returned."""
        if self._handler(event_bytes, Patient()) != {"batchItemFailures": []}:
            raise RuntimeError("a record was returned")

    def close(self) -> None:
        """Lets go of the broker: a client that looks for one that has gone slows down whatever is measured next."""
        self._handler.close()


def measured(rounds: int = ROUNDS) -> list[Line]:
    """Ours against the obvious, and against pre-encoded bytes through produce and flush (the floor)."""
    changes = records(RECORDS)
    batch, messages = event(changes), messages_of(changes)
    registry = PackagedRegistry()
    text = packaged(TOPICS[0].item_record)
    schema_id = registry.id_of(TOPICS[0].subject, text)
    with ExitStack() as opened:
        bootstrap = opened.enter_context(mock_broker())
        ours = opened.enter_context(closing(OurBridge(bootstrap)))
        naive = opened.enter_context(closing(NaiveBridge(bootstrap, TOPICS[0].name, text, schema_id)))
        floor = opened.enter_context(closing(Floor(bootstrap)))
        variants = {"ours": lambda: ours(batch), "naive": lambda: naive(batch), "floor": lambda: floor(messages)}
        took = in_turn(variants, rounds)
    return [
        line_of("bridge, raw event to acknowledged, against naive", times_faster(took, "ours", "naive"), at_least=4),
        line_of("bridge, over produce and flush of bytes that are encoded already", share(took, "ours", "floor")),
    ]
