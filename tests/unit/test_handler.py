"""Lambda's entry: what it returns, what it emits, and that it runs from the environment alone."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
import pytest

from bridge.accounts import Accounts, BatchResult
from bridge.errors import NotAnEvent
from bridge.handler import MARGIN_SECONDS, Handler, from_environment, lambda_handler
from bridge.memory import MemoryPublisher
from bridge.publisher import Receipt, Status
from bridge.relay import Relay, lines
from bridge.settings import BridgeSettings
from schemas.codec import EventDecoder
from schemas.errors import SettingsError
from schemas.registry import PackagedRegistry
from schemas.settings import read_settings
from schemas.topics import TOPICS
from tests.kafka_mock import MockKafka
from tests.records import record

REGISTRY = PackagedRegistry()


class Context:
    """Lambda's context with so many milliseconds left."""

    def __init__(self, milliseconds: int = 30_000) -> None:
        self._milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self._milliseconds


def handler(publisher: MemoryPublisher, **more: Any) -> Handler:
    return Handler(Relay(lines(TOPICS, REGISTRY), publisher, lambda: 0.0), **more)


def test_a_batch_that_is_done_returns_no_failures() -> None:
    assert handler(MemoryPublisher())({"Records": [record(after={})]}, Context()) == {"batchItemFailures": []}


def test_the_first_failure_is_the_one_that_is_returned() -> None:
    fails = MemoryPublisher(lambda message: Receipt(Status.FAILED) if message.key in (b"2", b"3") else None)
    batch = [record(sequence=number, user_id=number, after={}) for number in (1, 2, 3)]
    assert handler(fails)({"Records": batch}, Context()) == {"batchItemFailures": [{"itemIdentifier": "2"}]}


def test_a_failure_without_a_sequence_number_returns_the_whole_batch() -> None:
    fails = MemoryPublisher(lambda _: Receipt(Status.FAILED))
    answer = handler(fails)({"Records": [record(sequence=None, after={})]}, Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": ""}]}


def test_an_event_may_come_as_the_bytes_that_it_was_sent_as() -> None:
    publisher = MemoryPublisher()
    event = msgspec.json.encode({"Records": [record(sequence=1, after={}), record("REMOVE", 2, before={})], "more": 1})
    assert handler(publisher)(event, Context()) == {"batchItemFailures": []}
    operations = [EventDecoder(REGISTRY).decode(message.value).operation for message in publisher.messages]
    assert operations == ["INSERT", "REMOVE"]


def test_a_bad_record_of_an_event_in_bytes_keeps_its_own_bytes_as_a_dead_letter() -> None:
    publisher = MemoryPublisher()
    bad = b'{"eventName":  "UPSERT"}'
    event = b'{"Records": [' + bad + b", " + msgspec.json.encode(record(after={})) + b"]}"
    assert handler(publisher)(event, Context()) == {"batchItemFailures": []}
    assert sorted(message.topic for message in publisher.messages) == ["bridge.dead-letters", "users.changes"]
    assert bad in [message.value for message in publisher.messages]


@pytest.mark.parametrize("event", [b"", b"[]", b"{}", b'{"Records": 1}', b"{", b'{"Records": ' + b"[" * 100_000])
def test_bytes_that_are_no_event_are_an_error_and_not_an_empty_success(event: bytes) -> None:
    with pytest.raises(NotAnEvent, match="no JSON object with a list of Records"):
        handler(MemoryPublisher())(event, Context())


@pytest.mark.parametrize("event", [{}, {"Records": None}, {"Records": {}}, [], None])
def test_what_is_no_event_is_an_error_and_not_an_empty_success(event: Any) -> None:
    with pytest.raises(NotAnEvent, match="expected an object with a list of Records"):
        handler(MemoryPublisher())(event, Context())


def test_the_deadline_is_lambdas_less_a_margin_to_answer_in() -> None:
    timeouts: list[float] = []

    class Watched(MemoryPublisher):
        def publish(self, messages: Any, timeout: float) -> list[Receipt]:
            timeouts.append(timeout)
            return super().publish(messages, timeout)

    handler(Watched())({"Records": [record(after={})]}, Context(10_000))
    handler(Watched())({"Records": [record(after={})]}, Context(1_000))
    assert timeouts[0] == 10.0 - MARGIN_SECONDS
    assert timeouts[-1] == 0.0


def test_every_result_is_observed() -> None:
    seen: list[BatchResult] = []
    handler(MemoryPublisher(), observe=seen.append)({"Records": [record(after={})]}, Context())
    assert seen == [BatchResult({"Users": Accounts(read=1, published=1)})]


def test_the_numbers_are_emitted_as_a_line_of_json(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "distributary.bridge")
    handler(MemoryPublisher())({"Records": [record(after={})]}, Context())
    line = msgspec.json.decode(caplog.messages[-1])
    assert line["bridge"] == [
        {"table": "Users", "read": 1, "published": 1, "filtered": 0, "dead_lettered": 0, "returned": 0}
    ]


def test_settings_come_from_the_environment() -> None:
    environment = {"DISTRIBUTARY_KAFKA": "b:9092", "DISTRIBUTARY_METADATA": '{"team": "accounts"}', "OTHER": "x"}
    settings = read_settings(BridgeSettings, environment)
    assert (settings.kafka.kafka, settings.metadata) == ("b:9092", {"team": "accounts"})


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "DISTRIBUTARY_KAFKA is not set"),
        ({"DISTRIBUTARY_KAFKA": ""}, "DISTRIBUTARY_KAFKA is not set"),
        ({"DISTRIBUTARY_KAFKA": "b", "DISTRIBUTARY_METADATA": "x"}, "DISTRIBUTARY_METADATA is 'x'"),
        ({"DISTRIBUTARY_KAFKA": "b", "DISTRIBUTARY_METADATA": '{"a": 1}'}, "DISTRIBUTARY_METADATA"),
    ],
)
def test_a_wrong_setting_is_one_sentence_that_names_it(environment: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        read_settings(BridgeSettings, environment).kafka.client()


def test_lambda_runs_from_its_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from_environment.cache_clear()
    with MockKafka() as kafka:
        monkeypatch.setenv("DISTRIBUTARY_KAFKA", kafka.bootstrap)
        monkeypatch.setenv("DISTRIBUTARY_METADATA", '{"team": "accounts"}')
        answer = lambda_handler({"Records": [record(after={"Username": "ann"}), {"no": "record"}]}, Context())

        assert answer == {"batchItemFailures": []}
        (message,) = kafka.taken("users.changes")
        event = EventDecoder(REGISTRY).decode(message.value)
        assert event.after is not None
        assert (event.metadata, event.after["Username"]) == ({"team": "accounts"}, "ann")
        assert len(kafka.taken("bridge.dead-letters")) == 1
        assert logging.getLogger("distributary.bridge").isEnabledFor(logging.INFO)
        from_environment().close()
    from_environment.cache_clear()
