"""Whether a table's changes are captured, by the pages of whatever the bridge runs in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from bridge.errors import StreamMissing, WrongViewType
from bridge.memory_streams import MemoryStreams
from distributary.attach import BridgeAt
from distributary.capture import captured_stream, check_captured, check_published, wait_until_passed
from distributary.errors import BridgeBehind, CaptureUnchecked, LogIncomplete, NoPipeline, Stopped
from distributary.local.dynamodb import BESIDE
from distributary.local.endpoint import Endpoint
from distributary.local.wsgi import LoopbackServer, mounted
from distributary.pages import Pages, serving
from distributary.pipeline import Pipeline
from schemas.change_event import ViewType
from schemas.filters import compile_pattern
from schemas.topics import TOPICS
from tests.records import arn
from tests.unit.test_pipeline import Bench

USERS, OTHERS = TOPICS


@contextmanager
def bridge_of(pipeline: Pipeline, *, running: bool = True) -> Iterator[BridgeAt]:
    """The pages of a bridge in which this runs."""
    pages = Pages()
    pages.pipeline = pipeline
    with serving(pages, "127.0.0.1", 0) as url:
        if running:
            pipeline.start()
        try:
            yield BridgeAt(url + "/")
        finally:
            pipeline.stop()


class Slow:
    """A bridge that passes at the third time of asking."""

    def __init__(self) -> None:
        self.asked = 0

    def status(self) -> dict[str, Any]:
        return {"bridge": [{"table": "Users"}]}

    def passed(self) -> bool:
        self.asked += 1
        return self.asked == 3


def test_a_bridge_that_polls_the_table_and_passes_captures_it() -> None:
    with bridge_of(Bench().pipeline) as bridge:
        check_captured(USERS, bridge, 10.0, Event())
        with pytest.raises(CaptureUnchecked, match="does not poll WorkplaceUsers_V2"):
            check_captured(OTHERS, bridge, 10.0, Event())


def test_a_bridge_whose_poller_does_not_run_never_passes() -> None:
    within = "has not come to the end of its streams within 0 s"
    with bridge_of(Bench().pipeline, running=False) as bridge, pytest.raises(BridgeBehind, match=within):
        check_captured(USERS, bridge, 0.0, Event())


def test_where_nobody_polls_nothing_passes() -> None:
    bench = Bench()
    parts = bench.pipeline.parts
    alone = Pipeline(type(parts)("memory", parts.log, parts.ledger, parts.turns, parts.clock), Event())
    assert not alone.passed(10.0)


def test_a_pipelines_own_endpoint_says_whether_it_has_passed() -> None:
    endpoint = Endpoint()
    endpoint.pipeline = Bench().pipeline
    server = LoopbackServer(mounted(BESIDE, endpoint))
    endpoint.pipeline.start()
    try:
        answer = httpx.get(f"{server.url}/-/passed", trust_env=False)
        assert answer.json() == {"passed": True}
    finally:
        endpoint.pipeline.stop()
        server.close()


def test_it_is_asked_until_it_passes_or_is_told_to_stop() -> None:
    slow = Slow()
    wait_until_passed(slow, 60.0, Event())
    assert slow.asked == 3
    stop = Event()
    stop.set()
    with pytest.raises(Stopped):
        wait_until_passed(slow, 60.0, stop)


def test_without_a_bridge_the_ways_to_name_one_are_given() -> None:
    with pytest.raises(CaptureUnchecked, match=r"with --bridge, or.*--capture-checked"):
        check_captured(USERS, None, 0.0, Event())


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "nonsense", "http://[", "http://127.0.0.1:1/%"])
def test_a_bridge_that_does_not_answer_is_one_sentence(url: str) -> None:
    with pytest.raises(NoPipeline, match="no bridge answers at"):
        BridgeAt(url).passed()


def test_a_stream_has_to_be_on_and_to_carry_what_the_topic_says() -> None:
    streams = MemoryStreams("Users", arn())
    assert captured_stream(USERS, streams).arn == arn()
    with pytest.raises(WrongViewType, match="carries KEYS_ONLY"):
        captured_stream(USERS, MemoryStreams("Users", arn(), ViewType.KEYS_ONLY))
    streams.stream = None
    with pytest.raises(StreamMissing):
        captured_stream(USERS, streams)


def test_a_topic_that_is_filtered_is_refused_by_name() -> None:
    check_published(USERS, "snapshot")
    filtered = replace(USERS, published=compile_pattern({"eventName": ["INSERT"]}))
    with pytest.raises(LogIncomplete, match=r"the bridge filters Users .*and a repair could not be told"):
        check_published(filtered, "repair")
