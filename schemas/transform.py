"""The obvious way from attribute values to Avro and back: a record of Python values, for a library to write.

It is what the generated codec is held against: the same bytes (`tests/unit/test_encoder.py`), the same values, and the
time that it takes.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import msgspec

from schemas.attribute_checks import check, check_attributes
from schemas.attribute_values import Attributes, AttributeValue, shown
from schemas.errors import DoesNotFit, InvalidAttributeValue
from schemas.item_record import UNMAPPED, Field, ItemRecord, Shape

Convert: TypeAlias = Callable[[Any], Any]


def item_to_avro(record: ItemRecord, item: Attributes, path: str) -> dict[str, Any]:
    """The Avro record of checked attribute values. Raises InvalidAttributeValue where one is not as declared."""
    avro: dict[str, Any] = {}
    unmapped: dict[str, str] = {}
    for name, value in item.items():
        field = record.by_attribute.get(name)
        if field is None or "NULL" in value:
            unmapped[name] = _to_json(value)
            continue
        try:
            avro[field.name] = _to_avro(field.shape, value, f"{path}.{name}")
        except DoesNotFit:
            unmapped[name] = _to_json(value)
    return avro | {UNMAPPED: unmapped}


def key_to_avro(record: ItemRecord, key: Attributes) -> dict[str, Any]:
    """The Avro record of a checked item key."""
    return {field.name: _to_avro(field.shape, key[field.attribute], field.attribute) for field in record.key_fields}


def item_from_avro(record: ItemRecord, avro: Mapping[str, Any], path: str) -> dict[str, AttributeValue]:
    """The attribute values of an Avro record found at `path`; raises InvalidAttributeValue for text that is none."""
    item = _read(record.fields, avro, path)
    for name, text in avro[UNMAPPED].items():
        item[name] = _from_json(text, f"{path}.{name}")
    return item


def key_from_avro(record: ItemRecord, avro: Mapping[str, Any], path: str) -> Attributes:
    """The item key of an Avro record found at `path`, in key order. Raises InvalidAttributeValue."""
    key = _read(record.key_fields, avro, path)
    if len(key) < len(record.key_fields):
        raise InvalidAttributeValue(path, "not whole", f"a value of each of {', '.join(avro)}")
    return check_attributes(key, path)


def _read(fields: tuple[Field, ...], avro: Mapping[str, Any], path: str) -> dict[str, AttributeValue]:
    return {
        field.attribute: _from_avro(field.shape, value, f"{path}.{field.attribute}")
        for field in fields
        if (value := avro[field.name]) is not None
    }


def _to_avro(shape: Shape, value: AttributeValue, path: str) -> Any:
    if shape.letter == "ANY":
        return _to_json(value)
    if shape.letter not in value:
        raise InvalidAttributeValue(path, shown(dict(value)), f"of type {shape.letter}, as its schema declares")
    content: Any = value[shape.letter]
    member = shape.member
    if member is None:
        return _TO_AVRO[shape.avro](content)
    if shape.holds_contents:
        return [_TO_AVRO[member.avro](each) for each in content]
    if shape.letter == "L":
        return [_to_avro(member, each, f"{shape.where}[{at}]") for at, each in enumerate(content)]
    return {name: _to_avro(member, each, f"{shape.where}.{name}") for name, each in content.items()}


def _from_avro(shape: Shape, value: Any, path: str) -> AttributeValue:
    member = shape.member
    content: Any
    if shape.letter == "ANY":
        return _from_json(value, path)
    if member is None:
        content = _FROM_AVRO[shape.avro](value)
    elif shape.holds_contents:
        content = [_FROM_AVRO[member.avro](each) for each in value]
    elif shape.letter == "L":
        content = [_from_avro(member, each, path) for each in value]
    else:
        content = {name: _from_avro(member, each, path) for name, each in value.items()}
    if shape.letter in ("N", "NS") and "long" not in (shape.avro, member and member.avro):
        check({shape.letter: content}, path)
    return {shape.letter: content}


def _long(text: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 19):
        raise DoesNotFit
    whole = int(text)
    if str(whole) != text or not -(2**63) <= whole < 2**63:
        raise DoesNotFit
    return whole


def _to_json(value: AttributeValue) -> str:
    return msgspec.json.encode(value).decode()


def _from_json(text: str, path: str) -> AttributeValue:
    try:
        value: AttributeValue = msgspec.json.decode(text)
    except (ValueError, RecursionError):
        raise InvalidAttributeValue(path, shown(text), "an attribute value as JSON") from None
    check(value, path)
    return value


_TO_AVRO: dict[str, Convert] = {"string": str, "long": _long, "bytes": base64.b64decode, "boolean": bool}
_FROM_AVRO: dict[str, Convert] = {
    "string": str,
    "long": str,
    "bytes": lambda value: base64.b64encode(value).decode("ascii"),
    "boolean": bool,
}
