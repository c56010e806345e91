"""A consumer group at work on a log in memory, to start a test from."""

from __future__ import annotations

from typing import Any

from consumers.delivery.loop import PACE, Consumer, Pace
from consumers.delivery.memory import MemoryDeadLetters, MemoryLog, MemorySubscription
from consumers.delivery.prepare import Preparation
from consumers.group import Group
from consumers.projection import Projection, one_document
from consumers.read_model import Table
from consumers.read_models.memory import MemoryReadModel
from schemas.change_event import ChangeEvent
from schemas.codec import EventDecoder
from tests.events import REGISTRY, encoded

TOPIC = "users.changes"
COPY = Group("copy", TOPIC, Projection("copy", version=1, project=one_document(dict)), Table("copy"))
NOW = 1_770_000_000.0
DECODER = EventDecoder(REGISTRY)


class Bench:
    """A group at work on a log in memory."""

    def __init__(
        self,
        group: Group = COPY,
        read_model: MemoryReadModel | None = None,
        partitions: int = 1,
        decoder: EventDecoder = DECODER,
        pace: Pace = PACE,
    ) -> None:
        self.log = MemoryLog()
        self.log.create_topic(TOPIC, partitions)
        self.dead_letters = MemoryDeadLetters()
        self.read_model = read_model or MemoryReadModel("copy")
        self.subscription = MemorySubscription(self.log, group.name, TOPIC)
        self.now = NOW
        self.consumer = Consumer(
            Preparation(group, decoder),
            self.subscription,
            self.read_model,
            self.dead_letters,
            lambda: self.now,
            pace,
            timer=self.timer,
        )

    def timer(self) -> float:
        """What the consumer takes for the time; a test may let things happen meanwhile."""
        return self.now

    def append(self, *changes: ChangeEvent | bytes | None) -> None:
        for change in changes:
            if isinstance(change, ChangeEvent):
                headers = (("version", change.version.encode()),)
                self.log.append(TOPIC, change.key_text.encode(), encoded(change), headers)
            else:
                self.log.append(TOPIC, b"1", change)

    def turn(self, *changes: ChangeEvent | bytes | None) -> dict[str, int]:
        self.append(*changes)
        self.consumer.step(0.0)
        return {name: count for name, count in self.consumer.outcomes.as_counts().items() if count}

    def documents(self) -> dict[str, Any]:
        return {found.key: found.document for found in self.read_model.scan()}
