"""Documents as DynamoDB items and back, in the form in which boto3 takes and gives them (binary as bytes)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from consumers.errors import RefusedDocument
from consumers.read_model import SOURCE_VERSION, Document
from consumers.writes import Put
from schemas.attribute_values import Attributes, attribute_value, check_attributes, plain
from schemas.errors import InvalidAttributeValue, InvalidKey
from schemas.keys import KeySchema, key_of, key_text, parse_key

DynamoDBItem: TypeAlias = dict[str, Any]


def key_item(text: str, schema: KeySchema) -> DynamoDBItem:
    """The primary key that a key's text stands for. Raises InvalidKey."""
    return _each(parse_key(text, schema), base64.b64decode)


def document_item(put: Put, version: str, schema: KeySchema) -> DynamoDBItem:
    """The item of a document, its version beside it. Raises RefusedDocument for what DynamoDB cannot hold.

    The document may hold its key's attributes, which are then the same as its key.
    """
    if SOURCE_VERSION in put.document:
        raise RefusedDocument(f"the field {SOURCE_VERSION} is the read model's own")
    attributes = dict(parse_key(put.key, schema))
    try:
        for name, value in put.document.items():
            attributes[name] = attribute_value(value)
        check_attributes(attributes, "document")
        if key_text(key_of(attributes, schema, "document")) != put.key:
            raise RefusedDocument(f"the document's key attributes say something else than its key {put.key}")
    except TypeError as error:
        raise RefusedDocument(f"document.{name}: {error}") from None
    except (InvalidAttributeValue, InvalidKey) as error:
        raise RefusedDocument(str(error)) from None
    return {**_each(attributes, base64.b64decode), SOURCE_VERSION: {"S": version}}


def item_document(item: Mapping[str, Any], schema: KeySchema) -> Document:
    """The document of an item; its `source_version` is given apart."""
    attributes = _each(item, _base64)
    version = attributes.pop(SOURCE_VERSION, {}).get("S")
    key = key_text(key_of(attributes, schema, "item"))
    return Document(key, version, {name: plain(value) for name, value in attributes.items()})


def _each(attributes: Attributes, convert: Callable[[Any], Any]) -> DynamoDBItem:
    return {name: _binary(value, convert) for name, value in attributes.items()}


def _binary(value: Mapping[str, Any], convert: Callable[[Any], Any]) -> dict[str, Any]:
    """The attribute value with every binary in it converted."""
    ((kind, content),) = value.items()
    match kind:
        case "B":
            content = convert(content)
        case "BS":
            content = [convert(member) for member in content]
        case "L":
            content = [_binary(member, convert) for member in content]
        case "M":
            content = _each(content, convert)
    return {kind: content}


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")
