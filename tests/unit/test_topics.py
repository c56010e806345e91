"""Topics: the table of data that both sides of the log go by."""

from __future__ import annotations

import pytest

from schemas.errors import UnknownTopic
from schemas.topics import BRIDGE_DEAD_LETTERS, TOPICS, dead_letters_of, max_bytes, topic_named


def test_the_partitions_of_a_topic_never_change() -> None:
    """Another count here would spread the events of one item over two partitions, out of order."""
    assert {topic.name: topic.partitions for topic in TOPICS} == {"users.changes": 6, "workplace-users-v2.changes": 6}


def test_every_table_and_every_topic_has_one_line() -> None:
    for field in ("table", "name", "item_record"):
        assert len({getattr(topic, field) for topic in TOPICS}) == len(TOPICS)


def test_a_topic_is_found_by_its_name() -> None:
    assert topic_named("users.changes").table == "Users"
    assert topic_named("users.changes").subject == "users.changes-value"


def test_an_unknown_topic_is_named_beside_those_there_are() -> None:
    with pytest.raises(UnknownTopic, match=r"no topic orders\.changes; known: users\.changes, workplace-users-v2"):
        topic_named("orders.changes")


def test_a_dead_letter_topic_takes_a_whole_message_and_its_headers() -> None:
    mebibyte = 1024 * 1024
    assert max_bytes("users.changes") == 8 * mebibyte
    assert max_bytes(dead_letters_of("users.changes")) == 9 * mebibyte
    assert max_bytes(dead_letters_of("app-users")) == 9 * mebibyte
    assert max_bytes(BRIDGE_DEAD_LETTERS) == 9 * mebibyte
