"""A pipeline whose parts run in other processes, followed by their pages: it behaves as one whose parts are here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from threading import Event

import pytest

from consumers.delivery.loop import Turn
from distributary.errors import PartStopped
from distributary.ledger import Ledger
from distributary.local.elsewhere import GroupElsewhere, PartPages, PollerElsewhere, TurnsElsewhere
from distributary.pages import Pages, serving
from distributary.pipeline import Parts, Pipeline
from distributary.status import result, status
from tests.records import record
from tests.unit.test_pipeline import Bench

NOBODY = "http://127.0.0.1:9"


class Far:
    """The parts of a bench behind their pages, and the pipeline that follows them from here."""

    def __init__(self, opened: ExitStack) -> None:
        self.bench = Bench()
        self.pages = Pages()
        self.url = opened.enter_context(serving(self.pages, "127.0.0.1", 0))
        self.ended = False
        self.turns = TurnsElsewhere()
        self.ledger = Ledger(["Users"])
        part = PartPages("app-users", self.url, lambda: self.ended)
        consumer = self.bench.consumer
        self.poller = PollerElsewhere(self.bench.poller.topic, part, self.ledger)
        self.group = GroupElsewhere(consumer.group, consumer.read_model, part, self.turns, lambda: 60.0)
        self.pipeline = Pipeline(
            Parts("compose", self.bench.log, self.ledger, self.turns, lambda: 60.0, [self.poller], [self.group]),
            Event(),
        )

    def start(self) -> None:
        """Starts the parts over there, and shows them on their pages."""
        self.bench.pipeline.start()
        self.pages.pipeline = self.bench.pipeline


@pytest.fixture
def far() -> Iterator[Far]:
    with ExitStack() as opened:
        far = Far(opened)
        opened.callback(far.bench.pipeline.stop)
        opened.callback(far.pipeline.stop)
        yield far


def test_it_is_drained_once_everything_has_arrived_over_there_and_its_result_is_theirs(far: Far) -> None:
    far.bench.shard.records.append(record(after={}))
    far.start()
    far.pipeline.start()
    while not far.pipeline.drained(10.0):
        pass
    far.pipeline.stop()
    found, theirs = result(far.pipeline), result(far.bench.pipeline)
    assert found["groups"][0]["applied"] == 1
    for told in (found, theirs):
        told["groups"][0].pop("lag")
    assert found["groups"] == theirs["groups"]
    assert found["read_models"] == theirs["read_models"]


def test_it_is_not_drained_while_a_group_is_behind_or_a_part_does_not_answer(far: Far) -> None:
    assert not far.pipeline.drained(0.0)
    far.bench.append()
    far.pages.pipeline = far.bench.pipeline
    assert not far.pipeline.drained(0.0)


def test_the_accounts_over_there_are_counted_once_also_when_the_bridge_starts_anew(far: Far) -> None:
    far.pages.pipeline = far.bench.pipeline
    far.bench.ledger.observe(far.bench.relay([{}, {}, {}]))
    for _ in range(2):
        far.poller._look()
    assert far.ledger.rows()[0]["read"] == 3
    anew = Bench()
    anew.ledger.observe(anew.relay([{}]))
    far.pages.pipeline = anew.pipeline
    far.poller._look()
    assert far.ledger.rows()[0]["read"] == 4
    assert far.ledger.balanced


def test_what_a_turn_took_over_there_is_shown_here(far: Far) -> None:
    far.pages.pipeline = far.bench.pipeline
    assert far.turns.mean("app-users") == {"turns": 0, "batch": 0.0, "store_seconds": 0.0}
    far.bench.pipeline.parts.turns.of("app-users")(Turn(10, 0.5))
    far.group._look()
    (row,) = status(far.pipeline)["groups"]
    assert (row["turns"], row["batch"], row["store_seconds"]) == (1, 10.0, 0.5)


def test_a_group_that_waits_over_there_says_so_here_until_it_goes_on(far: Far, monkeypatch: pytest.MonkeyPatch) -> None:
    far.pages.pipeline = far.bench.pipeline
    far.bench.append()
    with monkeypatch.context() as broken:
        broken.setattr(far.bench.consumer.read_model, "apply", None)
        far.bench.consumer.step(0.0)
        far.group._look()
        (row,) = status(far.pipeline)["groups"]
        assert (row["state"], row["for"], row["retries"]) == ("waiting", "memory", 1)
    while far.bench.consumer.waiting is not None:
        far.bench.consumer.step(0.05)
    far.group._look()
    assert status(far.pipeline)["groups"][0]["state"] == "running"


def test_a_part_that_does_not_answer_is_waited_for(far: Far) -> None:
    far.pipeline.start()
    while far.group.waiting is None:
        pass
    assert status(far.pipeline)["groups"][0]["for"] == "its container"
    far.start()
    while far.group.waiting is not None:
        pass
    assert not far.pipeline.ended.is_set()


def test_a_part_that_has_stopped_ends_the_run_with_its_sentence(far: Far) -> None:
    far.bench.pipeline.stopped["app-users"] = "too many dead letters"
    far.pages.pipeline = far.bench.pipeline
    far.pipeline.start()
    assert far.pipeline.ended.wait(10.0)
    assert isinstance(far.pipeline.failure, PartStopped)
    assert str(far.pipeline.failure) == "app-users has stopped: too many dead letters"


def test_a_part_whose_process_has_ended_ends_the_run_and_says_where_to_look(far: Far) -> None:
    far.ended = True
    far.pipeline.start()
    assert far.pipeline.ended.wait(10.0)
    assert str(far.pipeline.failure) == "app-users has ended; `docker compose logs app-users` says why"
