"""Attribute values as clients of DynamoDB take and give them: binary as bytes, not as base64 text."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from schemas.attribute_values import Attributes


def with_bytes(attributes: Attributes) -> dict[str, Any]:
    """The attributes with bytes for every base64 text."""
    return _each(attributes, base64.b64decode)


def with_base64(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes with base64 text for all bytes; the reverse of `with_bytes`."""
    return _each(attributes, lambda content: base64.b64encode(content).decode("ascii"))


def _each(attributes: Mapping[str, Any], convert: Callable[[Any], Any]) -> dict[str, Any]:
    return {name: _converted(value, convert) for name, value in attributes.items()}


def _converted(value: Mapping[str, Any], convert: Callable[[Any], Any]) -> dict[str, Any]:
    ((kind, content),) = value.items()
    match kind:
        case "B":
            content = convert(content)
        case "BS":
            content = [convert(member) for member in content]
        case "L":
            content = [_converted(member, convert) for member in content]
        case "M":
            content = _each(content, convert)
    return {kind: content}
