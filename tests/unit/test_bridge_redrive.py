"""Redriving the bridge's dead letters: published and resolved, or still poison under the same place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from bridge.memory import MemoryPublisher
from bridge.publisher import Message, Publisher, Receipt, Status
from bridge.relay import Line, Relay, lines
from consumers.delivery.memory import MemoryDeadLetters
from consumers.delivery.redrive import Fate, Verdict
from consumers.errors import Outage
from consumers.read_model import REMOVALS_KEPT_SECONDS
from distributary.bridge_redrive import BridgeRedrive
from distributary.ledger import Ledger
from schemas.dead_letters import DeadLetter, read_dead_letter
from schemas.filters import compile_pattern
from schemas.registry import PackagedRegistry
from schemas.topics import TOPICS
from tests.records import arn, record, written

COMMITTED = record()["dynamodb"]["ApproximateCreationDateTime"]
NOW = COMMITTED + 3600.0
LINES = lines(TOPICS, PackagedRegistry())
USERS, UNKNOWN = "users.changes.dead-letters", "bridge.dead-letters"
GOOD = written(record(sequence=5, after={"Username": "ann"}))
BAD = written(record("UPSERT", sequence=5, after={"Username": "ann"}))


class Bench:
    """The redrive of the letters that these records became, in `topic`."""

    def __init__(self, topic: str, *values: bytes, known: Sequence[Line] = LINES) -> None:
        self.now = NOW
        self.publisher = MemoryPublisher(self._receipt)
        self.fate: Callable[[Message], Receipt | None] = lambda _: None
        self.dead_letters = MemoryDeadLetters()
        self.letters = [letter(value) for value in values]
        for each in self.letters:
            self.dead_letters.record(each)
        self.ledger = Ledger(())

        def relay_on(publisher: Publisher) -> Relay:
            return Relay(known, publisher, lambda: self.now)

        self.way = BridgeRedrive(
            topic, relay_on, self.publisher, self.dead_letters, self.ledger, clock=lambda: self.now
        )

    def _receipt(self, message: Message) -> Receipt | None:
        return self.fate(message)

    def redrive(self) -> list[tuple[Fate, str]]:
        """Redrives the letters, once the dry run has said the same and touched nothing."""
        told = [_plain(verdict) for verdict in self.way.foretell(self.letters)]
        assert (self.publisher.messages, self.ledger.rows()) == ([], [])
        done = [_plain(verdict) for verdict in self.way.redrive(self.letters)]
        assert done == told
        return done

    def accounts(self) -> list[dict[str, Any]]:
        return [{name: count for name, count in row.items() if count} for row in self.ledger.rows()]


def letter(value: bytes) -> DeadLetter:
    """A dead letter from two attempts at a relay that knew no better."""
    return DeadLetter(f"{arn()}#5", value, "check", "UnconvertibleRecord", "it was", int(NOW * 1000) - 7, attempts=2)


def _plain(verdict: Verdict) -> tuple[Fate, str]:
    return verdict.fate, verdict.reason


def test_a_record_that_converts_by_now_is_published_and_its_letter_resolved() -> None:
    bench = Bench(USERS, GOOD)
    assert bench.redrive() == [(Fate.PUBLISHED, "")]
    assert [(message.topic, message.key) for message in bench.publisher.messages] == [("users.changes", b"1")]
    assert bench.dead_letters.letters == []
    assert bench.accounts() == [{"table": "Users", "read": 1, "published": 1}]


def test_a_record_that_the_bridge_filters_by_now_is_resolved() -> None:
    removes = compile_pattern({"eventName": ["REMOVE"]})
    filtering = [Line(replace(line.topic, published=removes), line.encoder) for line in LINES]
    bench = Bench(USERS, GOOD, known=filtering)
    assert bench.redrive() == [(Fate.FILTERED, "")]
    assert (bench.publisher.messages, bench.dead_letters.letters) == ([], [])


def test_one_that_is_still_poison_is_written_again_under_its_place_and_no_null_follows() -> None:
    bench = Bench(USERS, BAD)
    ((fate, reason),) = bench.redrive()
    (message,) = bench.publisher.messages
    again = read_dead_letter(message.key, message.value, message.headers)
    assert (fate, reason) == (Fate.STILL_POISON, again.message)
    assert "UPSERT" in reason
    assert message.topic == USERS
    assert (again.place, again.value, again.attempts) == (f"{arn()}#5", BAD, 3)
    assert again.first_seen == bench.letters[0].first_seen
    assert bench.dead_letters.letters == bench.letters
    assert bench.accounts() == [{"table": "Users", "read": 1, "dead_lettered": 1}]


def test_a_record_of_a_table_that_is_known_by_now_is_published() -> None:
    bench = Bench(UNKNOWN, GOOD)
    assert bench.redrive() == [(Fate.PUBLISHED, "")]
    assert bench.dead_letters.letters == []


def test_one_of_a_table_that_is_known_by_now_but_still_poison_moves_to_that_tables_letters() -> None:
    bench = Bench(UNKNOWN, BAD)
    ((fate, reason),) = bench.redrive()
    assert fate is Fate.STILL_POISON
    assert reason.startswith(f"it belongs to {USERS} now: ")
    assert [message.topic for message in bench.publisher.messages] == [USERS]
    assert bench.dead_letters.letters == []


def test_one_of_no_known_table_stays_where_it_is() -> None:
    bench = Bench(UNKNOWN, b"nonsense")
    ((fate, reason),) = bench.redrive()
    assert fate is Fate.STILL_POISON
    assert "not JSON" in reason
    assert bench.dead_letters.letters == bench.letters
    assert bench.accounts() == [{"read": 1, "dead_lettered": 1}]


def test_a_log_that_is_away_ends_it_and_leaves_open_what_is_not_done() -> None:
    bench = Bench(USERS, GOOD, GOOD)
    done = bench.way.redrive(bench.letters)
    assert next(done).fate is Fate.PUBLISHED
    bench.dead_letters.record(bench.letters[1])
    bench.fate = lambda _: Receipt(Status.FAILED, "no broker")
    with pytest.raises(Outage, match="the log cannot be used just now: no broker"):
        next(done)
    assert bench.dead_letters.letters == [bench.letters[1]]
    assert bench.accounts() == [{"table": "Users", "read": 2, "published": 1, "returned": 1}]


def test_what_the_log_refuses_for_good_stays_open_with_its_reason() -> None:
    bench = Bench(USERS, GOOD)
    bench.fate = lambda sent: Receipt(Status.REFUSED, "no") if sent.topic == "users.changes" else None
    (verdict,) = bench.way.redrive(bench.letters)
    assert _plain(verdict) == (Fate.STILL_POISON, "no")
    assert bench.dead_letters.letters == bench.letters


@pytest.mark.parametrize("value", [GOOD, BAD, b"nonsense"])
def test_what_is_older_than_removals_are_remembered_is_left_as_it_is_with_the_way_to_go(value: bytes) -> None:
    bench = Bench(USERS, value)
    bench.now = NOW + REMOVALS_KEPT_SECONDS
    ((fate, reason),) = bench.redrive()
    assert fate is Fate.TOO_OLD
    assert "`distributary rebuild GROUP --keys`, in every group, before it is published" in reason
    assert (bench.publisher.messages, bench.dead_letters.letters) == ([], bench.letters)
