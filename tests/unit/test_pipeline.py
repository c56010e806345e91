"""When a pipeline is drained, and what becomes of it when a part cannot go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Event
from typing import Any

import pytest

from bridge.accounts import Accounts, BatchResult
from bridge.errors import StreamMissing
from bridge.handler import Handler
from bridge.memory import MemoryPublisher
from bridge.memory_streams import MemoryShardPositions, MemoryStreams
from bridge.poller import Poller
from bridge.relay import Relay
from consumers.delivery.loop import Consumer
from consumers.delivery.memory import MemoryDeadLetters, MemoryLog, MemorySubscription
from consumers.delivery.prepare import Preparation
from consumers.groups import GROUPS
from consumers.read_models.memory import MemoryReadModel
from distributary.display import group_state
from distributary.ledger import Ledger
from distributary.pipeline import Parts, Pipeline
from distributary.status import result, status
from distributary.turns import Turns
from schemas.codec import EventDecoder
from schemas.topics import TOPICS
from tests.events import REGISTRY, encoded, event
from tests.records import arn, record

GROUP, TOPIC = GROUPS[0], TOPICS[0]


class Bench:
    """A pipeline of one stream, one topic and one group, in memory; not running."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.log.create_topic(TOPIC.name, 2)
        self.streams = MemoryStreams(TOPIC.table, arn())
        self.shard = self.streams.open("shard-1")
        self.ledger = Ledger(["Users"])
        self.poller = Poller(
            TOPIC, self.streams, MemoryShardPositions(), self.relay, clock=lambda: 0.0, chance=lambda: 0.5
        )
        self.consumer = Consumer(
            Preparation(GROUP, EventDecoder(REGISTRY)),
            MemorySubscription(self.log, GROUP.name, GROUP.topic),
            MemoryReadModel(GROUP.read_model.name),
            MemoryDeadLetters(),
            lambda: 0.0,
        )
        handler = Handler(Relay([], MemoryPublisher(), lambda: 0.0))
        parts = Parts("memory", self.log, self.ledger, Turns(), lambda: 0.0, [self.poller], [self.consumer], handler)
        self.pipeline = Pipeline(parts, Event())

    def relay(self, records: Sequence[Mapping[str, Any]]) -> BatchResult:
        for _ in records:
            self.append()
        return BatchResult({"Users": Accounts(read=len(records), published=len(records))})

    def append(self) -> None:
        change = event(after={"Username": "ann"})
        self.log.append(TOPIC.name, b"1", encoded(change), (("version", change.version.encode()),))


def test_a_pipeline_that_reads_nothing_is_not_known_to_be_drained() -> None:
    assert not Bench().pipeline.drained(0.0)


def test_a_running_pipeline_with_nothing_left_is_drained() -> None:
    bench = Bench()
    bench.pipeline.start()
    try:
        assert bench.pipeline.drained(10.0)
    finally:
        bench.pipeline.stop()


def test_a_group_that_is_behind_keeps_the_pipeline_from_being_drained() -> None:
    bench = Bench()
    bench.append()
    assert not bench.pipeline.drained(10.0)


def test_what_a_stream_still_held_reaches_the_read_model_before_the_pipeline_is_drained() -> None:
    bench = Bench()
    bench.shard.records.append(record(after={}))
    bench.pipeline.start()
    try:
        while not bench.pipeline.drained(10.0):
            assert not bench.pipeline.ended.is_set()
    finally:
        bench.pipeline.stop()
    assert [document.key for document in bench.consumer.read_model.scan()] == ["1"]
    assert result(bench.pipeline)["groups"][0]["applied"] == 1


def test_a_part_that_cannot_go_on_ends_the_pipeline_with_its_sentence() -> None:
    bench = Bench()
    bench.streams.stream = None
    bench.pipeline.start()
    bench.pipeline.ended.wait(10.0)
    bench.pipeline.stop()
    assert isinstance(bench.pipeline.failure, StreamMissing)


def test_a_group_that_has_stopped_says_so_in_the_status() -> None:
    bench = Bench()
    for _ in range(100):
        bench.log.append("users.changes", b"1", b"poison")
    bench.pipeline.start()
    bench.pipeline.ended.wait(10.0)
    bench.pipeline.stop()
    (row,) = status(bench.pipeline)["groups"]
    assert row["state"] == "stopped"
    assert row["reason"].startswith(
        "the group app-users (users.changes -> AppUsers_V2) has stopped: 100 of its last 100 deliveries became dead "
    )


def test_a_group_that_waits_says_for_what_and_since_when(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()

    def away(_writes: object) -> None:
        raise ConnectionError("no route to host")

    monkeypatch.setattr(bench.consumer.read_model, "apply", away)
    bench.append()
    bench.consumer.step(0.0)
    (row,) = status(bench.pipeline)["groups"]
    found = {name: row[name] for name in ("state", "for", "reason", "tries")}
    assert found == {"state": "waiting", "for": "memory", "reason": "ConnectionError: no route to host", "tries": 0}
    assert row["lag"]["events"] == 1
    assert group_state({**row, "since": 0.0}) == (
        "waiting for memory since 00:00:00 UTC: ConnectionError: no route to host"
    )


def test_a_pipeline_that_is_being_fed_is_not_drained() -> None:
    bench = Bench()
    bench.pipeline.feeding = True
    bench.pipeline.start()
    try:
        assert not bench.pipeline.drained(10.0)
    finally:
        bench.pipeline.stop()
