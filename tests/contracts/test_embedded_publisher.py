from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from bridge.publisher import Message
from distributary.local.log.log import EmbeddedLog
from distributary.local.log.publisher import EmbeddedPublisher
from tests.contracts.publisher import PublisherContract, Taken


class TestEmbeddedPublisher(PublisherContract):
    @pytest.fixture
    def log(self, tmp_path: Path) -> Iterator[EmbeddedLog]:
        log = EmbeddedLog(tmp_path / "log.sqlite3", lambda: 0.0)
        yield log
        log.close()

    @pytest.fixture
    def topic(self, log: EmbeddedLog) -> str:
        name = f"{uuid4().hex}.changes"
        log.create_topic(name, 3)
        return name

    @pytest.fixture
    def publisher(self, log: EmbeddedLog) -> EmbeddedPublisher:
        return EmbeddedPublisher(log)

    @pytest.fixture
    def taken(self, log: EmbeddedLog) -> Taken:
        def taken(topic: str) -> list[Message]:
            return [
                Message(topic, delivery.key or b"", delivery.value or b"", delivery.headers)
                for partition, end in log.ends(topic).items()
                for delivery in log.read(topic, partition, 0, end)
            ]

        return taken
