"""Documents as OpenSearch keeps them in `_source`, and back."""

from __future__ import annotations

import hashlib
from decimal import Decimal

from consumers.errors import RefusedDocument
from consumers.read_model import SOURCE_VERSION, Document
from consumers.read_models.bounded_key import bounded_key
from consumers.read_models.json_document import json_field
from consumers.read_models.opensearch_mapping import KEY, REMOVED_AT, RESERVED
from consumers.writes import Fields, Put, VersionedWrite
from schemas.attribute_values import Value
from schemas.errors import InvalidKey

_ID_OF_THE_EMPTY_TEXT = hashlib.sha256().hexdigest()
_TEXTS = {str}


def document_id(key: str) -> str:
    """The `_id` of a key's text: the text itself, or its hash where it is empty or long. Raises InvalidKey."""
    try:
        return bounded_key(key) or _ID_OF_THE_EMPTY_TEXT
    except UnicodeEncodeError:
        raise InvalidKey(f"{key!r} is no key, because it is not Unicode") from None


def source_of(write: VersionedWrite, now: float) -> Fields:
    """What a write leaves in the index: the document with its version and key beside it, or a removal's marker.

    A number stays a number where the store gives it back exactly: a whole one, and a fraction that a double gives back;
    any other becomes text, all its digits. Raises RefusedDocument.
    """
    asked = write.write
    if not isinstance(asked, Put):
        return {SOURCE_VERSION: write.version, KEY: asked.key, REMOVED_AT: int(now * 1000)}
    if not asked.document.keys().isdisjoint(RESERVED):
        reserved = min(RESERVED & asked.document.keys())
        raise RefusedDocument(f"the field {reserved} is the read model's own")
    source = asked.document.copy()
    for name, value in asked.document.items():
        # Most fields are text, and stay as they are; this runs for each of every document.
        if type(value) is not str:
            source[name] = _field(name, value)
    source[SOURCE_VERSION], source[KEY] = write.version, asked.key
    return source


def document_of(document_id: str, source: Fields) -> Document | None:
    """The document of a `_source`; None where that is a removal's marker.

    What somebody else wrote has no version, and its `_id` for a key.
    """
    if REMOVED_AT in source:
        return None
    fields = dict(source)
    version, key = fields.pop(SOURCE_VERSION, None), fields.pop(KEY, None)
    return Document(key if isinstance(key, str) else document_id, version if isinstance(version, str) else None, fields)


def _field(name: str, value: Value) -> Value:
    if type(value) is int and -(2**63) <= value < 2**63:
        return value
    if type(value) is list and set(map(type, value)) == _TEXTS:
        return value
    return _exactly(json_field(name, value))


def _exactly(value: Value) -> Value:
    """The value with numbers that come through the script's hands unchanged: a fraction goes through a double."""
    match value:
        case bool():
            return value
        case int() | Decimal():
            number = Decimal(value)
            if number.adjusted() < 308 and number == number.to_integral_value():
                return int(number)
            return number if Decimal(repr(float(number))) == number else str(number)
        case list():
            return [_exactly(member) for member in value]
        case dict():
            return {name: _exactly(member) for name, member in value.items()}
    return value
