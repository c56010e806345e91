"""Attribute values as DynamoDB JSON, checked on the way in and out.

Most small values come again: in an item's other image, in other items. The texts of some that were seen to be attribute
values are kept, and not looked at again.
"""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.attribute_checks import ATTRIBUTE_DEPTH, check_value
from schemas.attribute_values import AttributeValue, shown
from schemas.errors import InvalidAttributeValue

_KEPT = 4096
# Too short to nest as deep as is allowed, so it is a value wherever it stands.
_KEPT_BYTES = 200

SEEN: set[bytes] = set()
"""Small texts that are attribute values."""
json_bytes = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def as_json(value: AttributeValue, depth: int = ATTRIBUTE_DEPTH) -> bytes:
    """The text of a value that stands so deep in its item.

    Raises InvalidAttributeValue where it is no attribute value, or whatever comes of writing what JSON cannot hold.
    """
    text = json_bytes(value)
    if text not in SEEN:
        check_json(text, value, depth)
    return text


def check_json(text: bytes, value: object, depth: int) -> None:
    """Notes that the text is the value's. Raises InvalidAttributeValue where that is no attribute value."""
    check_value(value, depth)
    if len(text) <= _KEPT_BYTES:
        if len(SEEN) >= _KEPT:
            SEEN.clear()
        SEEN.add(text)


def from_json(text: bytes) -> AttributeValue:
    """The value. Raises InvalidAttributeValue where the text is none, UnicodeDecodeError where it is no UTF-8."""
    try:
        value: Any = _decode(text)
    except (ValueError, RecursionError):
        raise InvalidAttributeValue("", shown(text.decode()), "an attribute value as JSON") from None
    if text not in SEEN:
        check_json(text, value, ATTRIBUTE_DEPTH)
    found: AttributeValue = value
    return found
