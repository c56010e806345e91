"""Outage is not poison: a group waits, stays a member, and goes on where it was, with nothing lost or counted twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from random import Random
from threading import Event

import pytest

from consumers.delivery.memory import MemorySubscription
from consumers.delivery.retries import Backoff, decide_retry
from consumers.errors import DeadLetterLost, GroupStopped, Outage
from consumers.read_model import WriteOutcome, WriteStatus
from consumers.read_models.memory import MemoryReadModel
from consumers.writes import VersionedWrite
from schemas.codec import EventDecoder
from schemas.errors import RegistryUnavailable
from tests.bench import COPY, NOW, TOPIC, Bench
from tests.events import REGISTRY, event


class Store(MemoryReadModel):
    """A store that fails for these keys (None: for all), as long as there are any."""

    store = "OpenSearch"

    def __init__(self) -> None:
        super().__init__("copy")
        self.away: set[str] | None = set()
        self.applied: list[str] = []

    def apply(self, writes: Sequence[VersionedWrite]) -> list[WriteOutcome]:
        return [self._one(write) for write in writes]

    def _one(self, write: VersionedWrite) -> WriteOutcome:
        if self.away is None or write.key in self.away:
            return WriteOutcome(WriteStatus.FAILED, "connection refused")
        self.applied.append(write.key)
        return super().apply([write])[0]


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def bench(store: Store) -> Bench:
    return Bench(read_model=store, partitions=3)


def test_while_the_store_is_away_nothing_is_committed_or_dead_lettered_and_the_group_says_what_it_waits_for(
    bench: Bench, store: Store
) -> None:
    store.away = None
    assert bench.turn(event(after={})) == {}
    waiting = bench.consumer.waiting
    assert waiting is not None
    assert (waiting.of, waiting.reason, waiting.since) == ("OpenSearch", "connection refused", NOW)
    bench.now += 3600
    assert bench.turn() == {}
    assert bench.consumer.waiting is not None
    assert bench.consumer.waiting.since == NOW
    assert not any(bench.log.positions("copy", TOPIC).values())
    assert bench.dead_letters.letters == []


def test_when_the_store_is_back_the_same_deliveries_are_applied_and_the_group_goes_on(
    bench: Bench, store: Store
) -> None:
    store.away = None
    bench.turn(event(user_id=1, after={}))
    store.away = set()
    bench.now += 60
    assert bench.turn(event(user_id=2, after={})) == {"applied": 1}
    assert bench.consumer.waiting is None
    assert bench.turn() == {"applied": 2}
    assert set(bench.documents()) == {"1", "2"}
    assert sum(bench.log.positions("copy", TOPIC).values()) == 2


def test_before_it_is_time_the_store_is_not_asked_and_nothing_new_is_polled(bench: Bench, store: Store) -> None:
    store.away = {"1"}
    bench.turn(event(user_id=1, after={}))
    store.away = set()
    assert bench.turn(event(user_id=2, after={})) == {}
    assert store.applied == []
    assert bench.consumer.outcomes.polled == 1


def test_what_was_applied_before_the_outage_is_not_applied_again_and_counts_as_applied(
    bench: Bench, store: Store
) -> None:
    store.away = {"2"}
    changes = [event(user_id=user_id, after={}) for user_id in (1, 2, 3)]
    assert bench.turn(*changes) == {}
    store.away = set()
    bench.now += 60
    assert bench.turn() == {"applied": 3}
    assert sorted(store.applied) == ["1", "2", "3"]


def test_a_store_that_raises_is_away_too(bench: Bench, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> list[WriteOutcome]:
        raise ConnectionError("reset by peer")

    with monkeypatch.context() as patch:
        patch.setattr(store, "apply", broken)
        bench.turn(event(after={}))
    assert bench.consumer.waiting is not None
    assert bench.consumer.waiting.reason == "ConnectionError: reset by peer"
    bench.now += 60
    assert bench.turn() == {"applied": 1}


def test_a_registry_that_is_away_holds_up_the_group_and_dead_letters_nothing() -> None:
    class Away:
        away = True

        def schema(self, schema_id: int) -> str:
            if self.away:
                raise RegistryUnavailable("http://registry", "connection refused")
            return REGISTRY.schema(schema_id)

    registry = Away()
    bench = Bench(decoder=EventDecoder(registry))  # type: ignore[arg-type]  # a decoder asks for nothing else
    bench.turn(event(after={}))
    assert bench.consumer.waiting is not None
    assert bench.consumer.waiting.of == "the schema registry"
    registry.away = False
    bench.now += 60
    assert bench.turn() == {"applied": 1}


class Flaky(MemorySubscription):
    """A subscription whose commits fail as often as it is told."""

    failures = 0

    def commit(self, positions: Mapping[int, int]) -> None:
        if self.failures:
            self.failures -= 1
            raise Outage("Kafka", "the coordinator is not available")
        super().commit(positions)


def test_a_commit_that_fails_is_made_up_for_and_nothing_is_counted_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    flaky = Flaky(bench.log, COPY.name, TOPIC)
    monkeypatch.setattr(bench.consumer, "_subscription", flaky)
    bench.turn(event(after={}))
    flaky.failures = 2
    assert bench.turn(event(user_id=2, after={})) == {"applied": 2}
    assert bench.log.positions("copy", TOPIC) == {0: 1}
    for _ in range(2):
        bench.now += 60
        bench.turn()
    assert bench.consumer.waiting is None
    assert bench.log.positions("copy", TOPIC) == {0: 2}
    assert bench.consumer.outcomes.as_counts()["applied"] == 2


def test_a_first_commit_that_fails_is_made_up_for_before_anything_is_applied(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    flaky = Flaky(bench.log, COPY.name, TOPIC)
    flaky.failures = 1
    monkeypatch.setattr(bench.consumer, "_subscription", flaky)
    assert bench.turn(event(after={})) == {}
    assert bench.documents() == {}
    bench.now += 60
    assert bench.turn() == {"applied": 1}


def test_deliveries_of_a_partition_that_is_lost_in_an_outage_are_left_to_its_next_owner(
    bench: Bench, store: Store
) -> None:
    store.away = None
    bench.turn(*(event(user_id=user_id, after={}) for user_id in range(9)))
    bench.subscription.lose(0, 2)
    kept = 9 - sum(bench.log.ends(TOPIC)[partition] for partition in (0, 2))
    bench.turn()
    assert bench.consumer.under_way == kept
    assert bench.consumer.outcomes.returned == 9 - kept
    store.away = set()
    bench.now += 60
    bench.turn()
    assert bench.turn() == {"applied": 9}
    assert set(bench.documents()) == {str(user_id) for user_id in range(9)}


def test_retries_wait_twice_as_long_each_time_up_to_a_limit_and_never_all_at_once() -> None:
    outage, backoff = Outage("OpenSearch", "away"), Backoff(first=0.1, longest=5.0)
    waits = [decide_retry(None, outage, NOW, 1.0, backoff)]
    for _ in range(9):
        waits.append(decide_retry(waits[-1], outage, NOW + 1, 1.0, backoff))
    assert [round(wait.seconds, 3) for wait in waits] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0, 5.0]
    assert {wait.since for wait in waits} == {NOW}
    assert [later.tries - earlier.tries for earlier, later in pairwise(waits)] == [1] * 9
    assert decide_retry(None, outage, NOW, 0.0, backoff).seconds == 0.05


def test_another_outage_counts_from_its_own_beginning() -> None:
    first = decide_retry(None, Outage("OpenSearch", "away"), NOW, 1.0, Backoff())
    second = decide_retry(first, Outage("Kafka", "away"), NOW + 5, 1.0, Backoff())
    assert (second.of, second.since) == ("Kafka", NOW + 5)


def test_a_store_that_takes_a_part_each_time_is_not_waited_for_longer_and_longer(bench: Bench, store: Store) -> None:
    bench.append(*(event(user_id=user_id, after={}) for user_id in range(9)))
    for user_id in range(9):
        store.away = {str(later) for later in range(user_id + 1, 9)}
        bench.now += 60
        bench.turn()
        assert bench.consumer.waiting is None or bench.consumer.waiting.tries == 0
    assert bench.turn() == {"applied": 9}


def test_a_topic_of_poison_alone_stops_the_group_at_the_limit_with_everything_recorded_committed() -> None:
    bench = Bench()
    bench.append(*[b"poison"] * 150)
    with pytest.raises(GroupStopped, match=r"100 of its last 100 deliveries became dead letters"):
        bench.consumer.run(Event())
    assert len(bench.dead_letters.letters) == 100
    assert bench.log.positions("copy", TOPIC) == {0: 100}


def test_a_dead_letter_that_cannot_be_written_stops_the_group_and_its_delivery_stays_under_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lost(_: object) -> None:
        raise DeadLetterLost("users.changes/0/1 cannot be written")

    bench = Bench()
    monkeypatch.setattr(bench.dead_letters, "record", lost)
    bench.append(event(user_id=1, after={}), b"poison", event(user_id=2, after={}))
    with pytest.raises(GroupStopped, match=r"users.changes/0/1 cannot be written"):
        bench.consumer.run(Event())
    assert bench.consumer.under_way == 2
    assert bench.consumer.outcomes.unaccounted(bench.consumer.under_way) == 0
    assert bench.log.positions("copy", TOPIC) == {0: 0}


def test_poison_below_the_limit_stops_nobody() -> None:
    bench = Bench()
    for number in range(1200):
        bench.append(b"poison" if number % 10 == 9 else event(user_id=number, after={}))
    bench.turn()
    assert bench.turn() == {"applied": 1080, "dead_lettered": 120}


@pytest.mark.parametrize("seed", range(20))
def test_whatever_fails_in_whatever_order_every_delivery_gets_one_outcome_and_the_end_is_right(seed: int) -> None:
    chance = Random(seed)
    store = Store()
    bench = Bench(read_model=store, partitions=3)
    flaky = Flaky(bench.log, COPY.name, TOPIC)
    bench.consumer._subscription = flaky
    last: dict[str, int] = {}
    for sequence in range(1, 60):
        user_id = chance.randrange(8)
        last[str(user_id)] = sequence
        bench.append(event("MODIFY", sequence, user_id=user_id, before={}, after={"x": sequence}))
        store.away = chance.choice([set(), set(), {str(chance.randrange(8))}, None])
        flaky.failures = chance.choice([0, 0, 1])
        if chance.random() < 0.3:
            flaky.lose(chance.randrange(3))
        bench.now += chance.choice([0.01, 10])
        bench.consumer.step(0.0)
        assert bench.consumer.outcomes.unaccounted(bench.consumer.under_way) == 0
    store.away, flaky.failures = set(), 0
    while bench.consumer.waiting or flaky._rest(1):
        bench.now += 60
        bench.consumer.step(0.0)
    assert {key: document["x"] for key, document in bench.documents().items()} == last
    assert bench.log.positions("copy", TOPIC) == {p: end for p, end in bench.log.ends(TOPIC).items() if end}
    assert bench.consumer.outcomes.unaccounted(0) == 0
    assert bench.dead_letters.letters == []
