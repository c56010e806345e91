"""What every group's `DeadLetters` keep to: in memory, in the embedded log, and on a real Kafka."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeAlias
from uuid import uuid4

import pytest
from msgspec.structs import replace

from consumers.delivery.dead_letters import DeadLetters
from consumers.delivery.kafka import KafkaDeadLetters
from consumers.delivery.kafka_log import KafkaLog
from consumers.delivery.memory import MemoryDeadLetters
from consumers.subscription import Log
from distributary.kafka_topics import DeclaredTopic, create_topics
from distributary.local.log.dead_letters import EmbeddedDeadLetters
from distributary.local.log.log import EmbeddedLog
from schemas.dead_letters import DeadLetter, read_dead_letter
from schemas.kafka import KafkaConnection
from schemas.topics import dead_letters_of

OWNER = f"group-{uuid4().hex}"
LETTER = DeadLetter(
    place="users.changes/1/2",
    value=b"\x00\xff",
    stage="decode",
    error="UndecodableEvent",
    message="it is no change event ✓",
    first_seen=1_770_000_000_123,
    topic="users.changes",
    partition=1,
    offset=2,
    version="v",
    attempts=3,
    original_key=b"1",
)
Open: TypeAlias = Callable[[], list[DeadLetter]]
"""The letters that are open, the latest of each place."""


def open_in(log: Log, topic: str) -> list[DeadLetter]:
    """The open letters of a topic of one partition."""
    latest: dict[bytes, DeadLetter | None] = {}
    for each in log.read(topic, 0, 0, log.ends(topic).get(0, 0)):
        key = each.key or b""
        latest[key] = (
            None if each.value is None and not each.headers else read_dead_letter(key, each.value, each.headers)
        )
    return [letter for letter in latest.values() if letter is not None]


class DeadLettersContract:
    """A subclass gives `letters`, empty, and `opened`."""

    def test_a_letter_is_kept_whole(self, letters: DeadLetters, opened: Open) -> None:
        letters.record(LETTER)
        assert opened() == [LETTER]

    def test_a_letter_of_the_same_place_replaces_the_one_before(self, letters: DeadLetters, opened: Open) -> None:
        letters.record(LETTER)
        letters.record(replace(LETTER, attempts=4))
        assert [letter.attempts for letter in opened()] == [4]

    def test_a_resolved_letter_is_open_no_longer_and_others_stay(self, letters: DeadLetters, opened: Open) -> None:
        other = replace(LETTER, place="users.changes/1/3", offset=3)
        letters.record(LETTER)
        letters.record(other)
        letters.resolve(LETTER)
        letters.resolve(LETTER)
        assert opened() == [other]

    def test_a_letter_that_was_resolved_can_come_again(self, letters: DeadLetters, opened: Open) -> None:
        letters.record(LETTER)
        letters.resolve(LETTER)
        letters.record(LETTER)
        assert opened() == [LETTER]

    @pytest.mark.parametrize("value", [None, b""])
    def test_the_letter_of_a_delivery_without_a_value_is_open_too(
        self, letters: DeadLetters, opened: Open, value: bytes | None
    ) -> None:
        letters.record(replace(LETTER, value=value))
        assert [letter.value for letter in opened()] == [value]

    def test_a_reason_of_many_words_is_cut_and_the_bytes_are_not(self, letters: DeadLetters, opened: Open) -> None:
        letters.record(replace(LETTER, message="x" * 10_000, value=bytes(2_000_000)))
        (kept,) = opened()
        assert (len(kept.message), len(kept.value or b"")) == (4096, 2_000_000)


class TestMemoryDeadLetters(DeadLettersContract):
    @pytest.fixture
    def letters(self) -> MemoryDeadLetters:
        return MemoryDeadLetters()

    @pytest.fixture
    def opened(self, letters: MemoryDeadLetters) -> Open:
        return lambda: [read_dead_letter(each.key, each.body, each.headers()) for each in letters.letters]


class TestEmbeddedDeadLetters(DeadLettersContract):
    @pytest.fixture
    def log(self, tmp_path: Path) -> Iterator[EmbeddedLog]:
        with closing(EmbeddedLog(tmp_path / "log.sqlite3", lambda: 0.0)) as log:
            yield log

    @pytest.fixture
    def letters(self, log: EmbeddedLog) -> EmbeddedDeadLetters:
        return EmbeddedDeadLetters(log, OWNER)

    @pytest.fixture
    def opened(self, log: EmbeddedLog) -> Open:
        return lambda: open_in(log, dead_letters_of(OWNER))


class TestKafkaDeadLetters(DeadLettersContract):
    @pytest.fixture
    def connection(self, kafka_bootstrap: str) -> KafkaConnection:
        return KafkaConnection(kafka=kafka_bootstrap)

    @pytest.fixture
    def owner(self, connection: KafkaConnection) -> str:
        name = f"group-{uuid4().hex}"
        create_topics(connection.client(), [DeclaredTopic(dead_letters_of(name), 1, compacted=True)], replicas=1)
        return name

    @pytest.fixture
    def letters(self, connection: KafkaConnection, owner: str) -> Iterator[KafkaDeadLetters]:
        with closing(KafkaDeadLetters(connection.client(), owner)) as letters:
            yield letters

    @pytest.fixture
    def opened(self, connection: KafkaConnection, owner: str) -> Iterator[Open]:
        with closing(KafkaLog(connection.client())) as log:
            yield lambda: open_in(log, dead_letters_of(owner))
