"""The relay: every record of a batch is accounted for, and bad input never loses a neighbour's record."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bridge.accounts import WHOLE_BATCH, Accounts, BatchResult
from bridge.memory import MemoryPublisher
from bridge.publisher import Message, Receipt, Status
from bridge.relay import Line, Relay, lines
from bridge.stream_record import RawRecord
from schemas.change_event import ChangeEvent
from schemas.codec import EventDecoder
from schemas.dead_letters import DeadLetter, read_dead_letter
from schemas.filters import compile_pattern
from schemas.registry import PackagedRegistry
from schemas.topics import TOPICS
from tests.bad_records import BAD_RECORDS, changed
from tests.records import arn, record, written

REGISTRY = PackagedRegistry()
LINES = lines(TOPICS, REGISTRY)
NOW = 1_770_000_123.0


def relay(
    records: list[Any], publisher: MemoryPublisher | None = None, bridge_lines: list[Line] | None = None, **more: Any
) -> tuple[BatchResult, list[Message]]:
    publisher = publisher or MemoryPublisher()
    result = Relay(bridge_lines or LINES, publisher, lambda: NOW, **more).relay(records, lambda: 10.0)
    for accounts in result.accounts.values():
        assert accounts.balanced
    return result, publisher.messages


def events(messages: list[Message]) -> list[ChangeEvent]:
    decoder = EventDecoder(REGISTRY)
    return [decoder.decode(message.value) for message in messages if message.topic.endswith(".changes")]


def letters(messages: list[Message]) -> list[tuple[str, DeadLetter]]:
    return [
        (message.topic, read_dead_letter(message.key, message.value, message.headers))
        for message in messages
        if message.topic.endswith(".dead-letters")
    ]


def test_a_record_becomes_an_event_under_its_key_with_its_version_as_a_header() -> None:
    result, (message,) = relay([record(sequence=7, user_id=42, after={"Username": "ann"})])

    assert result == BatchResult({"Users": Accounts(read=1, published=1)})
    assert (message.topic, message.key) == ("users.changes", b"42")
    (event,) = events([message])
    assert dict(message.headers) == {"version": event.version.encode()}
    assert event.version == "2026-01-01T00:00:00.000#" + "7".zfill(40)
    assert event.after is not None
    assert dict(event.after) == {"UserId": 42, "Username": "ann"}
    assert event.source.table == "Users"


def test_the_operators_metadata_travels_in_the_event_and_its_traceparent_as_a_header() -> None:
    metadata = {"team": "accounts", "traceparent": "00-aa-bb-01"}
    _, (message,) = relay([record(after={})], metadata=metadata)

    assert events([message])[0].metadata == metadata
    assert dict(message.headers)["traceparent"] == b"00-aa-bb-01"


def test_who_made_a_change_is_kept() -> None:
    expiry = record("REMOVE", before={"Username": "ann"})
    expiry["userIdentity"] = {"principalId": "dynamodb.amazonaws.com", "type": "Service"}
    _, messages = relay([expiry])

    principal = events(messages)[0].source.principal
    assert principal is not None
    assert (principal.id, principal.type) == ("dynamodb.amazonaws.com", "Service")


@pytest.mark.parametrize(("bad", "topic", "reason"), BAD_RECORDS.values(), ids=BAD_RECORDS.keys())
@pytest.mark.parametrize("form", ["parsed", "bytes"])
def test_a_bad_record_becomes_a_dead_letter_and_its_neighbours_arrive(
    bad: RawRecord, topic: str, reason: str, form: str
) -> None:
    raw: RawRecord = written(bad) if form == "bytes" and not isinstance(bad, bytes) else bad
    original = raw if isinstance(raw, bytes) else written(raw)
    result, messages = relay([record(sequence=1, after={}), raw, record(sequence=9, after={})])

    assert result.returned is None
    assert [event.source.sequence_number for event in events(messages)] == ["1", "9"]
    ((found_topic, letter),) = letters(messages)
    assert found_topic == topic
    assert letter.value == original
    assert reason in letter.message
    assert letter.first_seen == NOW * 1000
    assert sum(accounts.dead_lettered for accounts in result.accounts.values()) == 1


def test_a_dead_letter_stands_under_the_place_of_its_record() -> None:
    bad = changed("eventName", "UPSERT")
    ((_, letter),) = letters(relay([bad])[1])
    assert letter.place == f"{arn()}#5"


def test_a_dead_letter_without_a_place_stands_under_the_hash_of_its_bytes() -> None:
    ((_, letter),) = letters(relay([b"nonsense"])[1])
    assert letter.place == f"sha256:{hashlib.sha256(b'nonsense').hexdigest()}"


def test_records_of_no_known_table_are_counted_apart() -> None:
    result, _ = relay([changed("eventSourceARN", arn("Orders")), record(after={})])
    assert result.accounts == {None: Accounts(read=1, dead_lettered=1), "Users": Accounts(read=1, published=1)}


def test_a_line_publishes_only_what_it_keeps() -> None:
    modified = compile_pattern({"eventName": ["MODIFY", "REMOVE"]})
    picky = [Line(replace(line.topic, published=modified), line.encoder) for line in LINES]
    result, messages = relay([record(sequence=1, after={}), record("REMOVE", 2, before={})], bridge_lines=picky)

    assert result.accounts == {"Users": Accounts(read=2, published=1, filtered=1)}
    assert [event.operation for event in events(messages)] == ["REMOVE"]


def fails_at(offset: bytes, status: Status) -> Callable[[Message], Receipt | None]:
    return lambda message: Receipt(status, "because") if message.key == offset else None


def test_a_failure_returns_its_record_and_reports_nothing_after_it_done() -> None:
    batch = [record(sequence=number, user_id=number, after={}) for number in range(1, 6)]
    result, _ = relay(batch, MemoryPublisher(fails_at(b"3", Status.FAILED)))

    assert (result.returned, result.reason) == ("3", "because")
    assert result.accounts == {"Users": Accounts(read=5, published=2, returned=3)}


def test_a_record_that_the_log_refuses_for_good_is_dead_lettered_and_the_batch_goes_on() -> None:
    batch = [record(sequence=number, user_id=number, after={}) for number in range(1, 4)]
    result, messages = relay(batch, MemoryPublisher(fails_at(b"2", Status.REFUSED)))

    assert result.accounts == {"Users": Accounts(read=3, published=2, dead_lettered=1)}
    ((topic, letter),) = letters(messages)
    assert (topic, letter.stage, letter.message) == ("users.changes.dead-letters", "publish", "because")
    assert letter.value == written(batch[1])


def test_a_record_too_large_for_the_topic_is_dead_lettered_whole() -> None:
    large = record(after={f"a{number}": "x" * 400_000 for number in range(22)})
    result, messages = relay([large])

    assert result.accounts == {"Users": Accounts(read=1, dead_lettered=1)}
    assert letters(messages)[0][1].value == written(large)


def test_a_dead_letter_that_cannot_be_written_returns_its_record() -> None:
    down = MemoryPublisher(lambda message: Receipt(Status.FAILED) if "dead" in message.topic else None)
    result, _ = relay([record(sequence=1, after={}), changed("eventName", "UPSERT")], down)

    assert result.returned == "5"
    assert result.accounts == {"Users": Accounts(read=2, published=1, returned=1)}


def test_a_failure_without_a_sequence_number_returns_the_whole_batch() -> None:
    down = MemoryPublisher(lambda message: Receipt(Status.FAILED) if "dead" in message.topic else None)
    result, _ = relay([record(sequence=1, after={}), changed("dynamodb.SequenceNumber", None)], down)

    assert result.returned == WHOLE_BATCH
    assert result.accounts == {"Users": Accounts(read=2, returned=2)}


@given(st.lists(st.sampled_from(["good", "bad", "lost", "refused", "nonsense"]), max_size=12))
def test_read_is_always_published_plus_filtered_plus_dead_lettered_plus_returned(kinds: list[str]) -> None:
    batch: list[RawRecord] = []
    for number, kind in enumerate(kinds, start=1):
        if kind == "nonsense":
            batch.append(b"nonsense")
        else:
            user_id = {"lost": 1_000, "refused": 2_000}.get(kind, 0) + number
            batch.append(record("UPSERT" if kind == "bad" else "INSERT", number, user_id=user_id, after={}))

    def fate(message: Message) -> Receipt | None:
        if len(message.key) == 4:
            return Receipt(Status.FAILED if message.key.startswith(b"1") else Status.REFUSED)
        return None

    result, _ = relay(batch, MemoryPublisher(fate))

    assert sum(accounts.read for accounts in result.accounts.values()) == len(kinds)
    first = kinds.index("lost") if "lost" in kinds else len(kinds)
    assert sum(accounts.returned for accounts in result.accounts.values()) == len(kinds) - first
    assert result.returned == (str(first + 1) if "lost" in kinds else None)


LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters())
NAMES = st.text(st.characters(), max_size=3)
ANYTHING = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)
PLACES = [
    "eventID",
    "eventName",
    "eventSourceARN",
    "userIdentity",
    "dynamodb",
    *(f"dynamodb.{name}" for name in ("ApproximateCreationDateTime", "Keys", "NewImage", "OldImage")),
    *(f"dynamodb.{name}" for name in ("SequenceNumber", "SizeBytes", "StreamViewType")),
    "dynamodb.NewImage.Username",
    "dynamodb.NewImage.Undeclared",
    "dynamodb.NewImage.Preferences",
]


@given(st.sampled_from(PLACES), ANYTHING)
def test_whatever_stands_in_a_record_it_is_published_or_dead_lettered(path: str, value: Any) -> None:
    result, messages = relay([changed(path, value) if value is not None else record(after={})])

    assert result.returned is None
    assert len(messages) == 1
