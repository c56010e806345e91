"""What every publisher does, as tests: subclass `PublisherContract`, name the class `Test...`, give two fixtures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias
from uuid import uuid4

import pytest

from bridge.publisher import ACKNOWLEDGED, Message, Publisher, Receipt, Status
from schemas.topics import MAX_DEAD_LETTER_BYTES, MAX_MESSAGE_BYTES, dead_letters_of

Taken: TypeAlias = Callable[[str], list[Message]]

TIMEOUT = 30.0
"""Seconds; never waited for when all is well."""


class PublisherContract:
    """A subclass gives the fixtures `publisher`, which may be shared by its tests, and `taken`: the messages that a
    topic holds, those of one key in the order of the log.
    """

    @pytest.fixture
    def topic(self) -> str:
        """A topic of the test's own. A log that cannot make topics up gives one here, empty for every test."""
        return f"{uuid4().hex}.changes"

    def test_an_acknowledged_message_is_in_the_log_whole(self, publisher: Publisher, taken: Taken, topic: str) -> None:
        message = Message(topic, b"1", b"value", (("version", b"7"), ("traceparent", b"00-1-2-03")))
        assert publish(publisher, [message]) == [ACKNOWLEDGED]
        assert taken(topic) == [message]

    def test_messages_of_one_key_keep_their_order_within_a_call_and_between_calls(
        self, publisher: Publisher, taken: Taken, topic: str
    ) -> None:
        messages = [Message(topic, b"key-%d" % (n % 7), b"%d" % n) for n in range(210)]
        assert set(publish(publisher, messages[:100]) + publish(publisher, messages[100:])) == {ACKNOWLEDGED}
        assert by_key(taken(topic)) == by_key(messages)

    def test_receipts_stand_in_the_order_of_the_messages(self, publisher: Publisher, topic: str) -> None:
        large = Message(topic, b"1", bytes(MAX_MESSAGE_BYTES))
        small = Message(topic, b"1", b"")
        order = [small, large, small, small, large]
        statuses = [receipt.status for receipt in publish(publisher, order)]
        assert statuses == [Status.REFUSED if message is large else Status.ACKNOWLEDGED for message in order]

    def test_a_message_too_large_is_refused_with_the_reason_and_its_neighbours_arrive(
        self, publisher: Publisher, taken: Taken, topic: str
    ) -> None:
        before, large, after = (Message(topic, b"1", value) for value in (b"a", bytes(MAX_MESSAGE_BYTES), b"b"))
        receipts = publish(publisher, [before, large, after])
        reason = f"{MAX_MESSAGE_BYTES + 1} bytes are more than the {MAX_MESSAGE_BYTES} that {topic} takes"
        assert receipts == [ACKNOWLEDGED, Receipt(Status.REFUSED, reason), ACKNOWLEDGED]
        assert taken(topic) == [before, after]

    def test_publishing_goes_on_after_a_call_in_which_everything_was_refused(
        self, publisher: Publisher, taken: Taken, topic: str
    ) -> None:
        (receipt,) = publish(publisher, [Message(topic, b"1", bytes(MAX_MESSAGE_BYTES))])
        assert receipt.status is Status.REFUSED
        after = Message(topic, b"1", b"after")
        assert publish(publisher, [after]) == [ACKNOWLEDGED]
        assert taken(topic) == [after]

    @pytest.mark.parametrize("dead_letters", [False, True], ids=["changes", "dead letters"])
    def test_a_topic_takes_a_message_of_exactly_its_limit_headers_included_and_not_a_byte_more(
        self, publisher: Publisher, taken: Taken, topic: str, dead_letters: bool
    ) -> None:
        if dead_letters:
            topic = dead_letters_of(topic)
        limit = MAX_DEAD_LETTER_BYTES if dead_letters else MAX_MESSAGE_BYTES
        headers = (("name", b"header"),)
        largest = Message(topic, b"key", bytes(limit - len(b"key" + b"name" + b"header")), headers)
        assert largest.size == limit
        too_large = Message(topic, b"key", largest.value + b"!", headers)
        statuses = [receipt.status for receipt in publish(publisher, [largest, too_large])]
        assert statuses == [Status.ACKNOWLEDGED, Status.REFUSED]
        assert taken(topic) == [largest]

    def test_headers_of_the_same_name_are_all_kept_in_order(
        self, publisher: Publisher, taken: Taken, topic: str
    ) -> None:
        message = Message(topic, b"1", b"", (("b", b"1"), ("a", b"\x00\xff"), ("b", b"2"), ("b", b"")))
        publish(publisher, [message])
        assert taken(topic) == [message]

    def test_an_empty_value_stays_an_empty_value(self, publisher: Publisher, taken: Taken, topic: str) -> None:
        message = Message(topic, b"1", b"")
        publish(publisher, [message])
        assert taken(topic) == [message]

    @pytest.mark.parametrize(
        "key", ["Zoë|日本|🦆".encode(), bytes(range(256)), b"", b"k" * 3000], ids=["unicode", "binary", "empty", "long"]
    )
    def test_any_bytes_are_a_key(self, publisher: Publisher, taken: Taken, topic: str, key: bytes) -> None:
        message = Message(topic, key, bytes(range(256)))
        assert publish(publisher, [message]) == [ACKNOWLEDGED]
        assert taken(topic) == [message]

    def test_one_call_may_publish_to_several_topics(self, publisher: Publisher, taken: Taken, topic: str) -> None:
        letters = dead_letters_of(topic)
        messages = [Message(topic, b"1", b"a"), Message(letters, b"1", b"b"), Message(topic, b"1", b"c")]
        assert publish(publisher, messages) == [ACKNOWLEDGED] * 3
        assert (taken(topic), taken(letters)) == ([messages[0], messages[2]], [messages[1]])

    def test_a_call_with_nothing_to_publish_gives_no_receipts(self, publisher: Publisher) -> None:
        assert publish(publisher, []) == []

    def test_a_large_batch_arrives_completely(self, publisher: Publisher, taken: Taken, topic: str) -> None:
        messages = [Message(topic, b"%d" % (n % 1009), b"%d" % n * 100) for n in range(5000)]
        assert publish(publisher, messages) == [ACKNOWLEDGED] * 5000
        assert by_key(taken(topic)) == by_key(messages)


def publish(publisher: Publisher, messages: Sequence[Message]) -> list[Receipt]:
    return publisher.publish(messages, TIMEOUT)


def by_key(messages: Iterable[Message]) -> dict[bytes, list[Message]]:
    keys: dict[bytes, list[Message]] = {}
    for message in messages:
        keys.setdefault(message.key, []).append(message)
    return keys
