"""Item records: every attribute value reaches Avro and comes back, whatever is declared."""

from __future__ import annotations

from importlib import resources
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.obvious import ObviousCodec
from schemas.attribute_values import Item, attribute_value
from schemas.codec import EventDecoder
from schemas.errors import InvalidAttributeValue, InvalidKey, InvalidSchema
from schemas.event_encoder import FRAME, EventEncoder
from schemas.event_schema import compose, item_record_of
from schemas.item_record import ItemRecord
from schemas.keys import KeyAttribute, key_of
from tests.items import (
    CONTENTS,
    DECLARED,
    FIELDS,
    NINES,
    ODD_NUMBERS,
    WEIRD_NAME,
    Attribute,
    Schemas,
    event,
    item_record,
    items,
    of_type,
    schema_text,
    values,
)

KEY: dict[str, Attribute] = {"Hash": {"N": "1"}, "Range": {"S": "r"}}
TYPE_OF = {
    name: (avro if isinstance(avro, str) else avro.get("dynamodb", avro["type"])) for name, avro in FIELDS.items()
}


class Codec:
    """The generated codec of an item record, and what a reader of Avro sees of its bytes."""

    def __init__(self, avsc: bytes) -> None:
        text = compose((resources.files("schemas") / "change_event.avsc").read_bytes(), avsc)
        self.record = item_record_of(text)
        self._encoder, self._decoder = EventEncoder(1, text), EventDecoder(Schemas({1: text}))
        self._reader = ObviousCodec(text)

    def there_and_back(self, item: dict[str, Attribute]) -> dict[str, Any]:
        """The item from its own bytes."""
        read = self._decoder.decode(self._encoder.encode(event(KEY, None, item))).after
        assert read is not None
        return dict(read.attributes)

    def key_there_and_back(self, key: dict[str, Any]) -> Any:
        """The item key from its own bytes."""
        return self._decoder.decode(self._encoder.encode(event(key))).key.attributes

    def avro(self, item: dict[str, Attribute]) -> dict[str, Any]:
        """The fields in its bytes that are not null."""
        record = self._reader.record(self._encoder.encode(event(KEY, None, item))[FRAME.size :])
        return {name: value for name, value in record["after"].items() if value is not None}


def compiled(*fields: str) -> Codec:
    return Codec(item_record(*fields))


EVERYTHING = compiled(*FIELDS)
NOTHING = compiled()


@given(items)
def test_an_item_comes_back_from_avro_as_it_was(item: dict[str, Attribute]) -> None:
    assert EVERYTHING.there_and_back(item) == item


@given(items, st.sets(st.sampled_from(list(FIELDS))))
def test_a_projection_sees_the_same_item_whichever_attributes_are_declared(
    item: dict[str, Attribute], declared: set[str]
) -> None:
    seen = Item(compiled(*declared).there_and_back(item))
    undeclared = Item(NOTHING.there_and_back(item))
    assert dict(seen) == dict(undeclared)
    # Equality alone does not tell 1 from True.
    assert [attribute_value(seen[name]) for name in item] == [attribute_value(undeclared[name]) for name in item]


@given(items)
def test_a_declared_attribute_stands_in_its_own_field(item: dict[str, Attribute]) -> None:
    avro = EVERYTHING.avro(item)
    for field in EVERYTHING.record.fields:
        value = item.get(field.attribute)
        if value is None or "NULL" in value:
            assert field.name not in avro
        else:
            assert (field.name in avro) != (field.attribute in avro["unmapped"])
            assert field.name in avro or "Long" in field.name
    assert all(name in avro["unmapped"] for name in item if name not in DECLARED)


@pytest.mark.parametrize("text", [*ODD_NUMBERS, "42", "-1"])
def test_a_number_survives_a_long_to_the_letter(text: str) -> None:
    item = KEY | {
        "NumberAsLong": {"N": text},
        "ListOfLongs": {"L": [{"N": "1"}, {"N": text}]},
        "NumberSetAsLongs": {"NS": ["3", text]},
    }
    assert EVERYTHING.there_and_back(item) == item
    canonical = str(int(text)) == text if text.lstrip("-").isdigit() else False
    fits = canonical and -(2**63) <= int(text) < 2**63
    avro = EVERYTHING.avro(item)
    assert avro["unmapped"].keys() == (set() if fits else {"NumberAsLong", "ListOfLongs", "NumberSetAsLongs"})


def test_explicit_nulls_are_kept_apart_from_absent_attributes() -> None:
    nulls: dict[str, Attribute] = {name: {"NULL": True} for name in DECLARED if name not in KEY}
    item = KEY | nulls | {"undeclared": {"NULL": True}}
    assert EVERYTHING.there_and_back(item) == item
    assert EVERYTHING.there_and_back(KEY) == KEY


def test_names_that_avro_cannot_spell_and_names_of_fields_do_not_meet() -> None:
    item = KEY | {
        WEIRD_NAME: {"S": "declared by the field `weird`"},
        "weird": {"S": "not declared: no attribute of this name is"},
        "unmapped": {"S": "not declared either"},
        "\0": {"S": ""},
        " ": {"M": {"unmapped": {"M": {}}}},
    }
    assert EVERYTHING.there_and_back(item) == item
    assert EVERYTHING.avro(item)["weird"] == "declared by the field `weird`"


def test_a_declared_attribute_may_be_called_unmapped() -> None:
    avsc = msgspec.json.decode(item_record("weird"))
    fields = [field | ({"attribute": "unmapped"} if field["name"] == "weird" else {}) for field in avsc["fields"]]
    codec = Codec(msgspec.json.encode(avsc | {"fields": fields}))
    item = KEY | {"unmapped": {"S": "a"}, "weird": {"N": "1"}}
    assert codec.there_and_back(item) == item
    assert codec.avro(item)["weird"] == "a"


