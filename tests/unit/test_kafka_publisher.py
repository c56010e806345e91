"""What `KafkaPublisher` makes of a Kafka in trouble, on librdkafka's mock cluster."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import TypeAlias

import pytest

from bridge.errors import InvalidBridgeSettings
from bridge.kafka import KafkaPublisher
from bridge.publisher import ACKNOWLEDGED, Message, Receipt, Status
from schemas.partitions import partition_of
from tests.kafka_mock import INIT_PRODUCER_ID, PRODUCE, KafkaError, MockKafka

Connect: TypeAlias = Callable[..., KafkaPublisher]

TOPIC = "users.changes"
PARTITIONS = 6
ENOUGH = 30.0
"""A timeout in seconds that is not reached."""
SHORT = 0.3


@pytest.fixture
def kafka() -> Iterator[MockKafka]:
    with MockKafka() as kafka:
        kafka.create_topic(TOPIC, PARTITIONS)
        yield kafka


@pytest.fixture
def connect(kafka: MockKafka) -> Iterator[Connect]:
    """Makes publishers to the mock cluster, with librdkafka properties of the test's choice."""
    with ExitStack() as stack:

        def connect(clock: Callable[[], float] = time.monotonic, **properties: object) -> KafkaPublisher:
            settings = {name.replace("_", "."): value for name, value in properties.items()}
            publisher = KafkaPublisher({"bootstrap.servers": kafka.bootstrap, **settings}, clock)
            return stack.enter_context(closing(publisher))

        yield connect


def messages(*values: str, key: bytes = b"key") -> list[Message]:
    return [Message(TOPIC, key, value.encode()) for value in values]


def statuses(receipts: list[Receipt]) -> list[Status]:
    return [receipt.status for receipt in receipts]


def test_with_the_broker_down_everything_fails_in_time_and_says_why(
    kafka: MockKafka, connect: Connect, capfd: pytest.CaptureFixture[str]
) -> None:
    kafka.down()
    began = time.monotonic()
    receipts = connect().publish(messages("a", "b", "c"), SHORT)
    assert time.monotonic() - began < SHORT + 5
    assert statuses(receipts) == [Status.FAILED] * 3
    assert receipts[0].reason.startswith("not acknowledged within 0.3 s: ")
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_nothing_of_a_call_that_timed_out_is_sent_once_the_broker_is_back(kafka: MockKafka, connect: Connect) -> None:
    publisher = connect()
    kafka.down()
    assert statuses(publisher.publish(messages("stale 1", "stale 2"), SHORT)) == [Status.FAILED] * 2
    kafka.up()
    assert publisher.publish(messages("fresh"), ENOUGH) == [ACKNOWLEDGED]
    assert kafka.taken(TOPIC) == messages("fresh")


@pytest.mark.slow
def test_a_connection_that_breaks_between_calls_costs_nothing(kafka: MockKafka, connect: Connect) -> None:
    publisher = connect()
    assert publisher.publish(messages("before"), ENOUGH) == [ACKNOWLEDGED]
    kafka.down()
    kafka.up()
    assert publisher.publish(messages("after"), ENOUGH) == [ACKNOWLEDGED]
    assert kafka.taken(TOPIC) == messages("before", "after")


def test_a_message_that_was_under_way_when_time_ran_out_never_stands_behind_a_later_one(
    kafka: MockKafka, connect: Connect
) -> None:
    publisher = connect()
    assert publisher.publish(messages("first"), ENOUGH) == [ACKNOWLEDGED]
    kafka.delay(60_000)
    assert statuses(publisher.publish(messages("under way"), SHORT)) == [Status.FAILED]
    kafka.delay(0)
    assert publisher.publish(messages("later"), ENOUGH) == [ACKNOWLEDGED]
    assert kafka.taken(TOPIC) in (messages("first", "under way", "later"), messages("first", "later"))


@pytest.mark.slow
def test_only_the_partition_without_a_leader_fails(kafka: MockKafka, connect: Connect) -> None:
    stuck, free = (Message(TOPIC, key, b"1") for key in keys_of_two_partitions())
    kafka.leaderless(TOPIC, partition_of(stuck.key, PARTITIONS))
    publisher = connect()
    kafka.wait_for(INIT_PRODUCER_ID)
    assert statuses(publisher.publish([stuck, free, stuck], 1)) == [Status.FAILED, Status.ACKNOWLEDGED, Status.FAILED]
    kafka.lead(TOPIC, partition_of(stuck.key, PARTITIONS))
    again = Message(TOPIC, stuck.key, b"2")
    assert publisher.publish([again], ENOUGH) == [ACKNOWLEDGED]
    assert sorted(kafka.taken(TOPIC), key=lambda message: message.value) == [free, again]


