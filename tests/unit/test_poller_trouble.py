"""The poller in trouble: nothing is lost without a word, and what a person must mend is one clear error."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from bridge.errors import StreamMissing, WrongViewType
from bridge.memory_streams import MemoryStreams
from bridge.streams import Stream
from schemas.change_event import ViewType
from tests.poller_bench import PACE, Bench, records
from tests.records import arn


def errors(caplog: pytest.LogCaptureFixture) -> Iterator[str]:
    return (entry.getMessage() for entry in caplog.records if entry.levelno >= logging.ERROR)


def test_an_expired_iterator_is_replaced_at_the_same_place() -> None:
    bench = Bench()
    shard = bench.streams.open("a", records=records(1, 2))
    bench.poll()
    shard.records += records(3)
    bench.streams.expire()
    assert bench.poll() == [1, 2, 3]


@pytest.mark.parametrize("expired", [False, True], ids=["at the iterator", "at the position"])
def test_trimmed_records_are_counted_and_named_and_reading_goes_on(
    expired: bool, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench()
    shard = bench.streams.open("a", records=records(1))
    bench.poll()
    shard.records += records(2, 3)
    shard.trimmed = 2
    if expired:
        bench.streams.expire()
    assert bench.poll() == [1, 3]
    assert bench.poller.trimmed == 1
    (alarm,) = (entry for entry in caplog.records if entry.levelno >= logging.ERROR)
    assert "changes after sequence number 1 are lost" in alarm.getMessage()


def test_a_shard_that_vanished_unread_is_counted_and_its_children_follow(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    bench.streams.open("parent", records=records(1))
    bench.poll()
    bench.streams.open("child", "parent", records(2))
    del bench.streams.shards_by_id["parent"]
    bench.streams.expire()
    assert bench.poll(2) == [1, 2]
    assert bench.poller.trimmed == 1
    assert any("are lost" in message for message in errors(caplog))


def test_a_shard_that_was_missing_for_a_moment_has_lost_nothing() -> None:
    bench = Bench()
    shard = bench.streams.open("a", records=records(1))
    bench.poll()
    del bench.streams.shards_by_id["a"]
    bench.streams.expire()
    bench.poll()
    bench.streams.shards_by_id["a"] = shard
    bench.streams.open("b", "a", records(2))
    assert bench.poll(3, seconds=1) == [1, 2]
    del bench.streams.shards_by_id["a"]
    bench.poll(seconds=PACE.listing)
    assert bench.poller.trimmed == 0


def test_an_outage_is_waited_out_and_nothing_is_lost_or_repeated(caplog: pytest.LogCaptureFixture) -> None:
    for call in range(4):
        bench = Bench()
        shard = bench.streams.open("a", records=records(1))
        if call == 3:
            bench.poll()
            shard.records += records(2)
        expected = [1, 2] if call == 3 else [1]
        bench.streams.outages = 1 + call % 3
        assert bench.poll(20, seconds=1) == expected
    assert not list(errors(caplog))


def test_an_outage_is_not_asked_about_before_its_time() -> None:
    bench = Bench()
    bench.streams.open("a", records=records(1))
    bench.streams.outages = 2
    bench.poll(10)
    assert bench.streams.outages == 1


@pytest.mark.parametrize("apart", [0.0, PACE.listing], ids=["of a shard", "of the listing"])
def test_after_an_outage_the_next_one_begins_with_the_shortest_wait_again(apart: float) -> None:
    bench = Bench()
    shard = bench.streams.open("a")
    bench.poll()
    for _ in range(5):
        bench.streams.outages = 1
        bench.poll(seconds=apart)
        bench.poll(seconds=PACE.first_retry)
    shard.records += records(1)
    assert bench.streams.outages == 0
    assert bench.poll() == [1]


def test_a_table_without_a_stream_is_an_error() -> None:
    bench = Bench()
    bench.streams.stream = None
    with pytest.raises(StreamMissing, match="Users"):
        bench.poll()


def test_a_stream_of_other_images_than_declared_is_refused_with_the_cure() -> None:
    bench = Bench(MemoryStreams("Users", arn(), ViewType.KEYS_ONLY))
    with pytest.raises(WrongViewType, match=r"Users carries KEYS_ONLY.*NEW_AND_OLD_IMAGES.*switch the stream off"):
        bench.poll()


def test_a_stream_that_was_switched_off_is_read_to_its_end_before_it_is_an_error() -> None:
    bench = Bench()
    shard = bench.streams.open("a", records=records(1, 2))
    bench.returns = [2]
    bench.poll()
    shard.ended, bench.streams.stream = True, None
    with pytest.raises(StreamMissing):
        bench.poll(3, seconds=1)
    assert bench.done == [1, 2]


def test_a_stream_that_was_switched_on_again_is_followed() -> None:
    bench = Bench()
    bench.streams.open("a", records=records(1)).ended = True
    bench.poll()
    bench.streams.stream = Stream(arn(label="2026-02-02T00:00:00.000"), ViewType.NEW_AND_OLD_IMAGES)
    del bench.streams.shards_by_id["a"]
    bench.streams.open("a", records=records(2))
    assert bench.poll() == [1, 2]
