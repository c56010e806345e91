"""The codec: every event comes back, anybody can read it, and hostile bytes are an UndecodableEvent."""

from __future__ import annotations

import io
import struct
from datetime import UTC, datetime
from typing import Any

import fastavro
import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from benchmarks.obvious import ObviousCodec
from schemas.attribute_values import Item
from schemas.change_event import ChangeEvent, Operation
from schemas.errors import InvalidAttributeValue, UndecodableEvent, UnknownSchema
from schemas.event_encoder import EventEncoder
from schemas.event_schema import packaged
from schemas.registry import PackagedRegistry
from schemas.topics import MAX_MESSAGE_BYTES
from tests.items import FIELDS, Attribute, Schemas, event, events, schema_text
from tests.whole_decoder import WholeDecoder

RICH, POOR, FOREIGN = 7, 8, 9
REGISTRY = Schemas({RICH: schema_text(*FIELDS), POOR: schema_text(), FOREIGN: '{"type": "string"}'})
ENCODER = EventEncoder(RICH, REGISTRY.schema(RICH))
DECODER = WholeDecoder(REGISTRY)
KEY: dict[str, Attribute] = {"Hash": {"N": "1"}, "Range": {"S": "r"}}
ITEM: dict[str, Attribute] = KEY | {
    "Text": {"S": "text"},
    "TextSet": {"SS": ["a", "b"]},
    "Binary": {"B": "AAE="},
    "MapOfAnything": {"M": {"deep": {"L": [{"NULL": True}]}}},
    "undeclared": {"NS": ["1.50"]},
}
BYTES = ENCODER.encode(event(KEY, ITEM, ITEM, metadata={"trace": "t"}))
FRAME = BYTES[:5]


def decoded_or_none(data: bytes) -> ChangeEvent | None:
    try:
        return DECODER.decode(data)
    except UndecodableEvent:
        return None


@given(events)
def test_an_event_comes_back_from_its_bytes_as_it_was(written: ChangeEvent) -> None:
    read = DECODER.decode(ENCODER.encode(written))
    assert read == written
    assert list(read.key) == list(written.key)


@given(events)
def test_an_event_of_a_time_when_less_was_declared_reads_the_same(written: ChangeEvent) -> None:
    before_it_was_declared = EventEncoder(POOR, REGISTRY.schema(POOR))
    assert DECODER.decode(before_it_was_declared.encode(written)) == DECODER.decode(ENCODER.encode(written))


@pytest.mark.parametrize(
    "bulk",
    [
        {"S": "x" * 400_000},
        {"S": "\0" * 400_000},
        {"B": "AAAA" * 133_000},
        {"L": [{"S": ""}] * 400_000},
        {"M": {f"{number:05}": {"NULL": True} for number in range(57_000)}},
        {"SS": [f"{number:05}" for number in range(80_000)]},
    ],
    ids=["text", "control characters", "binary", "list", "map", "set"],
)
def test_two_images_of_400_kb_come_back_and_fit_into_a_message(bulk: Attribute) -> None:
    item = KEY | {"undeclared": bulk}
    data = ENCODER.encode(event(KEY, item, item))
    assert len(data) < MAX_MESSAGE_BYTES
    read = DECODER.decode(data)
    # Compared apart, for pytest would explain a difference at length.
    assert (read.before is not None and read.before.attributes == item) is True
    assert (read.after is not None and read.after.attributes == item) is True


def test_a_foreign_consumer_reads_an_event_by_the_confluent_wire_format_and_its_schema_text() -> None:
    registry = PackagedRegistry()
    text = packaged("users")
    registered_id = registry.id_of("users.changes-value", text)
    after: dict[str, Attribute] = {
        "UserId": {"N": "42"},
        "Roles": {"SS": ["admin"]},
        "Avatar": {"B": "AAE="},
        "LastLoginAt": {"N": "1767225600"},
        "new": {"S": "x"},
    }
    written = event({"UserId": {"N": "42"}}, None, after, operation=Operation.INSERT)
    data = EventEncoder(registered_id, text).encode(written)

    magic, schema_id = struct.unpack(">bI", data[:5])
    assert (magic, schema_id) == (0, registered_id)
    stream = io.BytesIO(data[5:])
    record = fastavro.schemaless_reader(stream, msgspec.json.decode(registry.schema(schema_id)), None)

    assert stream.read() == b""
    assert isinstance(record, dict)
    assert (record["operation"], record["key"], record["before"]) == ("INSERT", {"UserId": "42"}, None)
    assert record["committed_at"] == datetime(2026, 1, 1, 12, tzinfo=UTC)
    present = {name: value for name, value in record["after"].items() if value is not None}
    assert present == {
        "UserId": "42",
        "Roles": ["admin"],
        "Avatar": b"\0\1",
        "LastLoginAt": 1767225600,
        "unmapped": {"new": '{"S":"x"}'},
    }


