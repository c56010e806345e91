"""What lies inside well-formed bytes: an event that decodes holds lawful values, whatever is done with them later."""

from __future__ import annotations

from time import monotonic
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.change_event import ChangeEvent
from schemas.errors import UndecodableEvent
from schemas.event_encoder import EventEncoder
from schemas.topics import MAX_MESSAGE_BYTES
from tests.hostile_bytes import ENCODER, KEY, SCHEMA_ID, USERS, number, text
from tests.items import FIELDS, Schemas, event, events, schema_text
from tests.whole_decoder import WholeDecoder

RICH = schema_text(*FIELDS)
RICH_ENCODER = EventEncoder(SCHEMA_ID, RICH)
RICH_DECODER = WholeDecoder(Schemas({SCHEMA_ID: RICH}))
DECODER = WholeDecoder(Schemas({SCHEMA_ID: USERS}))

_NEEDLE = b'{"S":"needle"}'
_UNMAPPED = ENCODER.encode(event(KEY, None, KEY | {"undeclared": {"S": "needle"}}))
_ANY = ENCODER.encode(event(KEY, None, KEY | {"Preferences": {"M": {"theme": {"S": "needle"}}}}))
_NUMBER = ENCODER.encode(event(KEY, None, {"UserId": {"N": "31415926"}}))
_NUMBERS = RICH_ENCODER.encode(
    event({"Hash": {"N": "1"}, "Range": {"S": ""}}, None, {"NumberSetAsText": {"NS": ["31415926"]}})
)


def touched(read: ChangeEvent) -> None:
    """Does with an event what groups, projections and read models do with one."""
    assert read.key_text
    for side in (read.key, read.before, read.after):
        if side is not None:
            dict(side)
            repr(side)
            msgspec.json.encode(dict(side.attributes))


@pytest.mark.parametrize(
    "json",
    [
        b"",
        b"nonsense",
        b"\xff",
        b"5",
        b"null",
        b"[" * 1_000_000,
        b'{"a":' * 1_000_000,
        b'{"L":[' * 100 + b"]}" * 100,
        b'{"M":{"a":' * 100 + b'{"S":""}' + b"}}" * 100,
        b"[" + b"[]," * 1_000_000 + b"[]]",
        b'{"S":5}',
        b'{"S":"a","N":"1"}',
        b'{"S":"\\ud800"}',
        b'{"X":"1"}',
        b'{"N":1}',
        b'{"N":"1e999999999"}',
        b'{"N":"-1e-999999999"}',
        b'{"N":"NaN"}',
        b'{"N":"Infinity"}',
        b'{"N":"' + b"9" * 1_000_000 + b'"}',
        b'{"N":"' + b"0" * 1_000_000 + b'1"}',
        b'{"N":' + b"9" * 1_000_000 + b"}",
        b'{"N":"1' + b"1" * 1_000_000 + b'x"}',
        b'{"B":"?"}',
        b'{"NULL":false}',
        b'{"NS":["1","1.0"]}',
        b'{"NS":["1","1e999999999"]}',
        b'{"L":[{"NS":[]}]}',
    ],
    ids=lambda json: json[:24].decode("latin-1"),
)
@pytest.mark.parametrize(("data", "place"), [(_UNMAPPED, "undeclared"), (_ANY, "Preferences")], ids=["unmapped", "any"])
def test_json_that_is_no_attribute_value_is_undecodable_by_name(data: bytes, place: str, json: bytes) -> None:
    begun = monotonic()
    with pytest.raises(UndecodableEvent, match=rf"after\.({place}|unmapped\[0\] is text that is no UTF-8)"):
        DECODER.decode(data.replace(text(_NEEDLE), text(json)))
    assert monotonic() - begun < 20


@pytest.mark.parametrize("digits", [b"", b"x", b"1e999", b"1e999999999", b"NaN", b"1" * 39, b"9" * MAX_MESSAGE_BYTES])
@pytest.mark.parametrize(("data", "place"), [(_NUMBER, "UserId"), (_NUMBERS, "NumberSetAsText")])
def test_a_text_that_is_no_number_where_one_is_declared_is_undecodable(data: bytes, place: str, digits: bytes) -> None:
    decoder = DECODER if place == "UserId" else RICH_DECODER
    with pytest.raises(UndecodableEvent, match=rf"after\.{place}(\[0\])? is .*, expected a"):
        decoder.decode(data.replace(text(b"31415926"), text(digits)))


def test_numbers_made_to_share_a_hash_are_undecodable_before_anybody_makes_a_set_of_them() -> None:
    shared = b",".join(b'"%d"' % ((2**61 - 1) * (2**20 + at)) for at in range(200_000))
    begun = monotonic()
    with pytest.raises(UndecodableEvent, match=r"after\.undeclared is .*, expected a set without duplicates"):
        DECODER.decode(_UNMAPPED.replace(text(_NEEDLE), text(b'{"NS":[' + shared + b"]}")))
    assert monotonic() - begun < 20


