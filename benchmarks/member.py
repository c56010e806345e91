"""A member of a group as the product builds it, on a topic that was filled for it, above a store that only counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from uuid import uuid4

from msgspec import structs

from benchmarks.workload import Record
from bridge.kafka import KafkaPublisher
from bridge.memory import MemoryPublisher
from bridge.publisher import Message, Status
from bridge.relay import Relay, lines
from consumers.delivery.kafka import KafkaDeadLetters, KafkaSubscription
from consumers.delivery.loop import Consumer
from consumers.delivery.prepare import Preparation
from consumers.groups import GROUPS
from consumers.read_model import APPLIED, Document, Replacement, State, WriteOutcome
from consumers.writes import Fields, Put, VersionedWrite
from distributary.kafka_topics import DeclaredTopic, create_topics
from schemas.codec import EventDecoder
from schemas.kafka import KafkaConnection
from schemas.registry import PackagedRegistry
from schemas.topics import TOPICS

GROUP = GROUPS[1]
_PUBLISH_SECONDS = 60.0
_AT_ONCE = 5000


class CountingStore:
    """A read model that takes every write and keeps none."""

    name = "counted"
    store = "nowhere"

    def __init__(self) -> None:
        self.written = 0

    def apply(self, writes: Sequence[VersionedWrite]) -> list[WriteOutcome]:
        """Counts them."""
        self.written += len(writes)
        return [APPLIED] * len(writes)

    def get(self, _: str) -> Document | None:
        """Nothing is kept."""
        return None

    def version(self, _: str) -> str | None:
        """Nothing is known."""
        return None

    def scan(self) -> Iterator[Document]:
        """Nothing is kept."""
        return iter(())

    def states(self, keys: Sequence[str]) -> list[State]:
        """Nothing stands anywhere."""
        return [State(key, None) for key in keys]

    def replace(self, replacements: Sequence[Replacement]) -> list[WriteOutcome]:
        """Counts them."""
        self.written += len(replacements)
        return [APPLIED] * len(replacements)

    def given_back(self, put: Put) -> Fields:
        """As it is."""
        return put.document

    def close(self) -> None:
        """Nothing is held."""


def messages_of(changes: Sequence[Record]) -> list[Message]:
    """What the bridge publishes of the records."""
    publisher = MemoryPublisher()
    assert Relay(lines(TOPICS, PackagedRegistry()), publisher, float).relay(changes, lambda: 60.0).returned is None
    return publisher.messages


def new_topic(bootstrap: str, partitions: int) -> str:
    """An empty topic of a name of its own."""
    name = f"bench-{uuid4().hex[:12]}.changes"
    settings = KafkaConnection(kafka=bootstrap).client()
    create_topics(settings, [DeclaredTopic(name, partitions, compacted=False)], replicas=1)
    return name


def fill(bootstrap: str, topic: str, messages: Sequence[Message], times: int = 1) -> None:
    """Publishes the messages to another topic, so many times over. Raises RuntimeError where one is not taken."""
    publisher = KafkaPublisher(KafkaConnection(kafka=bootstrap).client())
    moved = [structs.replace(message, topic=topic) for message in messages]
    try:
        for _ in range(times):
            for start in range(0, len(moved), _AT_ONCE):
                receipts = publisher.publish(moved[start : start + _AT_ONCE], _PUBLISH_SECONDS)
                if any(receipt.status is not Status.ACKNOWLEDGED for receipt in receipts):
                    raise RuntimeError(f"{topic} was not filled")
    finally:
        publisher.close()


def member(bootstrap: str, topic: str, store: CountingStore | None = None) -> Consumer:
    """The only member of a new group workplace-users on the topic; the caller closes it."""
    connection = KafkaConnection(kafka=bootstrap)
    name = f"bench-{uuid4().hex[:12]}"
    return Consumer(
        Preparation(replace(GROUP, family=name, topic=topic), EventDecoder(PackagedRegistry())),
        KafkaSubscription(connection.member(), name, topic),
        store or CountingStore(),
        KafkaDeadLetters(connection.client(), name),
        float,
    )
