"""The poller: every shard in order, nothing twice without need, a parent before its children."""

from __future__ import annotations

from dataclasses import replace
from threading import Event, Thread

import pytest

from bridge.accounts import BatchResult
from bridge.poller import Poller
from bridge.streams import SHARD_END
from tests.poller_bench import PACE, USERS, Bench, ask, records
from tests.records import arn, record


def test_the_records_of_a_shard_are_relayed_once_and_in_order() -> None:
    bench = Bench()
    shard = bench.streams.open("a", records=records(1, 2, 3))
    bench.poll(3)
    shard.records += records(4, 5)
    assert bench.poll(3) == [1, 2, 3, 4, 5]


def test_a_pass_says_how_many_records_it_read() -> None:
    bench = Bench()
    bench.streams.open("a", records=records(1, 2))
    bench.streams.open("b", records=records(3))
    assert [bench.poller.poll_once() for _ in range(2)] == [3, 0]


def test_a_batch_is_one_page_of_one_shard() -> None:
    bench = Bench()
    bench.streams.page_records = 2
    bench.streams.open("a", records=records(1, 2, 3))
    bench.streams.open("b", records=records(4))
    bench.poll(3)
    assert (bench.batches, bench.done) == ([2, 1, 1], [1, 2, 4, 3])


def test_no_batch_is_larger_than_the_pace_says() -> None:
    bench = Bench(pace=replace(PACE, batch=2))
    bench.streams.open("a", records=records(1, 2, 3))
    bench.poll(2)
    assert (bench.batches, bench.done) == ([2, 1], [1, 2, 3])


@pytest.mark.parametrize(("window", "waited"), [(0.0, [PACE.busy, PACE.busy]), (30.0, [30.0, 30.0])])
def test_records_gather_for_as_long_as_the_window_says(window: float, waited: list[float]) -> None:
    class Stop(Event):
        def __init__(self) -> None:
            super().__init__()
            self.waited: list[float] = []

        def wait(self, timeout: float | None = None) -> bool:
            self.waited.append(timeout or 0.0)
            if len(self.waited) == 2:
                self.set()
            return super().wait(0.0)

    bench, stop = Bench(pace=replace(PACE, batch=1, window=window)), Stop()
    bench.streams.open("a", records=records(1, 2))
    bench.poller.run(stop)
    assert (stop.waited, bench.done) == (waited, [1, 2])


def test_an_empty_page_ahead_of_records_is_passed() -> None:
    bench = Bench()
    shard = bench.streams.open("a", records=records(1))
    bench.streams.page_records = 0
    bench.poll(2)
    bench.streams.page_records = 10
    assert bench.poll(1) == [1]
    assert shard.trimmed == 0


def test_a_returned_record_comes_again_from_exactly_there() -> None:
    bench = Bench()
    bench.streams.open("a", records=records(1, 2, 3))
    bench.returns = [2]
    assert bench.poll() == [1]
    assert bench.poll(seconds=1) == [1, 2, 3]


def test_a_whole_batch_that_is_returned_comes_again_whole() -> None:
    bench = Bench()
    bench.streams.open("a", records=records(1, 2, 3))
    bench.returns, bench.whole_batch = [2], True
    assert bench.poll() == []
    assert bench.poll(seconds=1) == [1, 2, 3]


def test_the_wait_after_a_return_doubles_to_its_limit_and_ends_with_success() -> None:
    bench = Bench()
    bench.streams.open("a", records=records(1))
    bench.returns = [1] * 6
    tries = []
    while not bench.poll(seconds=0.25):
        tries.append(len(bench.batches))
    waits = [tries.count(number) * 0.25 for number in range(1, 7)]
    for wait, whole in zip(waits, (1, 2, 4, 8, 8, 8), strict=True):
        assert whole / 2 <= wait <= whole + 0.25


def test_a_return_further_on_begins_with_the_shortest_wait_again() -> None:
    bench = Bench()
    bench.streams.open("a", records=records(1, 2, 3, 4, 5))
    bench.returns = [2, 3, 4, 5]
    bench.poll()
    assert bench.poll(4, seconds=PACE.first_retry) == [1, 2, 3, 4, 5]


def test_a_shard_that_waits_does_not_hold_up_another() -> None:
    bench = Bench()
    bench.streams.open("a", records=records(1))
    bench.streams.open("b", records=records(2))
    bench.returns = [1]
    assert bench.poll() == [2]


def test_a_new_process_goes_on_behind_the_last_record_done() -> None:
    bench = Bench()
    bench.streams.open("a", records=records(1, 2, 3))
    bench.returns = [3]
    bench.poll()
    bench.start()
    assert bench.poll() == [1, 2, 3]