def test_a_zero_of_any_exponent_is_zero() -> None:
    read = DECODER.decode(_UNMAPPED.replace(text(_NEEDLE), text(b'{"N":"0e999999999"}')))
    assert read.after is not None
    assert read.after["undeclared"] == 0
    touched(read)


def test_two_images_of_as_many_members_as_400_kb_can_hold_are_no_attack() -> None:
    """DynamoDB counts a byte for an empty text in a list."""
    key = {"Hash": {"N": "1"}, "Range": {"S": ""}}
    item = key | {"ListOfText": {"L": [{"S": ""}] * 400_000}}
    read = RICH_DECODER.decode(RICH_ENCODER.encode(event(key, item, item)))
    assert (read.after is not None and read.after.attributes == item) is True


def _changed(field: str, avro: Any, within: str | None = None) -> str:
    schema = msgspec.json.decode(USERS)
    fields = {each["name"]: each for each in schema["fields"]}
    if within is not None:
        fields = {each["name"]: each for each in fields[within]["type"]["fields"]}
    fields[field]["type"] = avro
    return msgspec.json.encode(schema).decode()


OTHER_ITEM = {"type": "record", "name": "Other", "fields": [{"name": "UserId", "type": ["null", "long"]}]}


@pytest.mark.parametrize(
    ("schema", "field"),
    [
        (_changed("version", "long"), "version"),
        (_changed("event_id", ["null", "string"]), "event_id"),
        (_changed("committed_at", ["null", "string"]), "committed_at"),
        (_changed("metadata", {"type": "map", "values": "long"}), "metadata"),
        (_changed("after", ["null", OTHER_ITEM]), "after"),
        (_changed("after", "string"), "after"),
        (_changed("table", "bytes", within="source"), r"source\.table"),
        (_changed("size_bytes", "string", within="source"), r"source\.size_bytes"),
    ],
)
def test_an_envelope_of_other_types_is_no_change_events(schema: str, field: str) -> None:
    """Else a version would come out as a number, and what compares it would fail where that is no longer poison."""
    with pytest.raises(UndecodableEvent, match=f"by its schema id 1: the field {field} is "):
        WholeDecoder(Schemas({SCHEMA_ID: schema})).decode(ENCODER.encode(event(KEY)))


@pytest.mark.parametrize("logical", ["uuid", "decimal", "date", "timestamp-micros", {"no": "name"}])
def test_a_logical_type_makes_nothing_else_of_a_value(logical: Any) -> None:
    """It would make another type of the attribute than its letter says."""
    typed = msgspec.json.encode({"type": "long", "logicalType": logical}).decode()
    schema = USERS.replace(
        '"type":["null","long"],"default":null,"doc":"Epoch seconds."',
        f'"type":["null",{typed}]',
    )
    assert schema != USERS
    written = event(KEY, None, KEY | {"LastLoginAt": {"N": "5"}})
    assert WholeDecoder(Schemas({SCHEMA_ID: schema})).decode(ENCODER.encode(written)) == written


def test_a_time_that_no_calendar_has_is_undecodable() -> None:
    written = event(KEY)
    assert written.committed_at is not None
    time, never = number(int(written.committed_at.timestamp()) * 1000), number(2**62)
    data = ENCODER.encode(written)
    assert time in data
    with pytest.raises(UndecodableEvent, match="OverflowError"):
        DECODER.decode(data.replace(time, never))


def test_a_key_without_its_value_is_undecodable() -> None:
    schema = msgspec.json.decode(USERS)
    key = next(field["type"] for field in schema["fields"] if field["name"] == "key")
    key["fields"][0]["type"] = ["null", "string"]
    hollow = WholeDecoder(Schemas({SCHEMA_ID: msgspec.json.encode(schema).decode()}))
    data = ENCODER.encode(event(KEY))
    with pytest.raises(UndecodableEvent, match="key is not whole, expected a value of each of UserId"):
        hollow.decode(data.replace(text(b"42"), b"\0"))


@given(events, st.data())
def test_an_event_with_a_byte_changed_left_out_or_put_in_is_an_event_or_undecodable(
    written: ChangeEvent, data: st.DataObject
) -> None:
    value = RICH_ENCODER.encode(written)
    at, byte = data.draw(st.integers(5, len(value) - 1)), data.draw(st.integers(0, 255))
    for hostile in (
        value[:at] + bytes([byte]) + value[at + 1 :],
        value[:at] + bytes([value[at] ^ (1 << (byte & 7))]) + value[at + 1 :],
        value[:at] + bytes([byte]) + value[at:],
        value[:at] + value[at + 1 :],
    ):
        try:
            read = RICH_DECODER.decode(hostile)
        except UndecodableEvent:
            continue
        touched(read)


@given(events, st.data())
def test_an_event_cut_short_or_longer_is_undecodable(written: ChangeEvent, data: st.DataObject) -> None:
    value = RICH_ENCODER.encode(written)
    length, tail = data.draw(st.integers(0, len(value) - 1)), data.draw(st.binary(min_size=1, max_size=9))
    for hostile in (value[:length], value + tail):
        with pytest.raises(UndecodableEvent):
            RICH_DECODER.decode(hostile)
