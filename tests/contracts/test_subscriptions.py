from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from consumers.delivery.memory import MemoryLog, MemorySubscription
from distributary.local.log.log import EmbeddedLog, Entry
from distributary.local.log.subscription import EmbeddedSubscription
from schemas.dead_letters import Headers
from tests.contracts.log import LogContract
from tests.contracts.subscription import GROUP, NOW, PARTITIONS, FairSubscriptionContract

TOPIC = "users.changes"


class InMemory:
    topic = TOPIC

    def __init__(self) -> None:
        self.now = NOW
        self.log = MemoryLog(lambda: self.now)
        self.log.create_topic(TOPIC, PARTITIONS)

    def append(self, key: bytes | None, value: bytes | None, headers: Headers = ()) -> None:
        self.log.append(TOPIC, key, value, headers)

    def subscribe(self, group: str = GROUP) -> MemorySubscription:
        return MemorySubscription(self.log, group, TOPIC)


class Embedded:
    topic = TOPIC

    def __init__(self, path: Path) -> None:
        self.now = NOW
        self.log = EmbeddedLog(path, lambda: self.now)
        self.log.create_topic(TOPIC, PARTITIONS)

    def append(self, key: bytes | None, value: bytes | None, headers: Headers = ()) -> None:
        self.log.append([Entry(TOPIC, key, value, headers)])

    def subscribe(self, group: str = GROUP) -> EmbeddedSubscription:
        return EmbeddedSubscription(self.log, group, TOPIC)


class TestMemorySubscription(FairSubscriptionContract, LogContract):
    @pytest.fixture
    def log(self) -> InMemory:
        return InMemory()


class TestEmbeddedSubscription(FairSubscriptionContract, LogContract):
    @pytest.fixture
    def log(self, tmp_path: Path) -> Iterator[Embedded]:
        embedded = Embedded(tmp_path / "log.sqlite3")
        yield embedded
        embedded.log.close()
