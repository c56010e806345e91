"""Groups at work on a log in memory, whose items are then explained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from consumers.delivery.loop import Consumer
from consumers.delivery.memory import MemoryDeadLetters, MemoryLog, MemorySubscription
from consumers.delivery.prepare import Preparation
from consumers.group import Group
from consumers.read_models.memory import MemoryReadModel
from consumers.subscription import Delivery
from distributary.explain import Explanation, Reader, explain
from schemas.change_event import ChangeEvent
from schemas.topics import dead_letters_of, topic_named
from tests.bench import DECODER, NOW, TOPIC
from tests.events import encoded

USERS = topic_named(TOPIC)


class ReadingLog(MemoryLog):
    """A log that notes which partitions are read, and may have lost what it once held."""

    def __init__(self) -> None:
        super().__init__(lambda: NOW)
        self.was_read: set[tuple[str, int]] = set()
        self.lost: dict[int, int] = {}

    def beginnings(self, topic: str) -> dict[int, int]:
        return super().beginnings(topic) | (self.lost if topic == TOPIC else {})

    def read(self, topic: str, partition: int, start: int, end: int) -> Iterator[Delivery]:
        self.was_read.add((topic, partition))
        yield from super().read(topic, partition, start, end)


class Stage:
    """The groups, each event of which they take is told apart in `outcomes`."""

    def __init__(self, *groups: Group, partitions: int = USERS.partitions) -> None:
        self.log = ReadingLog()
        self.log.create_topic(TOPIC, partitions)
        self.groups = groups
        self.read_models = {group.name: MemoryReadModel(group.read_model.name) for group in groups}
        self.letters = {group.name: MemoryDeadLetters() for group in groups}
        self.outcomes: dict[str, list[str]] = {group.name: [] for group in groups}
        for group in groups:
            self.log.create_topic(dead_letters_of(group.name), 1)

    def append(self, change: ChangeEvent | bytes, key: bytes = b"1") -> Delivery:
        """The event is in the log, and nobody has taken it."""
        if isinstance(change, bytes):
            return self.log.append(TOPIC, key, change)
        headers = (("version", change.version.encode()),)
        return self.log.append(TOPIC, change.key_text.encode(), encoded(change), headers)

    def feed(self, *changes: ChangeEvent | bytes) -> None:
        """The events, each taken by every group on its own."""
        for change in changes:
            self.append(change)
            for group in self.groups:
                self._turn(group)

    def explain(self, key: str = "1", until: float | None = None) -> Explanation:
        readers = [Reader(group, self.read_models[group.name]) for group in self.groups]
        return explain(USERS, key, self.log, DECODER, readers, until)

    def verdicts(self, key: str = "1") -> list[tuple[str, str]]:
        """The first group's verdicts, which are what it did when it took the events."""
        story = self.explain(key)
        verdicts = [change.verdicts[0] for change in story.events]
        if taken := self.outcomes[self.groups[0].name]:
            assert [str(verdict.outcome) for verdict in verdicts] == taken
        return [(str(verdict.outcome), verdict.why) for verdict in verdicts]

    def _turn(self, group: Group) -> None:
        letters = self.letters[group.name]
        subscription = MemorySubscription(self.log, group.name, TOPIC)
        read_model = self.read_models[group.name]
        consumer = Consumer(Preparation(group, DECODER), subscription, read_model, letters, lambda: NOW)
        consumer.step(0.0)
        counted = Counter(consumer.outcomes.as_counts())
        self.outcomes[group.name] += list((+counted).elements())
        for letter in letters.letters:
            self.log.append(dead_letters_of(group.name), letter.key, letter.body, letter.headers())
        letters.letters.clear()
