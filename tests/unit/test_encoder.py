"""The generated encoder: the bytes of the obvious one, its errors, and a source that a person can read."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from benchmarks.obvious import ObviousCodec
from schemas.attribute_checks import MAX_NAME_BYTES
from schemas.attribute_values import Item
from schemas.change_event import ChangeEvent
from schemas.codec import source_of
from schemas.encoding import NAME, long_bytes
from schemas.errors import InvalidAttributeValue, InvalidSchema
from schemas.event_encoder import EventEncoder
from schemas.event_schema import compose, packaged
from tests.hostile_bytes import number
from tests.items import DECLARED, FIELDS, ODD_NUMBERS, Attribute, event, events, item_record, items, schema_text, values

RICH = schema_text(*FIELDS)
ENCODER, OBVIOUS = EventEncoder(1, RICH), ObviousCodec(RICH)
FRAME = b"\0\0\0\0\1"
KEY: dict[str, Attribute] = {"Hash": {"N": "1"}, "Range": {"S": "r"}}


def outcome(encode: Callable[[ChangeEvent], bytes], written: ChangeEvent) -> bytes | tuple[str, str, str]:
    """The bytes, or what is said about the value that has none."""
    try:
        return encode(written).removeprefix(FRAME)
    except InvalidAttributeValue as error:
        return error.path, error.found, error.expected


def assert_same(item: dict[str, Attribute]) -> None:
    written = event(KEY, None, item)
    assert outcome(ENCODER.encode, written) == outcome(OBVIOUS.encode, written)


@given(events)
def test_an_event_has_the_bytes_that_fastavro_writes(written: ChangeEvent) -> None:
    assert ENCODER.encode(written) == FRAME + OBVIOUS.encode(written)


@given(items, st.dictionaries(st.sampled_from(list(DECLARED)), values, min_size=1, max_size=3))
def test_values_of_any_type_anywhere_have_the_same_bytes_or_the_same_error(
    item: dict[str, Attribute], others: dict[str, Attribute]
) -> None:
    assert_same(item | others)
    assert_same(others | item)


_members = st.lists(st.sampled_from(({"N": "1"}, {"N": "1.0"}, {"N": str(2**63)}, {"S": "x"}, {"NULL": True})))


@given(_members, _members, st.booleans())
def test_what_comes_first_decides_whether_a_list_does_not_fit_or_is_refused(
    longs: list[Attribute], texts: list[Attribute], texts_first: bool
) -> None:
    both: dict[str, Attribute] = {"ListOfLongs": {"L": longs}, "ListOfText": {"L": texts}, "Text": {"S": "after them"}}
    assert_same(dict(reversed(both.items())) if texts_first else both)


@pytest.mark.parametrize("text", ODD_NUMBERS)
def test_a_number_has_the_same_bytes_wherever_it_stands(text: str) -> None:
    found: Attribute = {"N": text}
    assert_same(
        {
            "NumberAsText": found,
            "NumberAsLong": found,
            "ListOfNumbers": {"L": [found]},
            "ListOfLongs": {"L": [{"N": "5"}, found]},
            "NumberSetAsText": {"NS": [text]},
            "NumberSetAsLongs": {"NS": ["4", text]},
            "Anything": found,
            "undeclared": {"M": {"in": found}},
        }
    )


@pytest.mark.parametrize("size", [0, 1, 63, 64, 127, 128, 4095, 4096, 8191, 8192, 70_000])
def test_lengths_and_counts_have_the_same_bytes_on_either_side_of_every_limit(size: int) -> None:
    assert_same({"Text": {"S": "x" * size}, "Anything": {"S": "é" * size}, "undeclared": {"S": "x" * size}})
    assert_same(
        {"ListOfText": {"L": [{"S": ""}] * size}, "MapOfText": {"M": {f"{at}": {"S": ""} for at in range(size)}}}
    )
    assert_same(
        {"weird": {"S": ""}, "x" * min(max(size, 1), MAX_NAME_BYTES): {"S": ""}}
        | {f"a{at}": {"NULL": True} for at in range(size)}
    )


@given(st.integers(-(2**63), 2**63 - 1) | st.sampled_from([2**at + off for at in range(63) for off in (-1, 0)]))
def test_a_long_is_zigzag_in_groups_of_seven_bits(whole: int) -> None:
    assert long_bytes(whole) == number(whole)


@pytest.mark.parametrize("whole", [2**63, -(2**63) - 1])
def test_a_number_beyond_64_bits_is_no_long(whole: int) -> None:
    with pytest.raises(OverflowError, match="is no number of 64 bits"):
        ENCODER.encode(event(KEY, source=replace(event(KEY).source, size_bytes=whole)))


def test_names_without_end_are_not_kept_without_end() -> None:
    for at in range(10_000):
        assert NAME[f"name {at}"] == number(len(f"name {at}")) + b"name %d" % at
    assert NAME["x" * 1000] == number(1000) + b"x" * 1000
    assert len(NAME) <= 4096
    assert all(len(name) <= 64 for name in NAME)


def test_a_key_of_another_type_than_declared_is_refused_by_name() -> None:
    with pytest.raises(InvalidAttributeValue, match=r"^Range is .* type S, as its schema declares$"):
        ENCODER.encode(event(KEY | {"Range": {"B": ""}}))


def test_a_field_of_the_envelope_that_this_release_cannot_fill_is_refused_by_name() -> None:
    schema = msgspec.json.decode(RICH)
    schema["fields"].append({"name": "added_later", "type": "string", "default": ""})
    with pytest.raises(InvalidSchema, match="the envelope has a field 'added_later'"):
        EventEncoder(1, msgspec.json.encode(schema).decode())


@pytest.mark.parametrize("name", ["'", '"', "\\", "\n", "'); raise SystemExit #", "{value}", "é\0\u2028", "__class__"])
def test_a_name_is_a_name_whatever_python_would_make_of_it(name: str) -> None:
    avsc = msgspec.json.decode(item_record("Text", "ListOfText"))
    for field in avsc["fields"][2:4]:
        field |= {"name": f"{field['name']} {name}", "attribute": field["name"] + name}
    envelope = (resources.files("schemas") / "change_event.avsc").read_bytes()
    encoder = EventEncoder(1, compose(envelope, msgspec.json.encode(avsc)))
    item: dict[str, Any] = KEY | {f"Text{name}": {"S": "a"}, f"ListOfText{name}": {"L": [{"S": "b"}]}}
    plain = EventEncoder(1, schema_text("Text", "ListOfText"))
    same = event(KEY, None, KEY | {"Text": {"S": "a"}, "ListOfText": {"L": [{"S": "b"}]}})
    assert encoder.encode(replace(same, after=Item(item))) == plain.encode(same)


def test_the_source_can_be_read() -> None:
    source = source_of(packaged("users"))
    compile(source, "printed", "exec")
    assert "get('Username')" in source
    assert "The array Roles." in source