@pytest.mark.parametrize("side", ["before", "after"])
def test_an_attribute_of_another_type_than_declared_names_its_side(side: str) -> None:
    wrong: dict[str, Any] = {side: Item(KEY | {"Text": {"N": "1"}})}
    with pytest.raises(InvalidAttributeValue, match=rf"^{side}\.Text is .* type S, as its schema declares$"):
        ENCODER.encode(replace(event(KEY), **wrong))


def test_an_event_cut_short_anywhere_is_undecodable() -> None:
    assert DECODER.decode(BYTES).after is not None
    for length in range(len(BYTES)):
        with pytest.raises(UndecodableEvent):
            DECODER.decode(BYTES[:length])


@pytest.mark.parametrize("tail", [b"\0", b"x", BYTES])
def test_bytes_after_the_end_are_undecodable(tail: bytes) -> None:
    with pytest.raises(UndecodableEvent, match=f"{len(tail)} bytes after its end"):
        DECODER.decode(BYTES + tail)


@pytest.mark.parametrize("data", [b"", b"{}", b"\0", b"\0\0\0\0", b"\1" + BYTES[1:], b"\xff" + BYTES[1:]])
def test_another_framing_is_undecodable(data: bytes) -> None:
    with pytest.raises(UndecodableEvent, match="it starts with"):
        DECODER.decode(data)


@given(st.binary(max_size=300))
@example(b"")
@example(b"\xff" * 20)
@example(b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01")
@example(b"\x01")
def test_any_bytes_behind_a_frame_are_an_event_or_undecodable(body: bytes) -> None:
    read = decoded_or_none(FRAME + body)
    assert read is None or read.key_text


@given(st.lists(st.tuples(st.integers(5, len(BYTES) - 1), st.integers(0, 255)), min_size=1, max_size=3))
def test_an_event_with_bytes_changed_is_another_event_or_undecodable(changes: list[tuple[int, int]]) -> None:
    data = bytearray(BYTES)
    for at, byte in changes:
        data[at] = byte
    read = decoded_or_none(bytes(data))
    assert read is None or read.key_text


def test_a_key_that_is_no_key_is_undecodable() -> None:
    valid = ENCODER.encode(event({"Hash": {"N": "12345"}, "Range": {"S": "r"}}))
    for hostile in (b"1e999", b"12x45"):
        with pytest.raises(UndecodableEvent, match=r"key\.Hash is"):
            DECODER.decode(valid.replace(b"12345", hostile))


def test_a_list_that_claims_to_be_endless_is_undecodable() -> None:
    """A block count of 2**62 where an array begins."""
    valid = ENCODER.encode(event(KEY, None, KEY | {"TextSet": {"SS": ["needle"]}}))
    endless = b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"
    with pytest.raises(UndecodableEvent):
        DECODER.decode(valid.replace(b"\x02\x0cneedle\0", endless + b"\x0cneedle\0"))


def test_a_schema_id_that_the_registry_does_not_know_is_told_from_broken_bytes() -> None:
    with pytest.raises(UnknownSchema, match="16909060"):
        DECODER.decode(b"\0\1\2\3\4" + BYTES[5:])


def test_a_schema_of_something_else_is_undecodable() -> None:
    """A stranger's message in the topic is poison, though the registry knows its schema."""
    with pytest.raises(UndecodableEvent, match=f"by its schema id {FOREIGN}"):
        DECODER.decode(struct.pack(">bI", 0, FOREIGN) + b"\x02a")


def test_a_field_that_a_later_release_adds_to_the_envelope_is_passed_over() -> None:
    schema = msgspec.json.decode(REGISTRY.schema(RICH))
    source = next(field["type"] for field in schema["fields"] if field["name"] == "source")
    for fields in (schema["fields"], source["fields"]):
        fields.append({"name": "added_later", "type": "string", "default": "new"})
    later = msgspec.json.encode(schema).decode()
    data = struct.pack(">bI", 0, 10) + ObviousCodec(later).encode(event(KEY, ITEM, ITEM))
    assert WholeDecoder(Schemas({10: later})).decode(data) == event(KEY, ITEM, ITEM)


def test_a_schema_is_fetched_once() -> None:
    fetched: list[int] = []

    class Counting(Schemas):
        def schema(self, schema_id: int) -> str:
            fetched.append(schema_id)
            return super().schema(schema_id)

    decoder = WholeDecoder(Counting({RICH: REGISTRY.schema(RICH)}))
    assert decoder.decode(BYTES) == decoder.decode(BYTES)
    assert fetched == [RICH]
