"""Whether a poller has passed a moment: every shard read to its end by a pass begun after it, whatever is written."""

from __future__ import annotations

from itertools import count

from bridge.shard_reader import PAGE_BYTES
from tests.poller_bench import PACE, Bench, ask_whether_passed, records
from tests.records import record


def test_a_pass_before_the_question_does_not_answer_it() -> None:
    bench = Bench()
    bench.streams.open("a", records=records(1))
    bench.poll()
    assert not bench.poller.wait_until_passed(0)


def test_a_stream_that_is_written_to_all_the_time_is_passed_and_what_was_there_is_relayed() -> None:
    bench, more = Bench(), count(3)
    shard = bench.streams.open("a", records=records(1, 2))
    assert ask_whether_passed(bench, 10, lambda: shard.records.append(record("INSERT", next(more))))
    assert bench.done[:2] == [1, 2]


def test_a_full_page_may_have_more_behind_it() -> None:
    bench, more = Bench(), count(1)
    shard = bench.streams.open("a")
    whole = PACE.batch

    def fill() -> None:
        shard.records += [record("INSERT", next(more)) for _ in range(whole + 1)]

    assert not ask_whether_passed(bench, 0.05, fill)


def test_so_may_a_page_of_large_records() -> None:
    bench, more = Bench(), count(1)
    shard = bench.streams.open("a")

    def write() -> None:
        large = record("INSERT", next(more))
        large["dynamodb"]["SizeBytes"] = PAGE_BYTES
        shard.records.append(large)

    assert not ask_whether_passed(bench, 0.05, write)


def test_nothing_is_passed_while_a_record_stays_returned_or_in_an_outage() -> None:
    bench = Bench()
    bench.streams.open("a", records=records(1))
    bench.returns = [1]
    assert not ask_whether_passed(bench, 0.05)
    bench = Bench()
    bench.streams.open("a", records=records(1))
    bench.streams.outages = 1
    assert not ask_whether_passed(bench, 0.05)


def test_nothing_is_passed_while_a_child_waits_for_its_parent_or_is_not_listed_yet() -> None:
    bench, more = Bench(), count(3)
    parent = bench.streams.open("a", records=records(1))
    bench.streams.open("b", "a", records=records(2))
    parent.ended = False
    assert not ask_whether_passed(bench, 0.05, lambda: parent.records.append(record("INSERT", next(more))))
    bench = Bench()
    bench.streams.open("a").ended = True
    assert not ask_whether_passed(bench, 0.05)


def test_a_stream_without_a_shard_is_passed() -> None:
    assert ask_whether_passed(Bench(), 10)
