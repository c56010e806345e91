"""Feeding files: every form, every broken form, and going on from a returned record."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Event
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.handler import Handler
from bridge.memory import MemoryPublisher
from bridge.publisher import Message, Receipt, Status
from bridge.relay import Relay, lines
from bridge.stream_record import RawRecord
from distributary.errors import FeedStopped, RecordsReturned, UnreadableFeed
from distributary.feed.invoke import batches, invoke
from distributary.feed.numbering import Numbering
from distributary.feed.records import read_records
from distributary.ledger import Ledger
from schemas.registry import PackagedRegistry
from schemas.topics import TOPICS
from tests.records import record, written

ONE, TWO = written(record(sequence=1, after={})), written(record(sequence=2, after={}))
LINES = lines(TOPICS, PackagedRegistry())


@pytest.mark.parametrize(
    "data",
    [
        b'{"Records": [' + ONE + b", " + TWO + b"]}",
        b"[" + ONE + b",\n" + TWO + b"]",
        ONE + b"\n" + TWO,
        ONE + b"\r\n\r\n" + TWO + b"\r\n",
        b"\xef\xbb\xbf" + ONE + b"\n" + TWO,
        msgspec.json.format(b'{"Records": [' + ONE + b", " + TWO + b"]}", indent=2),
    ],
    ids=["event", "list", "lines", "lines with carriage returns", "byte order mark", "pretty event"],
)
def test_every_form_gives_the_same_records(data: bytes) -> None:
    found = [msgspec.json.decode(raw) for raw in read_records(data, "f")]
    assert found == [msgspec.json.decode(ONE), msgspec.json.decode(TWO)]


def test_a_single_record_is_a_file_too() -> None:
    assert read_records(ONE, "f") == [ONE]


def test_an_empty_file_holds_no_records() -> None:
    assert read_records(b" \n", "f") == []
    assert read_records(b"[]", "f") == read_records(b'{"Records": []}', "f") == []


@pytest.mark.parametrize("bad", [b"{", b"nonsense", b'{"eventID": "1", ', b"\xff\xfe", b"[" * 5_000], ids=repr)
def test_a_bad_line_stays_a_record_of_its_own(bad: bytes) -> None:
    assert read_records(b"\n".join([ONE, bad, TWO]), "f") == [ONE, bad, TWO]


def test_a_bad_first_line_costs_no_neighbour() -> None:
    assert read_records(b"nonsense\n" + ONE, "f") == [b"nonsense", ONE]


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense",
        b"\xff\xfe",
        b"42",
        b'"text"',
        b"null",
        b"{}",
        b'{"Items": []}',
        b'{"Records": {}}',
        b'{"Records": null}',
        b'{"Records": [' + ONE + b", " + TWO,
        b"[" + ONE + b",\n" + TWO,
        b'{\n  "Records": [\n' + ONE + b"\n  ",
        b"[" * 100_000,
    ],
    ids=lambda data: repr(data[:30]),
)
def test_an_unreadable_document_is_one_clear_error(data: bytes) -> None:
    with pytest.raises(UnreadableFeed, match=r"^f(:| ).*nothing of it was fed$"):
        read_records(data, "f")


@given(st.binary(max_size=200) | st.text(alphabet='{}[]",: \nRecords0').map(str.encode))
def test_any_bytes_are_records_or_a_clear_error(data: bytes) -> None:
    try:
        found = read_records(data, "f")
    except UnreadableFeed:
        return
    assert all(isinstance(raw, bytes) and raw for raw in found)


def test_a_batch_is_of_one_stream_and_of_a_thousand_records_at_most() -> None:
    users = [record(sequence=number, after={}) for number in range(1, 1502)]
    others = [record(sequence=1, table="WorkplaceUsers_V2", after={})]
    mixed: list[RawRecord] = [*users[:700], *others, *users[700:], b"nonsense"]

    cut = [[raw for _, raw in batch] for batch in batches(mixed)]

    assert cut == [users[:1000], users[1000:], others, [b"nonsense"]]


def handler(publisher: MemoryPublisher) -> tuple[Handler, Ledger]:
    ledger = Ledger([])
    return Handler(Relay(LINES, publisher, time.time), ledger.observe), ledger


def test_the_feed_goes_on_from_a_returned_record() -> None:
    failures = iter([True, False])

    def fails_once(message: Message) -> Receipt | None:
        return Receipt(Status.FAILED) if message.key == b"3" and next(failures) else None

    publisher = MemoryPublisher(fails_once)
    bridge, ledger = handler(publisher)
    records = [record(sequence=number, user_id=number, after={}) for number in range(1, 6)]

    invoke(bridge, records, Event(), lambda: "", pause_seconds=0.0)

    assert [message.key for message in publisher.messages] == [b"1", b"2", b"4", b"5", b"3", b"4", b"5"]
    assert ledger.rows() == [
        {"table": "Users", "read": 8, "published": 5, "filtered": 0, "dead_lettered": 0, "returned": 3}
    ]


def test_a_record_that_comes_back_time_and_again_ends_the_feed() -> None:
    bridge, _ = handler(MemoryPublisher(lambda _: Receipt(Status.FAILED)))
    with pytest.raises(RecordsReturned, match="sequence number 1 8 times: the broker is away"):
        invoke(bridge, [record(sequence=1, after={})], Event(), lambda: "the broker is away", pause_seconds=0.0)


def sequence(raw: Any) -> str | None:
    parsed = msgspec.json.decode(raw) if isinstance(raw, bytes) else raw
    found = parsed["dynamodb"].get("SequenceNumber")
    return None if found is None else str(found)


def test_records_without_a_number_are_numbered_in_file_order_going_on_per_stream(tmp_path: Path) -> None:
    bare = written(record(sequence=None, after={}))
    other = written(record(sequence=None, table="WorkplaceUsers_V2", after={}))
    numbered_already = written(record(sequence=77, after={}))

    first, count = Numbering(tmp_path / "n.json").number([bare, other, numbered_already, bare])
    second, _ = Numbering(tmp_path / "n.json").number([bare, other])

    assert count == 3
    assert [sequence(raw) for raw in first] == ["1", "1", "77", "2"]
    assert [sequence(raw) for raw in second] == ["3", "2"]


def test_what_cannot_be_numbered_is_left_as_it_is(tmp_path: Path) -> None:
    null = record(after={})
    null["dynamodb"]["SequenceNumber"] = None
    raws = [b"nonsense", b"42", written({"dynamodb": {}}), written(null)]
    assert Numbering(tmp_path / "n.json").number(raws) == (raws, 0)


def test_a_feed_that_is_stopped_says_how_far_it_came() -> None:
    stop = Event()
    bridge, _ = handler(MemoryPublisher())
    records = [record(sequence=number, after={}) for number in range(1, 1502)]

    def handle(event: Any, context: Any) -> Any:
        stop.set()
        return bridge(event, context)

    with pytest.raises(FeedStopped, match="stopped after 1000 of 1501 records"):
        invoke(handle, records, stop, lambda: "")


def test_a_record_that_not_even_a_dead_letter_could_hold_is_refused_by_its_number() -> None:
    large = b'{"eventID": "' + b"x" * (9 * 1024 * 1024) + b'"}'
    with pytest.raises(UnreadableFeed, match=r"f, record 2: \d+ bytes are more than"):
        read_records(b"\n".join([ONE, large]), "f")


def test_a_damaged_file_of_numbers_is_named(tmp_path: Path) -> None:
    (tmp_path / "n.json").write_text("{")
    with pytest.raises(UnreadableFeed, match=r"n\.json is damaged"):
        Numbering(tmp_path / "n.json").number([])
