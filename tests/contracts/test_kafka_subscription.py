"""The subscription's contract, on a real Kafka, by both group protocols."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from consumers.delivery.kafka import KafkaSubscription
from consumers.delivery.kafka_log import KafkaLog
from schemas.dead_letters import Headers
from schemas.kafka import PRODUCER, KafkaConnection
from tests.contracts.log import LogContract
from tests.contracts.subscription import GROUP, NOW, PARTITIONS, SubscriptionContract


class RealKafka:
    """A topic of its own on a shared server."""

    def __init__(self, bootstrap: str, protocol: str = "consumer") -> None:
        self.connection = KafkaConnection(kafka=bootstrap, kafka_group_protocol=protocol)
        self.now = NOW
        self.topic = f"contract-{uuid4().hex}.changes"
        self.open = ExitStack()
        self.log = KafkaLog(self.connection.client())
        self.open.callback(self.log.close)
        self.admin = AdminClient({"bootstrap.servers": bootstrap})
        self.create()
        self._producer = Producer({**self.connection.client(), **PRODUCER})

    def create(self, **config: str) -> None:
        """Makes the topic."""
        topic = NewTopic(self.topic, PARTITIONS, 1, config=config)
        self.admin.create_topics([topic], operation_timeout=10)[self.topic].result(10)

    def append(self, key: bytes | None, value: bytes | None, headers: Headers = ()) -> None:
        self._producer.produce(self.topic, value, key, headers=list(headers), timestamp=int(self.now * 1000))
        assert self._producer.flush(10) == 0

    def subscribe(self, group: str = GROUP, client: str | None = None) -> KafkaSubscription:
        member = KafkaSubscription(self.connection.member(), group, self.topic, client)
        self.open.callback(member.close)
        return member


@pytest.fixture(params=["consumer", "classic"])
def protocol(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class TestKafkaSubscription(SubscriptionContract, LogContract):
    @pytest.fixture
    def log(self, kafka_bootstrap: str, protocol: str) -> Iterator[RealKafka]:
        kafka = RealKafka(kafka_bootstrap, protocol)
        with kafka.open:
            yield kafka
