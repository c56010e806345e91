"""What every subscription does, as tests: subclass `SubscriptionContract` and give `log`."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Event
from typing import Protocol
from uuid import uuid4

import pytest

from consumers.subscription import Delivery, Log, Subscription
from schemas.dead_letters import Headers
from schemas.partitions import partition_of

GROUP = f"group-{uuid4().hex}"
"""No other run's, where a server is shared."""
PARTITIONS = 3
NOW = 1_770_000_000.123
"""What the log's clock says, epoch seconds."""
LONG = 30.0
"""Seconds; never waited for when all is well."""


class LogUnderTest(Protocol):
    """A log with an empty topic of PARTITIONS partitions."""

    now: float
    """What its clock says; NOW unless a test moves it."""

    @property
    def topic(self) -> str:
        """The topic's name."""
        ...

    @property
    def log(self) -> Log:
        """The log as an operator reads it."""
        ...

    def append(self, key: bytes | None, value: bytes | None, headers: Headers = ()) -> None:
        """Appends to the key's partition; with no key, to any."""
        ...

    def subscribe(self, group: str = GROUP) -> Subscription:
        """A member of the group; the one before has left."""
        ...


class SubscriptionContract:
    """A subclass gives the fixture `log`, a LogUnderTest of the test's own."""

    def test_deliveries_of_a_partition_come_in_offset_order_from_zero_and_without_gaps(self, log: LogUnderTest) -> None:
        for n in range(60):
            log.append(b"%d" % n, b"value %d" % n)
        delivered = everything(log.subscribe(), 60)
        for partition in range(PARTITIONS):
            there = [delivery for delivery in delivered if delivery.partition == partition]
            assert [delivery.offset for delivery in there] == list(range(len(there)))
            assert [delivery.key for delivery in there] == [
                b"%d" % n for n in range(60) if partition_of(b"%d" % n, PARTITIONS) == partition
            ]

    def test_a_delivery_carries_what_was_appended_where_it_stands_and_when(self, log: LogUnderTest) -> None:
        headers = (("b", b"1"), ("a", b"\x00\xff"), ("b", b""))
        log.append(key_in(2), b"before")
        log.append(key_in(2), bytes(range(256)), headers)
        _, delivery = everything(log.subscribe(), 2)
        assert delivery == Delivery(log.topic, 2, 1, key_in(2), bytes(range(256)), headers, int(NOW * 1000))

    @pytest.mark.parametrize("key", [b"1", b"", None])
    @pytest.mark.parametrize("value", [b"v", b"", None])
    def test_none_and_empty_stay_what_they_are(self, log: LogUnderTest, key: bytes | None, value: bytes | None) -> None:
        log.append(key, value)
        (delivery,) = everything(log.subscribe(), 1)
        assert (delivery.key, delivery.value) == (key, value)

    def test_a_poll_gives_no_more_than_its_limit_and_the_next_one_goes_on(self, log: LogUnderTest) -> None:
        for n in range(10):
            log.append(b"1", b"%d" % n)
        subscription = log.subscribe()
        polls = [subscription.poll(4, LONG) for _ in range(3)]
        assert [[delivery.offset for delivery in poll] for poll in polls] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]

    def test_a_poll_with_nothing_there_is_empty_after_its_timeout(self, log: LogUnderTest) -> None:
        log.append(b"1", b"only")
        subscription = log.subscribe()
        everything(subscription, 1)
        assert subscription.poll(10, 0.0) == []
        assert subscription.poll(10, 0.02) == []

    def test_a_new_member_begins_at_the_committed_position_and_gets_the_rest_again(self, log: LogUnderTest) -> None:
        for n in range(5):
            log.append(b"1", b"%d" % n)
        first = log.subscribe()
        everything(first, 5)
        first.commit({partition_of(b"1", PARTITIONS): 3})
        first.close()
        assert [delivery.offset for delivery in everything(log.subscribe(), 2)] == [3, 4]

    def test_a_partition_without_a_committed_position_begins_at_zero(self, log: LogUnderTest) -> None:
        for partition in range(PARTITIONS):
            log.append(key_in(partition), b"value")
        first = log.subscribe()
        everything(first, PARTITIONS)
        first.commit({1: 1})
        first.close()
        assert {delivery.partition for delivery in everything(log.subscribe(), 2)} == {0, 2}

    def test_groups_do_not_touch_each_other(self, log: LogUnderTest) -> None:
        for n in range(5):
            log.append(b"1", b"%d" % n)
        one, other = log.subscribe("one"), log.subscribe("other")
        everything(one, 5)
        one.commit({partition_of(b"1", PARTITIONS): 5})
        assert len(everything(other, 5)) == 5
        assert log.log.positions("other", log.topic) == {}

    def test_a_poll_that_waits_returns_when_something_is_appended(self, log: LogUnderTest) -> None:
        with Waiting(log.subscribe()) as waiting:
            log.append(b"1", b"news")
            assert [delivery.value for delivery in waiting.result()] == [b"news"]

    def test_a_poll_that_waits_returns_empty_when_it_is_woken(self, log: LogUnderTest) -> None:
        subscription = log.subscribe()
        with Waiting(subscription) as waiting:
            subscription.wake()
            assert waiting.result() == []

    def test_waking_before_the_poll_is_not_lost_and_counts_once(self, log: LogUnderTest) -> None:
        subscription = log.subscribe()
        subscription.wake()
        assert subscription.poll(10, LONG) == []
        with Waiting(subscription) as waiting:
            log.append(b"1", b"news")
            assert [delivery.value for delivery in waiting.result()] == [b"news"]

    def test_a_paused_member_polls_nothing_and_goes_on_where_it_was(self, log: LogUnderTest) -> None:
        for n in range(6):
            log.append(b"1", b"%d" % n)
        subscription = log.subscribe()
        assert [delivery.offset for delivery in subscription.poll(3, LONG)] == [0, 1, 2]
        subscription.pause()
        assert subscription.poll(10, 0.05) == []
        subscription.resume()
        assert [delivery.offset for delivery in everything(subscription, 3)] == [3, 4, 5]
        assert subscription.revoked() == frozenset()


