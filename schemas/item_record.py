"""A table's item record: how attribute values stand in Avro, read from the .avsc alone (design section 3).

A field's property `attribute` names its attribute where Avro cannot spell it; `key` marks HASH and RANGE. A type's
property `dynamodb` is its type letter; without one a string is S, a long N, bytes B, a boolean BOOL, an array L and a
map M. Numbers are text ({"type": "string", "dynamodb": "N"}) or long; sets are arrays marked SS, NS or BS; a string
marked ANY holds any attribute value as DynamoDB JSON.

What has no typed field goes to `unmapped`: undeclared attributes, an explicit NULL, and a number that a long would not
give back to the letter.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec

from schemas.attribute_checks import check, check_attributes
from schemas.attribute_values import Attributes, AttributeValue, shown
from schemas.errors import InvalidAttributeValue, InvalidSchema
from schemas.keys import KeyAttribute, KeySchema

UNMAPPED = "unmapped"
KEY_TYPES = frozenset({"S", "N", "B"})

Convert: TypeAlias = Callable[[Any], Any]


class _DoesNotFit(Exception):
    """Raised when a value of the right type cannot stand in its field without losing something."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One type of an item record: its DynamoDB type letter, and the way to Avro and back, of the letter's content."""

    letter: str
    to_avro: Convert
    from_avro: Convert

    def write(self, value: AttributeValue, path: str) -> Any:
        """The Avro value of an attribute value. Raises InvalidAttributeValue where it is of another type."""
        if self.letter == "ANY":
            return self.to_avro(value)
        if self.letter not in value:
            raise InvalidAttributeValue(path, shown(dict(value)), f"of type {self.letter}, as its schema declares")
        return self.to_avro(value[self.letter])

    def read(self, value: Any) -> AttributeValue:
        """The attribute value of an Avro value; the reverse of `write`."""
        content = self.from_avro(value)
        return content if self.letter == "ANY" else {self.letter: content}


@dataclass(frozen=True, slots=True)
class Field:
    """One declared attribute."""

    name: str
    attribute: str
    shape: Shape


class ItemRecord:
    """The compiled item record of one table.

    `key_schema` is the table's key in key order. Raises InvalidSchema, naming the field, for an .avsc that is none.
    """

    def __init__(self, avsc: Mapping[str, Any]) -> None:
        declared = [field for field in avsc["fields"] if field["name"] != UNMAPPED]
        if len(declared) == len(avsc["fields"]):
            raise InvalidSchema(
                f"the item record {avsc.get('namespace')} has no field {UNMAPPED!r}; add it: map of string"
            )
        self.fields = tuple(_field(field) for field in declared)
        self._by_attribute = {field.attribute: field for field in self.fields}
        self.key_fields = tuple(
            field
            for part in ("HASH", "RANGE")
            for field, source in zip(self.fields, declared, strict=True)
            if source.get("key") == part
        )
        parts = sorted(field["key"] for field in declared if "key" in field)
        if parts not in (["HASH"], ["HASH", "RANGE"]):
            raise InvalidSchema(
                f"the item record {avsc.get('namespace')} marks {', '.join(parts) or 'no field'} as key; "
                "mark one as HASH and at most one as RANGE"
            )
        self.key_schema: KeySchema = tuple(KeyAttribute(f.attribute, f.shape.letter) for f in self.key_fields)

    def to_avro(self, item: Attributes, path: str) -> dict[str, Any]:
        """The Avro record of checked attribute values. Raises InvalidAttributeValue where one is not as declared."""
        record: dict[str, Any] = {}
        unmapped: dict[str, str] = {}
        for name, value in item.items():
            field = self._by_attribute.get(name)
            if field is None or "NULL" in value:
                unmapped[name] = _to_json(value)
                continue
            try:
                record[field.name] = field.shape.write(value, f"{path}.{name}")
            except _DoesNotFit:
                unmapped[name] = _to_json(value)
        record[UNMAPPED] = unmapped
        return record

    def from_avro(self, record: Mapping[str, Any], path: str) -> dict[str, AttributeValue]:
        """The attribute values of an Avro record found at `path`; the reverse of `to_avro`.

        Raises InvalidAttributeValue where a text is not the number or the attribute value that it should be: whoever
        gets these may do with a value what it is for, without a look at it.
        """
        item = _read(self.fields, record, path)
        for name, text in record[UNMAPPED].items():
            try:
                item[name] = _from_json(text)
            except InvalidAttributeValue as error:
                raise _located(error, f"{path}.{name}") from None
        return item

    def key_to_avro(self, key: Attributes) -> dict[str, Any]:
        """The Avro record of a checked item key."""
        return {field.name: field.shape.write(key[field.attribute], field.attribute) for field in self.key_fields}

    def key_from_avro(self, record: Mapping[str, Any], path: str) -> Attributes:
        """The item key of an Avro record found at `path`, in key order. Raises InvalidAttributeValue."""
        key = _read(self.key_fields, record, path)
        if len(key) < len(self.key_fields):
            raise InvalidAttributeValue(path, "not whole", f"a value of each of {', '.join(record)}")
        return check_attributes(key, path)