def test_values_nested_32_deep_come_back() -> None:
    deep: Attribute = {"N": NINES}
    for _ in range(16):
        deep = {"L": [{"M": {"in": deep}}]}
    item = KEY | {"Anything": deep, "MapOfAnything": {"M": {"deep": deep}}, "undeclared": deep}
    assert EVERYTHING.there_and_back(item) == item


@given(st.data())
def test_a_declared_attribute_of_another_type_is_refused_by_name(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([name for name in DECLARED if name != "Anything"]))
    field = next(field for field in EVERYTHING.record.fields if field.attribute == name)
    wrong = data.draw(values.filter(lambda value: not value.keys() & {"NULL", field.shape.letter}))
    with pytest.raises(InvalidAttributeValue) as refused:
        EVERYTHING.avro(KEY | {name: wrong})
    assert refused.value.path == f"after.{name}"
    assert refused.value.expected == f"of type {field.shape.letter}, as its schema declares"


@pytest.mark.parametrize("name", ["ListOfText", "ListOfNumbers", "ListOfLongs", "ListOfMaps", "MapOfText"])
@given(wrong=st.one_of([of_type(letter) for letter in CONTENTS if letter not in ("S", "N")]))
def test_a_member_of_another_type_is_refused_by_name(name: str, wrong: Attribute) -> None:
    value = {"M": {"inside": wrong}} if name == "MapOfText" else {"L": [wrong]}
    with pytest.raises(InvalidAttributeValue, match=name):
        EVERYTHING.avro(KEY | {name: value})


def test_the_key_stands_in_key_order_whatever_the_order_of_the_fields_and_of_the_item() -> None:
    avsc = msgspec.json.decode(item_record())
    avsc["fields"].reverse()
    record = ItemRecord(avsc)
    assert record.key_schema == (KeyAttribute("Hash", "N"), KeyAttribute("Range", "S"))
    key = key_of({"x": {"S": ""}, "Range": {"S": "r"}, "Hash": {"N": "1"}}, record.key_schema, "NewImage")
    assert list(key) == ["Hash", "Range"]
    codec = Codec(msgspec.json.encode(avsc))
    assert list(codec.key_there_and_back(key).items()) == list(KEY.items())


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"Hash": {"N": "1"}}, "dynamodb.Keys has no Range, the table's key"),
        (
            {"Hash": {"N": "1"}, "Range": {"B": ""}},
            "dynamodb.Keys.Range is of type B, the table's key is of type S",
        ),
    ],
)
def test_an_item_without_its_key_is_refused(item: dict[str, Attribute], message: str) -> None:
    with pytest.raises(InvalidKey) as refused:
        key_of(item, EVERYTHING.record.key_schema, "dynamodb.Keys")
    assert str(refused.value) == message


def _nullable(**field: Any) -> dict[str, Any]:
    return {"name": "x", "default": None} | field


@pytest.mark.parametrize(
    ("field", "message"),
    [
        (_nullable(type="string"), "x is not nullable"),
        (_nullable(type=["string", "null"]), "x is not nullable"),
        (_nullable(type=["null", "string", "long"]), "x is not nullable"),
        (_nullable(type=["null", "double"]), "x cannot hold the DynamoDB type None in the Avro type double"),
        (_nullable(type=["null", {"type": "long", "dynamodb": "S"}]), "x cannot hold the DynamoDB type S"),
        (_nullable(type=["null", {"type": "array", "items": "long", "dynamodb": "SS"}]), "x cannot hold"),
        (_nullable(type=["null", {"type": "array", "items": "double"}]), r"x\[\] cannot hold"),
        (_nullable(type=["null", {"type": "map", "values": "float"}]), r"x\.\* cannot hold"),
        (_nullable(type=["null", "long"], key="HASH"), "the key field x must be .* text where it is a number"),
        (_nullable(type=["null", "boolean"], key="HASH"), "the key field x must be of type S, N or B"),
    ],
)
def test_a_field_that_cannot_hold_what_it_declares_is_refused_by_name(field: dict[str, Any], message: str) -> None:
    avsc = msgspec.json.decode(item_record())
    with pytest.raises(InvalidSchema, match=message):
        ItemRecord(avsc | {"fields": [field, *avsc["fields"]]})


def test_an_item_record_without_a_place_for_the_rest_or_without_a_key_is_refused() -> None:
    avsc = msgspec.json.decode(item_record("Text"))
    hash_field, range_field, text_field, unmapped = avsc["fields"]
    for fields, message in (
        ([hash_field], r"distributary\.shapes has no field 'unmapped'"),
        ([text_field, unmapped], r"distributary\.shapes marks no field as key; mark one as HASH"),
        ([range_field, unmapped], "marks RANGE as key"),
        ([hash_field, range_field | {"key": "HASH"}, unmapped], "marks HASH, HASH as key"),
        ([hash_field | {"key": "SORT"}, unmapped], "marks SORT as key"),
    ):
        with pytest.raises(InvalidSchema, match=message):
            ItemRecord(avsc | {"fields": fields})


@pytest.mark.parametrize("text", ["", "nonsense", "5", "{}", '{"fields": 5}', '"string"', '{"type": "object"}'])
def test_a_schema_that_is_no_change_event_is_refused(text: str) -> None:
    with pytest.raises(InvalidSchema):
        item_record_of(text)


def test_the_item_record_is_found_in_the_schema_of_its_topic() -> None:
    assert [field.attribute for field in item_record_of(schema_text(*FIELDS)).fields] == list(DECLARED)
