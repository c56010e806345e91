"""A table's item record: how attribute values stand in Avro, read from the .avsc alone (design section 3).

A field's property `attribute` names its attribute where Avro cannot spell it; `key` marks HASH and RANGE. A type's
property `dynamodb` is its type letter; without one a string is S, a long N, bytes B, a boolean BOOL, an array L and a
map M. Numbers are text ({"type": "string", "dynamodb": "N"}) or long; sets are arrays marked SS, NS or BS; a string
marked ANY holds any attribute value as DynamoDB JSON.

What has no typed field goes to `unmapped`: undeclared attributes, an explicit NULL, and a number that a long would not
give back to the letter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from schemas.errors import InvalidSchema
from schemas.keys import KeyAttribute, KeySchema

UNMAPPED = "unmapped"
KEY_TYPES = frozenset({"S", "N", "B"})

_DEFAULT_LETTERS = {"string": "S", "long": "N", "bytes": "B", "boolean": "BOOL", "array": "L", "map": "M"}
_SCALARS = frozenset(
    {("string", "S"), ("string", "N"), ("string", "ANY"), ("long", "N"), ("bytes", "B"), ("boolean", "BOOL")}
)
_SETS = {("string", "SS"): "S", ("string", "NS"): "N", ("long", "NS"): "N", ("bytes", "BS"): "B"}


class Shape(msgspec.Struct, frozen=True):
    """One type of an item record: its DynamoDB type letter, the Avro type that holds it, and where in the record.

    `member` is the shape of what an array or a map holds: attribute values, but in a set their contents.
    """

    letter: str
    avro: str
    where: str
    member: Shape | None = None

    @property
    def holds_contents(self) -> bool:
        """Whether it is a set."""
        return self.letter in ("SS", "NS", "BS")


class Field(msgspec.Struct, frozen=True):
    """One declared attribute."""

    name: str
    attribute: str
    shape: Shape


class ItemRecord:
    """The item record of one table.

    `key_schema` is the table's key in key order. Raises InvalidSchema, naming the field, for an .avsc that is none.
    """

    def __init__(self, avsc: Mapping[str, Any]) -> None:
        called = f"the item record {avsc.get('namespace')}"
        declared = [field for field in avsc["fields"] if field["name"] != UNMAPPED]
        if len(declared) == len(avsc["fields"]):
            raise InvalidSchema(f"{called} has no field {UNMAPPED!r}; add it: map of string")
        self.fields = tuple(_field(field) for field in declared)
        self.by_attribute = {field.attribute: field for field in self.fields}
        if len(self.by_attribute) < len(self.fields):
            raise InvalidSchema(f"{called} has two fields for one attribute; a value stands in one alone")
        self.names = tuple(field["name"] for field in avsc["fields"])
        """All fields in the order of their bytes, `unmapped` among them."""
        self.key_fields = tuple(
            field
            for part in ("HASH", "RANGE")
            for field, source in zip(self.fields, declared, strict=True)
            if source.get("key") == part
        )
        parts = sorted(field["key"] for field in declared if "key" in field)
        if parts not in (["HASH"], ["HASH", "RANGE"]):
            raise InvalidSchema(
                f"{called} marks {', '.join(parts) or 'no field'} as key; mark one as HASH and at most one as RANGE"
            )
        self.key_schema: KeySchema = tuple(KeyAttribute(f.attribute, f.shape.letter) for f in self.key_fields)


def _field(source: Mapping[str, Any]) -> Field:
    name = source["name"]
    if not isinstance(source["type"], list) or source["type"][:1] != ["null"] or len(source["type"]) != 2:
        raise InvalidSchema(f'the field {name} is not nullable; every declared attribute is ["null", its type]')
    shape = _shape(source["type"][1], name)
    if "key" in source and (shape.letter not in KEY_TYPES or shape.avro == "long"):
        raise InvalidSchema(f"the key field {name} must be of type S, N or B, and text where it is a number")
    return Field(name, source.get("attribute", name), shape)


def _shape(avro: Any, where: str) -> Shape:
    if isinstance(avro, str):
        avro = {"type": avro}
    kind = avro["type"]
    letter = avro.get("dynamodb", _DEFAULT_LETTERS.get(kind))
    match kind, letter:
        case "array", "L":
            return Shape("L", kind, where, _shape(avro["items"], f"{where}[]"))
        case "map", "M":
            return Shape("M", kind, where, _shape(avro["values"], f"{where}.*"))
        case "array", _ if (avro["items"], letter) in _SETS:
            member = Shape(_SETS[avro["items"], letter], avro["items"], f"{where}[]")
            return Shape(letter, kind, where, member)
        case _ if (kind, letter) in _SCALARS:
            return Shape(letter, kind, where)
    raise InvalidSchema(f"the field {where} cannot hold the DynamoDB type {letter} in the Avro type {kind}")
