"""Documents as an index holds them: JSON that gives back exact values."""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import Any

import msgspec

from consumers.errors import RefusedDocument
from consumers.writes import Fields
from schemas.attribute_values import Value

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_DECODER = msgspec.json.Decoder(float_hook=Decimal)


def json_document(document: Fields) -> Fields:
    """The document in JSON's types: a set becomes a sorted list, binary base64 text. Raises RefusedDocument."""
    return {name: json_field(name, value) for name, value in document.items()}


def json_field(name: str, value: Value) -> Value:
    """The same of one field of a document. Raises RefusedDocument, with its name."""
    try:
        return _json_value(value)
    except TypeError as error:
        raise RefusedDocument(f"document.{name}: {error}") from None


def encode(document: Fields) -> bytes:
    """The JSON text of a `json_document` in UTF-8, its numbers with all their digits. Raises RefusedDocument."""
    try:
        return _ENCODER.encode(document)
    except UnicodeEncodeError as error:
        raise RefusedDocument(f"the document holds text that is not Unicode: {error}") from None


def decode(text: str | bytes) -> Fields:
    """The document that `encode` was given; numbers are int or Decimal."""
    document: Fields = _DECODER.decode(text)
    return document


def _json_value(value: Value) -> Value:
    match value:
        case None | str() | int():
            return value
        case Decimal() if value.is_finite():
            return value
        case bytes():
            return base64.b64encode(value).decode("ascii")
        case list():
            return [_json_value(member) for member in value]
        case dict():
            return {name: _json_value(member) for name, member in value.items()}
        case frozenset() | set():
            members: list[Any] = [_json_value(member) for member in value]
            return sorted(members)
    raise TypeError(f"{value!r} has no JSON type")
