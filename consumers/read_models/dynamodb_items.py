"""Documents as DynamoDB items and back, in the form in which boto3 takes and gives them (binary as bytes)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from consumers.errors import RefusedDocument
from consumers.read_model import SOURCE_VERSION, Document
from consumers.writes import Put
from schemas.attribute_checks import check_attributes
from schemas.attribute_values import Attributes, attribute_value, plain
from schemas.client_form import with_base64, with_bytes
from schemas.errors import InvalidAttributeValue, InvalidKey
from schemas.keys import KeySchema, key_of, key_text, parse_key

DynamoDBItem: TypeAlias = dict[str, Any]


def key_item(text: str, schema: KeySchema) -> DynamoDBItem:
    """The primary key that a key's text stands for. Raises InvalidKey."""
    return with_bytes(parse_key(text, schema))


def document_attributes(put: Put, schema: KeySchema) -> Attributes:
    """The attribute values of a document, its key among them. Raises RefusedDocument for what DynamoDB cannot hold.

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
    return attributes


def versioned_item(attributes: Attributes, version: str) -> DynamoDBItem:
    """The item of a document's attribute values, its version beside it."""
    return {**with_bytes(attributes), SOURCE_VERSION: {"S": version}}


def item_document(item: Mapping[str, Any], schema: KeySchema) -> Document:
    """The document of an item; its `source_version` is given apart."""
    return document_of(with_base64(item), schema)


def document_of(attributes: Attributes, schema: KeySchema) -> Document:
    """The document of an item's attribute values; its `source_version` is given apart."""
    key = key_text(key_of(attributes, schema, "item"))
    version = attributes.get(SOURCE_VERSION, {}).get("S")
    return Document(key, version, {name: plain(value) for name, value in attributes.items() if name != SOURCE_VERSION})
