"""Open dead letters are read from a real Kafka whatever compaction has left of the topic: gaps, nulls, another end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from msgspec.structs import replace

from consumers.delivery.kafka_log import KafkaLog
from distributary.kafka_topics import DeclaredTopic, create_topics
from distributary.letters import letters_in
from schemas.dead_letters import DeadLetter
from schemas.kafka import KafkaConnection

LETTER = DeadLetter("users.changes/0/0", b"one", "decode", "UndecodableEvent", "no", 1_770_000_000_000)


class Topic:
    """A dead-letter topic. A transaction leaves an offset that no reader is given: a gap, as compaction makes them."""

    def __init__(self, kafka: str) -> None:
        self.name = f"group-{uuid4().hex}.dead-letters"
        client = KafkaConnection(kafka=kafka).client()
        create_topics(client, [DeclaredTopic(self.name, 1, compacted=True)], replicas=1)
        self._producer = Producer({**client, "transactional.id": self.name})
        self._producer.init_transactions(30)
        self.log = KafkaLog(client)

    def write(self, *letters: DeadLetter, resolved: bool = False, kept: bool = True) -> None:
        """Writes the letters, or their nulls, and a gap behind them; not `kept`: all of that is a gap."""
        self._producer.begin_transaction()
        for letter in letters:
            value = None if resolved else letter.body
            headers: list[tuple[str, str | bytes | None]] = [] if resolved else [*letter.headers()]
            self._producer.produce(self.name, value, letter.key, headers=headers)
        if kept:
            self._producer.commit_transaction(30)
        else:
            self._producer.flush(30)
            self._producer.abort_transaction(30)

    def open(self) -> list[DeadLetter]:
        """The letters that are open."""
        return list(letters_in(self.log, self.name))


@pytest.fixture
def topic(kafka_bootstrap: str) -> Iterator[Topic]:
    made = Topic(kafka_bootstrap)
    with closing(made.log):
        yield made


def test_a_topic_without_a_letter_has_none(topic: Topic) -> None:
    assert topic.open() == []


def test_letters_are_found_between_gaps_and_before_a_gap_at_the_end(topic: Topic) -> None:
    others = [replace(LETTER, place=f"users.changes/0/{number}") for number in range(1, 4)]
    topic.write(LETTER, others[0])
    topic.write(replace(others[1], value=b"given up"), kept=False)
    topic.write(others[1])
    topic.write(others[2], kept=False)
    assert topic.log.ends(topic.name)[0] > 3 + 2
    assert topic.open() == [LETTER, others[0], others[1]]


def test_a_letter_that_a_null_resolved_is_open_no_longer_and_the_latest_of_a_place_counts(topic: Topic) -> None:
    other = replace(LETTER, place="users.changes/0/1")
    topic.write(LETTER, other)
    topic.write(LETTER, resolved=True)
    topic.write(replace(other, attempts=2, value=b""))
    assert topic.open() == [replace(other, attempts=2, value=b"")]
    topic.write(LETTER)
    topic.write(other, resolved=True)
    assert topic.open() == [LETTER]
