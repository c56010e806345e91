"""The publisher's contract, on a real Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import pytest

from bridge.kafka import KafkaPublisher
from bridge.publisher import Message
from consumers.delivery.kafka_log import KafkaLog
from distributary.kafka_topics import DeclaredTopic, create_topics
from schemas.kafka import KafkaConnection
from schemas.topics import dead_letters_of
from tests.contracts.publisher import PublisherContract, Taken


@pytest.fixture(scope="module")
def connection(kafka_bootstrap: str) -> KafkaConnection:
    return KafkaConnection(kafka=kafka_bootstrap)


@pytest.fixture(scope="module")
def kafka_publisher(connection: KafkaConnection) -> Iterator[KafkaPublisher]:
    with closing(KafkaPublisher(connection.client())) as publisher:
        yield publisher


class TestRealKafkaPublisher(PublisherContract):
    @pytest.fixture
    def topic(self, connection: KafkaConnection) -> str:
        name = f"contract-{uuid4().hex}.changes"
        # Both keep everything here: the contract looks at every message.
        topics = [DeclaredTopic(each, 3, compacted=False) for each in (name, dead_letters_of(name))]
        create_topics(connection.client(), topics, replicas=1)
        return name

    @pytest.fixture
    def publisher(self, kafka_publisher: KafkaPublisher) -> KafkaPublisher:
        return kafka_publisher

    @pytest.fixture
    def taken(self, connection: KafkaConnection) -> Iterator[Taken]:
        with closing(KafkaLog(connection.client())) as log:

            def messages(topic: str) -> list[Message]:
                return [
                    Message(topic, each.key or b"", each.value or b"", each.headers)
                    for partition, end in log.ends(topic).items()
                    for each in log.read(topic, partition, 0, end)
                ]

            yield messages