def test_what_the_relay_raises_is_raised_and_the_position_stays() -> None:
    bench = Bench()
    bench.streams.open("a", records=records(1))

    def broken(_: object) -> BatchResult:
        raise RuntimeError("the log is gone")

    poller = Poller(USERS, bench.streams, bench.positions, broken, clock=lambda: 0.0, chance=lambda: 0.0)
    with pytest.raises(RuntimeError, match="the log is gone"):
        poller.poll_once()
    assert bench.poll() == [1]


def test_children_follow_when_all_of_their_parent_is_done() -> None:
    bench = Bench()
    bench.streams.page_records = 1
    bench.streams.open("parent", records=records(1, 2))
    bench.streams.open("left", "parent", records(3))
    bench.streams.open("right", "parent", records(4))
    bench.returns = [2]
    bench.poll(5)
    assert bench.done == [1]
    assert bench.poll(4, seconds=1) == [1, 2, 3, 4]
    assert bench.positions.get(arn(), "parent") == SHARD_END


def test_a_child_that_opens_later_is_found_when_its_parent_ends() -> None:
    bench = Bench()
    bench.streams.open("parent", records=records(1))
    bench.poll()
    bench.streams.open("child", "parent", records(2))
    assert bench.poll(2) == [1, 2]


def test_a_child_that_is_listed_long_after_its_parent_ended_is_found() -> None:
    bench = Bench()
    bench.streams.open("parent", records=records(1))
    child = bench.streams.open("child", "parent", records(2))
    child.listed = False
    bench.poll(5)
    child.listed = True
    assert bench.poll() == [1, 2]


def test_a_parent_that_the_listing_has_dropped_for_once_still_comes_first() -> None:
    bench = Bench()
    parent = bench.streams.open("parent", records=records(1, 2))
    bench.returns = [2]
    bench.poll()
    bench.streams.open("child", "parent", records(3))
    parent.listed = False
    assert bench.poll(3, seconds=10) == [1, 2, 3]


def test_a_new_process_does_not_read_a_finished_shard_again() -> None:
    bench = Bench()
    bench.streams.open("parent", records=records(1))
    bench.streams.open("child", "parent", records(2))
    bench.poll(3)
    bench.start()
    assert bench.poll(3) == [1, 2]


def test_a_shard_without_a_parent_that_appears_later_is_found() -> None:
    bench = Bench()
    bench.streams.open("a", records=records(1))
    bench.poll()
    bench.streams.open("b", records=records(2))
    assert bench.poll() == [1]
    assert bench.poll(seconds=PACE.listing) == [1, 2]


def test_an_empty_pass_before_the_question_does_not_answer_it() -> None:
    bench = Bench()
    bench.streams.open("a")
    bench.poll()
    assert not bench.poller.wait_for_empty_pass(0)


def test_a_pass_is_empty_when_every_shard_has_nothing() -> None:
    bench = Bench()
    bench.streams.open("a", records=records(1))
    assert ask(bench, timeout=10)
    assert bench.done == [1]


def test_a_stream_without_a_shard_is_empty() -> None:
    assert ask(Bench(), timeout=10)


def test_a_pass_that_reads_something_is_not_empty() -> None:
    bench = Bench()
    shard = bench.streams.open("a")
    assert not ask(bench, 0.05, lambda: shard.records.append(record("INSERT", len(shard.records))))


def test_a_pass_is_not_empty_while_a_record_stays_returned() -> None:
    bench = Bench()
    bench.streams.open("a", records=records(1))
    bench.returns = [1]
    assert not ask(bench, 0.05)


def test_a_pass_is_not_empty_in_an_outage() -> None:
    bench = Bench()
    bench.streams.open("a")
    bench.streams.outages = 1
    assert not ask(bench, 0.05)


def test_a_pass_is_not_empty_while_the_children_of_an_ended_shard_are_not_listed() -> None:
    bench = Bench()
    bench.streams.open("a").ended = True
    assert not ask(bench, 0.05)


def test_a_running_poller_reads_what_comes_until_it_is_stopped() -> None:
    bench = Bench()
    shard = bench.streams.open("a", records=records(1))
    stop = Event()
    thread = Thread(target=bench.poller.run, args=(stop,))
    thread.start()
    assert bench.poller.wait_for_empty_pass(10)
    shard.records += records(2)
    assert bench.poller.wait_for_empty_pass(10)
    stop.set()
    thread.join(10)
    assert (thread.is_alive(), bench.done) == (False, [1, 2])