def _read(fields: Iterable[Field], record: Mapping[str, Any], path: str) -> dict[str, AttributeValue]:
    """The attribute values of those fields that are not null."""
    item: dict[str, AttributeValue] = {}
    name = ""
    try:
        for field in fields:
            if (value := record[field.name]) is not None:
                name = field.attribute
                item[name] = field.shape.read(value)
    except InvalidAttributeValue as error:
        raise _located(error, f"{path}.{name}") from None
    return item


def _located(error: InvalidAttributeValue, path: str) -> InvalidAttributeValue:
    return InvalidAttributeValue(path + error.path, error.found, error.expected)


def _field(source: Mapping[str, Any]) -> Field:
    name = source["name"]
    if not isinstance(source["type"], list) or source["type"][:1] != ["null"] or len(source["type"]) != 2:
        raise InvalidSchema(f'the field {name} is not nullable; every declared attribute is ["null", its type]')
    shape = _shape(source["type"][1], name)
    if "key" in source and (shape.letter not in KEY_TYPES or shape.to_avro is _long):
        raise InvalidSchema(f"the key field {name} must be of type S, N or B, and text where it is a number")
    return Field(name, source.get("attribute", name), shape)


def _shape(avro: Any, where: str) -> Shape:
    if isinstance(avro, str):
        avro = {"type": avro}
    kind = avro["type"]
    letter = avro.get("dynamodb", _DEFAULT_LETTERS.get(kind))
    if kind == "array" and letter == "L":
        element = _shape(avro["items"], f"{where}[]")
        return Shape(
            "L",
            lambda members: [element.write(member, f"{where}[{at}]") for at, member in enumerate(members)],
            lambda members: [element.read(member) for member in members],
        )
    if kind == "map" and letter == "M":
        member_shape = _shape(avro["values"], f"{where}.*")
        return Shape(
            "M",
            lambda members: {name: member_shape.write(member, f"{where}.{name}") for name, member in members.items()},
            lambda members: {name: member_shape.read(member) for name, member in members.items()},
        )
    try:
        to_avro, from_avro = _CONVERSIONS[kind if kind != "array" else f"array of {avro['items']}", letter]
    except KeyError:
        raise InvalidSchema(
            f"the field {where} cannot hold the DynamoDB type {letter} in the Avro type {kind}"
        ) from None
    return Shape(letter, to_avro, from_avro)


def _same(value: Any) -> Any:
    return value


def _long(text: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 19):
        raise _DoesNotFit
    whole = int(text)
    if str(whole) != text or not -(2**63) <= whole < 2**63:
        raise _DoesNotFit
    return whole


def _bytes_to_base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _each(convert: Convert) -> Convert:
    return lambda members: [convert(member) for member in members]


def _to_json(value: AttributeValue) -> str:
    return msgspec.json.encode(value).decode()


def _from_json(text: str) -> Any:
    """The attribute value, which is one: the text is as good as whoever wrote it."""
    try:
        value = msgspec.json.decode(text)
    except (ValueError, RecursionError):
        raise InvalidAttributeValue("", shown(text), "an attribute value as JSON") from None
    check(value, "")
    return value


def _checked(letter: str) -> Convert:
    def content(found: Any) -> Any:
        check({letter: found}, "")
        return found

    return content


_DEFAULT_LETTERS = {"string": "S", "long": "N", "bytes": "B", "boolean": "BOOL", "array": "L", "map": "M"}
_CONVERSIONS: dict[tuple[str, str | None], tuple[Convert, Convert]] = {
    ("string", "S"): (_same, _same),
    ("string", "N"): (_same, _checked("N")),
    ("long", "N"): (_long, str),
    ("bytes", "B"): (base64.b64decode, _bytes_to_base64),
    ("boolean", "BOOL"): (_same, _same),
    ("string", "ANY"): (_to_json, _from_json),
    ("array of string", "SS"): (_same, _same),
    ("array of string", "NS"): (_same, _checked("NS")),
    ("array of long", "NS"): (_each(_long), _each(str)),
    ("array of bytes", "BS"): (_each(base64.b64decode), _each(_bytes_to_base64)),
}