def test_a_message_that_the_client_gives_up_on_fails_before_the_deadline(kafka: MockKafka, connect: Connect) -> None:
    kafka.down()
    receipts = connect(message_timeout_ms=100).publish(messages("a", "b"), ENOUGH)
    assert statuses(receipts) == [Status.FAILED] * 2
    assert receipts[0].reason.startswith("Local: Message timed out: ")


def test_more_messages_than_the_client_can_queue_all_get_through_in_order(kafka: MockKafka, connect: Connect) -> None:
    batch = messages(*map(str, range(500)))
    assert connect(queue_buffering_max_messages=7).publish(batch, ENOUGH) == [ACKNOWLEDGED] * 500
    assert kafka.taken(TOPIC) == batch


def test_with_the_broker_down_a_full_queue_is_waited_for_no_longer_than_the_deadline(
    kafka: MockKafka, connect: Connect
) -> None:
    kafka.down()
    receipts = connect(queue_buffering_max_messages=7).publish(messages(*map(str, range(50))), SHORT)
    assert statuses(receipts) == [Status.FAILED] * 50


def test_a_message_that_the_client_does_not_take_is_refused_and_its_neighbours_arrive_once(
    kafka: MockKafka, connect: Connect
) -> None:
    before, large, after = messages("before", "x" * 2000, "after")
    receipts = connect(message_max_bytes=1000).publish([before, large, after], ENOUGH)
    assert statuses(receipts) == [Status.ACKNOWLEDGED, Status.REFUSED, Status.ACKNOWLEDGED]
    assert "Message size too large" in receipts[1].reason
    assert kafka.taken(TOPIC) == [before, after]


def test_a_message_that_the_broker_refuses_for_itself_is_refused(kafka: MockKafka, connect: Connect) -> None:
    publisher = connect()
    for code in (KafkaError.INVALID_RECORD, KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE):
        kafka.answer(PRODUCE, code)
        refused = Receipt(Status.REFUSED, KafkaError(code).str())
        assert publisher.publish(messages("bad"), ENOUGH) == [refused]
    assert kafka.taken(TOPIC) == []


def test_of_a_batch_that_the_broker_refuses_only_the_message_refused_alone_is_refused(
    kafka: MockKafka, connect: Connect
) -> None:
    # The first answer is for the three together, the second for the first of them alone.
    kafka.answer(PRODUCE, KafkaError.INVALID_RECORD, KafkaError.INVALID_RECORD)
    receipts = connect().publish(messages("bad", "good 1", "good 2"), ENOUGH)
    assert statuses(receipts) == [Status.REFUSED, Status.ACKNOWLEDGED, Status.ACKNOWLEDGED]
    assert kafka.taken(TOPIC) == messages("good 1", "good 2")


def test_a_message_sent_again_after_its_batch_was_refused_is_followed_by_those_behind_it(
    kafka: MockKafka, connect: Connect
) -> None:
    kafka.answer(PRODUCE, KafkaError.MSG_SIZE_TOO_LARGE)
    # One message a batch, so that the second arrives although the first is refused.
    publisher = connect(batch_num_messages=1)
    other = Message(TOPIC, next(key for key in keys_of_two_partitions() if key != b"key"), b"other")
    assert publisher.publish([*messages("1", "2"), other], ENOUGH) == [ACKNOWLEDGED] * 3
    in_order = kafka.partitions(TOPIC)[partition_of(b"key", PARTITIONS)]
    assert in_order[-2:] == messages("1", "2")


def test_an_innocent_message_is_not_refused_because_time_ran_out_before_it_was_sent_alone(
    kafka: MockKafka, connect: Connect
) -> None:
    publisher = connect()
    assert publisher.publish(messages("first"), ENOUGH) == [ACKNOWLEDGED]
    kafka.answer(PRODUCE, KafkaError.INVALID_RECORD, *[KafkaError.INVALID_MSG] * 1000)
    assert statuses(publisher.publish(messages("a", "b"), SHORT)) == [Status.FAILED] * 2