class FairSubscriptionContract(SubscriptionContract):
    """For logs that let their partitions take turns."""

    def test_a_long_partition_does_not_hold_up_the_others(self, log: LogUnderTest) -> None:
        for _ in range(100):
            log.append(key_in(0), b"value")
        for partition in (1, 2):
            log.append(key_in(partition), b"value")
        polled = log.subscribe().poll(10, LONG)
        assert len(polled) == 10
        assert {delivery.partition for delivery in polled} == {0, 1, 2}

    def test_every_partition_gets_its_turn_even_where_the_limit_is_one(self, log: LogUnderTest) -> None:
        for _ in range(3):
            for partition in range(PARTITIONS):
                log.append(key_in(partition), b"value")
        subscription = log.subscribe()
        polled = [subscription.poll(1, LONG) for _ in range(PARTITIONS)]
        assert sorted(delivery.partition for (delivery,) in polled) == [0, 1, 2]


class Waiting:
    """A poll with a long timeout in a thread of its own, about to wait or waiting."""

    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription
        self._started = Event()
        self._threads = ThreadPoolExecutor(1)

    def __enter__(self) -> Waiting:
        self._polled = self._threads.submit(self._poll)
        assert self._started.wait(LONG)
        return self

    def __exit__(self, *_: object) -> None:
        self._subscription.wake()
        self._threads.shutdown()

    def result(self) -> list[Delivery]:
        """What the poll returned; fails where it went on waiting."""
        return self._polled.result(LONG / 3)

    def _poll(self) -> list[Delivery]:
        self._started.set()
        return self._subscription.poll(10, LONG)


def everything(subscription: Subscription, number: int) -> list[Delivery]:
    """The next `number` deliveries, and that there are no more."""
    deliveries: list[Delivery] = []
    while len(deliveries) < number and (polled := subscription.poll(number, LONG)):
        deliveries += polled
    assert subscription.poll(1, 0.0) == []
    return deliveries


def offsets(deliveries: Iterable[Delivery]) -> list[int]:
    return [delivery.offset for delivery in deliveries]


def key_in(partition: int) -> bytes:
    """A key that falls into the partition."""
    keys = (b"%d" % n for n in count())
    return next(key for key in keys if partition_of(key, PARTITIONS) == partition)
