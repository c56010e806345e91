from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from bridge.kafka import KafkaPublisher
from bridge.memory import MemoryPublisher
from tests.contracts.publisher import PublisherContract, Taken
from tests.kafka_mock import MockKafka


class TestMemoryPublisher(PublisherContract):
    @pytest.fixture
    def publisher(self) -> MemoryPublisher:
        return MemoryPublisher()

    @pytest.fixture
    def taken(self, publisher: MemoryPublisher) -> Taken:
        return lambda topic: [message for message in publisher.messages if message.topic == topic]


# Shared: a producer's first message waits half a second for its connections.
@pytest.fixture(scope="module")
def kafka() -> Iterator[MockKafka]:
    with MockKafka() as kafka:
        yield kafka


@pytest.fixture(scope="module")
def kafka_publisher(kafka: MockKafka) -> Iterator[KafkaPublisher]:
    with closing(KafkaPublisher({"bootstrap.servers": kafka.bootstrap})) as publisher:
        yield publisher


class TestKafkaPublisher(PublisherContract):
    @pytest.fixture
    def publisher(self, kafka_publisher: KafkaPublisher) -> KafkaPublisher:
        return kafka_publisher

    @pytest.fixture
    def taken(self, kafka: MockKafka) -> Taken:
        return kafka.taken