def test_what_the_broker_may_allow_later_has_failed_and_is_not_refused(kafka: MockKafka, connect: Connect) -> None:
    publisher = connect()
    kafka.answer(PRODUCE, KafkaError.TOPIC_AUTHORIZATION_FAILED)
    failed = Receipt(Status.FAILED, "Broker: Topic authorization failed")
    assert publisher.publish(messages("a"), ENOUGH) == [failed]
    assert publisher.publish(messages("b"), ENOUGH) == [ACKNOWLEDGED]


@pytest.mark.parametrize(
    ("request_kind", "code", "reason"),
    [
        (PRODUCE, KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER, "sequence desynchronization"),
        (INIT_PRODUCER_ID, KafkaError.CLUSTER_AUTHORIZATION_FAILED, "Cluster authorization failed"),
    ],
)
def test_after_a_fatal_error_of_the_client_the_next_call_works(
    kafka: MockKafka, connect: Connect, request_kind: int, code: int, reason: str
) -> None:
    publisher = connect()
    kafka.answer(request_kind, code)
    receipts = publisher.publish(messages("a", "b"), ENOUGH)
    assert statuses(receipts) == [Status.FAILED] * 2
    assert reason in receipts[0].reason
    assert publisher.publish(messages("c"), ENOUGH) == [ACKNOWLEDGED]
    assert kafka.taken(TOPIC) == messages("c")


def test_a_fatal_error_between_calls_is_explained_by_the_next_one(kafka: MockKafka, connect: Connect) -> None:
    kafka.answer(INIT_PRODUCER_ID, KafkaError.CLUSTER_AUTHORIZATION_FAILED)
    publisher = connect()
    kafka.wait_for(INIT_PRODUCER_ID)
    receipts = publisher.publish(messages("a", "b"), ENOUGH)
    assert statuses(receipts) == [Status.FAILED] * 2
    assert all("Cluster authorization failed" in receipt.reason for receipt in receipts)
    assert publisher.publish(messages("c"), ENOUGH) == [ACKNOWLEDGED]


def test_closing_after_a_fatal_error_that_nobody_heard_of_is_quiet(kafka: MockKafka) -> None:
    kafka.answer(INIT_PRODUCER_ID, KafkaError.CLUSTER_AUTHORIZATION_FAILED)
    publisher = KafkaPublisher({"bootstrap.servers": kafka.bootstrap})
    kafka.wait_for(INIT_PRODUCER_ID)
    publisher.close()


def test_nothing_of_a_call_that_was_interrupted_is_sent_afterwards(kafka: MockKafka, connect: Connect) -> None:
    # The call asks for the time at its begin, before its one message, and before it waits for the acknowledgement.
    times: Iterator[float | None] = iter([0.0, 0.0, None])

    def clock() -> float:
        now = next(times, time.monotonic())
        if now is None:
            raise KeyboardInterrupt
        return now

    publisher = connect(clock)
    with pytest.raises(KeyboardInterrupt):
        publisher.publish(messages("stale"), ENOUGH)
    assert publisher.publish(messages("fresh"), ENOUGH) == [ACKNOWLEDGED]
    assert kafka.taken(TOPIC) == messages("fresh")


def test_without_time_nothing_is_sent(kafka: MockKafka, connect: Connect) -> None:
    publisher = connect()
    assert statuses(publisher.publish(messages("a"), 0)) == [Status.FAILED]
    assert publisher.publish(messages("b"), ENOUGH) == [ACKNOWLEDGED]
    assert kafka.taken(TOPIC) == messages("b")


def test_a_key_falls_into_the_partition_that_every_other_log_puts_it_into(kafka: MockKafka, connect: Connect) -> None:
    keys = [b"", b"1", b"42", "Zoë|日本".encode(), *(b"key-%d" % number for number in range(200))]
    connect().publish([Message(TOPIC, key, b"") for key in keys], ENOUGH)
    found = {message.key: number for number, taken in kafka.partitions(TOPIC).items() for message in taken}
    assert found == {key: partition_of(key, PARTITIONS) for key in keys}


def test_a_setting_that_the_client_does_not_take_is_named_at_once() -> None:
    with pytest.raises(InvalidBridgeSettings, match=r'does not take its settings: .*"no.such.thing"'):
        KafkaPublisher({"bootstrap.servers": "localhost:9", "no.such.thing": 1})


def keys_of_two_partitions() -> tuple[bytes, bytes]:
    """Two keys that fall into different partitions."""
    keys = {partition_of(b"key-%d" % number, PARTITIONS): b"key-%d" % number for number in range(50)}
    return keys[0], keys[1]
