"""Hypothesis strategies for attribute values, items and events, and an item record with a field of every shape."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from decimal import Decimal
from importlib import resources
from typing import Any, TypeAlias

import msgspec
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from schemas.attribute_checks import MAX_DIGITS
from schemas.attribute_values import Item
from schemas.change_event import ChangeEvent, Operation, Principal, Source, ViewType
from schemas.errors import UnknownSchema
from schemas.event_schema import compose

Json: TypeAlias = Any
Attribute: TypeAlias = dict[str, Any]

WEIRD_NAME = "weird näme-1.0 ✓"
"""An attribute name that Avro cannot spell; the field `weird` declares it."""

_NUMBER_AS_TEXT = {"type": "string", "dynamodb": "N"}
_ANYTHING = {"type": "string", "dynamodb": "ANY"}
FIELDS: dict[str, Json] = {
    "Hash": _NUMBER_AS_TEXT,
    "Range": "string",
    "Text": "string",
    "NumberAsText": _NUMBER_AS_TEXT,
    "NumberAsLong": "long",
    "Binary": "bytes",
    "Flag": "boolean",
    "ListOfText": {"type": "array", "items": "string", "dynamodb": "L"},
    "ListOfNumbers": {"type": "array", "items": _NUMBER_AS_TEXT, "dynamodb": "L"},
    "ListOfLongs": {"type": "array", "items": "long"},
    "ListOfMaps": {"type": "array", "items": {"type": "map", "values": "bytes"}},
    "MapOfAnything": {"type": "map", "values": _ANYTHING, "dynamodb": "M"},
    "MapOfText": {"type": "map", "values": "string", "dynamodb": "M"},
    "TextSet": {"type": "array", "items": "string", "dynamodb": "SS"},
    "NumberSetAsText": {"type": "array", "items": "string", "dynamodb": "NS"},
    "NumberSetAsLongs": {"type": "array", "items": "long", "dynamodb": "NS"},
    "BinarySet": {"type": "array", "items": "bytes", "dynamodb": "BS"},
    "Anything": _ANYTHING,
    "weird": "string",
}
KEY_PARTS = {"Hash": "HASH", "Range": "RANGE"}


def item_record(*fields: str) -> bytes:
    """An .avsc with the key and those of `FIELDS`."""
    declared = [
        {"name": name, "type": ["null", avro], "default": None}
        | ({"attribute": WEIRD_NAME} if name == "weird" else {})
        | ({"key": KEY_PARTS[name]} if name in KEY_PARTS else {})
        for name, avro in FIELDS.items()
        if name in KEY_PARTS or name in fields
    ]
    unmapped = {"name": "unmapped", "type": {"type": "map", "values": "string"}, "default": {}}
    avsc = {"type": "record", "name": "Item", "namespace": "distributary.shapes", "fields": [*declared, unmapped]}
    return msgspec.json.encode(avsc)


def _scientific(sign: str, digits: int, exponent: int) -> str:
    return f"{sign}{digits}E{exponent}" if exponent else f"{sign}{digits}"


def _with_point(sign: str, digits: str, point: int) -> str:
    return f"{sign}{digits[:point]}.{digits[point:]}" if point < len(digits) else sign + digits


NINES = "9" * MAX_DIGITS
ODD_NUMBERS = (
    *("0", "-0", "0.0", "0E500", "-0E-500", "1.0", "007", "1e3", "+5", ".5", "5.", "1" + "0" * 125),
    *("1E-130", "-1E-130", f"9.{NINES[1:]}E-130", f"9.{NINES[1:]}E+125", f"-9.{NINES[1:]}E125", NINES, "0." + NINES),
    *(str(2**63 - 1), str(2**63), str(-(2**63)), str(-(2**63) - 1)),
)
"""Numbers at the limits and in spellings that a long does not give back."""
_signs = st.sampled_from(("", "-"))
numbers: SearchStrategy[str] = st.one_of(
    st.integers(-(2**70), 2**70).map(str),
    st.builds(_scientific, _signs, st.integers(1, 10**MAX_DIGITS - 1), st.integers(-130, 126 - MAX_DIGITS)),
    st.builds(_with_point, _signs, st.text("0123456789", min_size=1, max_size=MAX_DIGITS), st.integers(0, MAX_DIGITS)),
    st.sampled_from(ODD_NUMBERS),
)
texts: SearchStrategy[str] = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
binaries: SearchStrategy[str] = st.binary(max_size=10).map(lambda value: base64.b64encode(value).decode())
names: SearchStrategy[str] = st.one_of(texts.filter(bool), st.sampled_from(("unmapped", "before", "a.b", "0", "$")))
"""Attribute names: any Unicode, and those that a careless schema would trip over."""

CONTENTS: dict[str, SearchStrategy[Json]] = {
    "S": texts,
    "N": numbers,
    "B": binaries,
    "BOOL": st.booleans(),
    "NULL": st.just(True),
    "SS": st.lists(texts, min_size=1, max_size=4, unique=True),
    "NS": st.lists(numbers, min_size=1, max_size=4, unique_by=Decimal),
    "BS": st.lists(binaries, min_size=1, max_size=4, unique=True),
}
"""What stands behind each type letter that holds no other attribute value."""


def of_type(letter: str, content: SearchStrategy[Json] | None = None) -> SearchStrategy[Attribute]:
    """Attribute values of one type."""
    return (CONTENTS[letter] if content is None else content).map(lambda found: {letter: found})


def lists_of(members: SearchStrategy[Attribute]) -> SearchStrategy[Attribute]:
    """Attribute values of type L."""
    return of_type("L", st.lists(members, max_size=3))


def maps_of(members: SearchStrategy[Attribute]) -> SearchStrategy[Attribute]:
    """Attribute values of type M."""
    return of_type("M", st.dictionaries(names, members, max_size=3))


values: SearchStrategy[Attribute] = st.recursive(
    st.one_of([of_type(letter) for letter in CONTENTS]), lambda inner: lists_of(inner) | maps_of(inner), max_leaves=6
)
"""Attribute values of all ten types."""


def _of_shape(avro: Json) -> SearchStrategy[Attribute]:
    kind = avro if isinstance(avro, str) else avro["type"]
    default = {"string": "S", "long": "N", "bytes": "B", "boolean": "BOOL", "array": "L", "map": "M"}[kind]
    letter = default if isinstance(avro, str) else avro.get("dynamodb", default)
    if letter == "ANY":
        return values
    if letter == "L":
        return lists_of(_of_shape(avro["items"]))
    return maps_of(_of_shape(avro["values"])) if letter == "M" else of_type(letter)


DECLARED: dict[str, SearchStrategy[Attribute]] = {
    WEIRD_NAME if name == "weird" else name: _of_shape(avro) for name, avro in FIELDS.items()
}
"""For each attribute that `FIELDS` declares, its values of the declared type."""
keys: SearchStrategy[dict[str, Attribute]] = st.builds(
    lambda *parts: dict(zip(KEY_PARTS, parts, strict=True)), *(DECLARED[name] for name in KEY_PARTS)
)
"""Item keys, in key order."""
_optional = {name: declared | of_type("NULL") for name, declared in DECLARED.items() if name not in KEY_PARTS}
_undeclared = st.dictionaries(names.filter(lambda name: name not in DECLARED), values, max_size=3)
items: SearchStrategy[dict[str, Attribute]] = st.builds(
    lambda key, declared, undeclared: key | declared | undeclared,
    keys,
    st.fixed_dictionaries({}, optional=_optional),
    _undeclared,
)
"""Items whose declared attributes are of their types, absent or NULL, and whose others are anything."""


class Schemas:
    """A registry that knows those schema texts, by id."""

    def __init__(self, texts_by_id: dict[int, str]) -> None:
        self._texts = texts_by_id

    def schema(self, schema_id: int) -> str:
        """See `Registry.schema`."""
        if schema_id not in self._texts:
            raise UnknownSchema(f"there is no schema {schema_id}")
        return self._texts[schema_id]

    def id_of(self, subject: str, text: str) -> int:
        """See `Registry.id_of`: whatever the subject."""
        for schema_id, known in self._texts.items():
            if known == text:
                return schema_id
        raise UnknownSchema(f"{subject} holds no such schema")


def schema_text(*fields: str) -> str:
    """The schema of a change event whose item record is `item_record` of those fields."""
    envelope = (resources.files("schemas") / "change_event.avsc").read_bytes()
    return compose(envelope, item_record(*fields))


def event(
    key: dict[str, Attribute],
    before: dict[str, Attribute] | None = None,
    after: dict[str, Attribute] | None = None,
    **changed: Any,
) -> ChangeEvent:
    """A change event about that item; `changed` are fields that are to be otherwise."""
    source = Source("Shapes", "eu-west-1", "123456789012", "2026-01-01T00:00:00.000", "7", ViewType.NEW_AND_OLD_IMAGES)
    usual: dict[str, Any] = {
        "event_id": "e1",
        "operation": Operation.MODIFY,
        "version": "2026-01-01T00:00:00.000#" + "7".zfill(40),
        "committed_at": datetime(2026, 1, 1, 12, tzinfo=UTC),
        "source": source,
        "metadata": {},
        "before": None if before is None else Item(before),
        "after": None if after is None else Item(after),
    }
    return ChangeEvent(key=Item(key), **(usual | changed))


_instants = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
_sources = st.builds(
    Source,
    table=texts,
    region=texts,
    account=texts,
    epoch=texts,
    sequence_number=texts,
    view_type=st.sampled_from(ViewType),
    size_bytes=st.none() | st.integers(0, 2**63 - 1),
    principal=st.none() | st.builds(Principal, texts, texts),
)
events: SearchStrategy[ChangeEvent] = st.builds(
    event,
    keys,
    st.none() | items,
    st.none() | items,
    event_id=texts,
    operation=st.sampled_from(Operation),
    version=texts,
    committed_at=st.none() | _instants.map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)),
    source=_sources,
    metadata=st.dictionaries(texts, texts, max_size=2),
)
"""Change events of the table that `item_record` describes."""
