"""Several members of a group on a real Kafka, what they lose to each other, and what is gone for ever."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from threading import Event
from time import monotonic
from uuid import uuid4

import pytest
from confluent_kafka import TopicPartition

from consumers.delivery.kafka import KafkaDeadLetters, KafkaSubscription
from consumers.delivery.kafka_log import KafkaLog
from consumers.errors import DeadLetterLost, GroupBusy, Outage, TruncatedTopic
from consumers.subscription import Delivery
from distributary.errors import TopicsUnusable
from distributary.kafka_topics import DeclaredTopic, create_topics
from schemas.dead_letters import DeadLetter, read_dead_letter
from schemas.topics import dead_letters_of
from tests.contracts.subscription import LONG, PARTITIONS, key_in
from tests.contracts.test_kafka_subscription import RealKafka

LETTER = DeadLetter(
    place="users.changes/1/2", value=b"bytes", stage="decode", error="E", message="why", first_seen=1, partition=1
)


@pytest.fixture(params=["consumer", "classic"])
def log(request: pytest.FixtureRequest, kafka_bootstrap: str) -> Iterator[RealKafka]:
    kafka = RealKafka(kafka_bootstrap, request.param)
    with kafka.open:
        yield kafka


def polled(*members: KafkaSubscription, until: int, patience: int = 200) -> list[Delivery]:
    """What the members poll in turn, until there are so many, or nothing comes so often."""
    deliveries: list[Delivery] = []
    quiet = 0
    while len(deliveries) < until and quiet < patience:
        found = [each for member in members for each in member.poll(100, 0.05)]
        quiet = 0 if found else quiet + 1
        deliveries += found
    return deliveries


def everybody_has_left(log: RealKafka, group: str) -> bool:
    """Whether the group has no members any more; the broker may take a moment to hear of it."""
    pause, deadline = Event(), monotonic() + LONG
    while log.log.members(group) and monotonic() < deadline:
        pause.wait(0.05)
    return not log.log.members(group)


def test_a_second_member_takes_over_partitions_and_the_first_is_told_which(log: RealKafka) -> None:
    for partition in range(PARTITIONS):
        log.append(key_in(partition), b"value")
    group = uuid4().hex
    first = log.subscribe(group)
    assert len(polled(first, until=3)) == 3
    assert first.revoked() == frozenset()
    second = log.subscribe(group)
    again = polled(first, second, until=1)
    lost = first.revoked()
    assert lost
    assert {delivery.partition for delivery in again} <= lost


def test_a_member_that_leaves_gives_its_partitions_back_from_their_committed_positions(log: RealKafka) -> None:
    for _ in range(2):
        for partition in range(PARTITIONS):
            log.append(key_in(partition), b"value")
    group = uuid4().hex
    first = log.subscribe(group)
    polled(first, until=6)
    first.commit(dict.fromkeys(range(PARTITIONS), 1))
    first.close()
    second = log.subscribe(group)
    assert sorted((each.partition, each.offset) for each in polled(second, until=3)) == [(0, 1), (1, 1), (2, 1)]


def test_a_member_that_is_paused_when_it_is_given_partitions_polls_nothing_of_them(log: RealKafka) -> None:
    log.append(b"1", b"value")
    member = log.subscribe(uuid4().hex)
    member.pause()
    assert polled(member, until=1, patience=40) == []
    member.resume()
    assert len(polled(member, until=1)) == 1


def test_a_partition_that_is_lost_while_paused_is_polled_when_it_comes_back(log: RealKafka) -> None:
    for partition in range(PARTITIONS):
        log.append(key_in(partition), b"value")
    group = uuid4().hex
    first = log.subscribe(group)
    polled(first, until=3)
    first.commit(dict.fromkeys(range(PARTITIONS), 1))
    first.pause()
    second = log.subscribe(group)
    while not (lost := first.revoked()):
        polled(first, second, until=1, patience=5)
    for partition in lost:
        log.append(key_in(partition), b"for the second one, once it has joined")
    assert polled(first, second, until=1, patience=400)
    first.resume()
    second.close()
    for partition in range(PARTITIONS):
        log.append(key_in(partition), b"news")
    news = [(each.partition, each.offset) for each in polled(first, until=PARTITIONS + len(lost), patience=400)]
    assert {partition for partition, offset in news if offset == 1} == set(range(PARTITIONS)), (lost, news)


def test_a_position_below_the_topics_beginning_is_an_error_that_names_it(log: RealKafka) -> None:
    for n in range(5):
        log.append(key_in(0), b"%d" % n)
    log.admin.delete_records([TopicPartition(log.topic, 0, 3)])[TopicPartition(log.topic, 0, 3)].result(10)
    assert log.log.beginnings(log.topic) == {0: 3, 1: 0, 2: 0}
    with pytest.raises(TruncatedTopic, match=rf"the position 0 of the group .* in {log.topic}/0 is no longer there"):
        polled(log.subscribe(uuid4().hex), until=1)


def test_members_are_listed_by_their_client_ids_until_they_leave(log: RealKafka) -> None:
    group = uuid4().hex
    for partition in range(PARTITIONS):
        log.append(key_in(partition), b"value")
    one = log.subscribe(group, f"{group}@1")
    assert len(polled(one, until=PARTITIONS)) == PARTITIONS
    assert log.log.members(group) == [f"{group}@1"]
    other = log.subscribe(group, f"{group}@2")
    # Who leaves while it still joins is a member until its session ends.
    assert polled(one, other, until=1)
    assert log.log.members(group) == [f"{group}@1", f"{group}@2"]
    one.close()
    other.close()
    assert everybody_has_left(log, group)


def test_the_positions_of_a_group_with_members_stay_as_they_are(log: RealKafka) -> None:
    log.append(key_in(0), b"value")
    group = uuid4().hex
    member = log.subscribe(group, f"{group}@1")
    polled(member, until=1)
    member.commit({0: 1})
    with pytest.raises(GroupBusy, match=rf"the group {group} has members \({group}@1\), and its positions can be set"):
        log.log.set_positions(group, log.topic, {0: 0})
    assert log.log.positions(group, log.topic) == {0: 1}
    member.close()
    assert everybody_has_left(log, group)
    log.log.set_positions(group, log.topic, {0: 0})
    assert log.log.positions(group, log.topic) == {0: 0}


class Unaware(KafkaLog):
    """A log that looks for members a moment before one joins."""

    def members(self, group: str) -> list[str]:
        return []


def test_the_broker_itself_refuses_positions_where_a_member_has_just_joined(log: RealKafka) -> None:
    log.append(key_in(0), b"value")
    group = uuid4().hex
    member = log.subscribe(group)
    polled(member, until=1)
    member.commit({0: 1})
    refused = pytest.raises(GroupBusy, match=f"the group {group} has a member that has just joined, and its positions")
    with closing(Unaware(log.connection.client())) as unaware, refused:
        unaware.set_positions(group, log.topic, {0: 0})
    assert log.log.positions(group, log.topic) == {0: 1}


def test_a_topic_that_is_not_there_is_an_outage(kafka_bootstrap: str) -> None:
    log = RealKafka(kafka_bootstrap)
    with log.open:
        member = KafkaSubscription(log.connection.member(), uuid4().hex, "nobody.changes")
        with closing(member), pytest.raises(Outage, match=r"Kafka cannot be used just now: the topic nobody.changes"):
            polled(member, until=1)


def test_a_compacted_topic_says_so(kafka_bootstrap: str) -> None:
    log = RealKafka(kafka_bootstrap)
    with log.open:
        letters = dead_letters_of(log.topic)
        create_topics(log.connection.client(), [DeclaredTopic(letters, 1, compacted=True)], replicas=1)
        assert [log.log.compacted(topic) for topic in (log.topic, letters)] == [False, True]


def test_topics_are_made_once_and_another_partition_count_is_refused(kafka_bootstrap: str) -> None:
    log = RealKafka(kafka_bootstrap)
    with log.open:
        topic = DeclaredTopic(log.topic, PARTITIONS, compacted=False)
        create_topics(log.connection.client(), [topic], replicas=1)
        with pytest.raises(TopicsUnusable, match="has 3 partitions in Kafka and 4 where it is declared"):
            create_topics(log.connection.client(), [DeclaredTopic(log.topic, 4, compacted=False)], replicas=1)


def test_a_dead_letter_is_kept_whole_and_resolved_by_a_null(kafka_bootstrap: str) -> None:
    log = RealKafka(kafka_bootstrap)
    with log.open:
        topic = dead_letters_of(log.topic)
        create_topics(log.connection.client(), [DeclaredTopic(topic, 1, compacted=True)], replicas=1)
        with closing(KafkaDeadLetters(log.connection.client(), log.topic)) as letters:
            letters.record(LETTER)
            letters.resolve(LETTER)
        kept, resolved = log.log.read(topic, 0, 0, 2)
        assert read_dead_letter(kept.key or b"", kept.value, kept.headers) == LETTER
        assert (resolved.key, resolved.value) == (LETTER.key, None)


def test_a_dead_letter_that_cannot_be_written_is_lost_and_says_so(kafka_bootstrap: str) -> None:
    log = RealKafka(kafka_bootstrap)
    with log.open, closing(KafkaDeadLetters(log.connection.client(), "nobody", timeout=0.5)) as letters:
        reason = r"users.changes/1/2 cannot be written to nobody.dead-letters: "
        with pytest.raises(DeadLetterLost, match=reason):
            letters.record(LETTER)
