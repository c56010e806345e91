"""The Avro schema of a topic: the envelope, made whole with the table's own item record."""

from __future__ import annotations

from collections.abc import Iterator
from pkgutil import get_data
from typing import Any

import msgspec

from schemas.attribute_values import shown
from schemas.errors import InvalidSchema
from schemas.item_record import ItemRecord
from schemas.keys import KeySchema
from schemas.schema_text import meaning, read_schema
from schemas.topics import Topic

_ENVELOPE: dict[str, Any] = {
    "event_id": "string",
    "version": "string",
    "committed_at": ["null", {"type": "long", "logicalType": "timestamp-millis"}],
    "metadata": {"type": "map", "values": "string"},
    "before.unmapped": {"type": "map", "values": "string"},
    "source.size_bytes": ["null", "long"],
    **{f"source.{name}": "string" for name in ("table", "region", "account", "epoch", "sequence_number")},
    **{f"source.principal.{name}": "string" for name in ("id", "type")},
}
_KINDS = {
    "operation": "enum",
    "source": "record",
    "source.view_type": "enum",
    "source.principal": "null or record",
    "key": "record",
    "before": "null or record",
}


def packaged(item_record: str) -> str:
    """The schema text of the table whose item record is `tables/<item_record>.avsc` in this package."""
    envelope, item = (get_data("schemas", file) for file in ("change_event.avsc", f"tables/{item_record}.avsc"))
    assert envelope is not None
    assert item is not None
    return compose(envelope, item)


def item_key_of(topic: Topic) -> KeySchema:
    """The item key of a topic's table."""
    return item_record_of(packaged(topic.item_record)).key_schema


def compose(envelope: bytes, item_record: bytes) -> str:
    """One Avro record type from the envelope and an item record, each the bytes of an .avsc; compact JSON text."""
    schema, item = msgspec.json.decode(envelope), msgspec.json.decode(item_record)
    nullable = {field["name"]: field for field in item["fields"]}
    key_fields = [
        {
            name: value
            for name, value in {**nullable[f.name], "type": nullable[f.name]["type"][1]}.items()
            if name != "default"
        }
        for f in ItemRecord(item).key_fields
    ]
    placeholders = {"Key": {"type": "record", "name": "Key", "fields": key_fields}, "Item": item}
    schema["namespace"] = item["namespace"]
    for field in schema["fields"]:
        field["type"] = _filled(field["type"], placeholders)
    return msgspec.json.encode(schema).decode()


def item_record_of(schema_text: str) -> ItemRecord:
    """The item record inside a topic's schema. Raises InvalidSchema where it is not the schema of a change event."""
    try:
        schema = read_schema(schema_text)
        _check_envelope(meaning(schema))
        return ItemRecord(next(field["type"][1] for field in schema["fields"] if field["name"] == "before"))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise InvalidSchema(f"this is not the schema of a change event: {type(error).__name__}: {error}") from None


def _check_envelope(schema: dict[str, Any]) -> None:
    """Raises unless what is used as it stands is of its type, and both images are of the same."""
    types = dict(_types(schema, ""))
    for name, kind in _KINDS.items():
        if _kind(types[name]) != kind:
            raise InvalidSchema(f"the field {name} is {shown(types[name])}, expected {kind}")
    item = types["before"][1]["name"]
    for name, expected in (_ENVELOPE | {"after": ["null", item]}).items():
        if types[name] != expected:
            raise InvalidSchema(f"the field {name} is {shown(types[name])}, expected {shown(expected)}")


def _types(record: dict[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    """The types of a record's fields, and of those of the records in it, by their paths."""
    for field in record["fields"]:
        name, avro = path + field["name"], field["type"]
        yield name, avro
        if name in _KINDS and _kind(avro) in ("record", "null or record"):
            yield from _types(avro[1] if isinstance(avro, list) else avro, f"{name}.")


def _kind(avro: Any) -> str:
    if isinstance(avro, list) and len(avro) == 2 and avro[0] == "null":
        return f"null or {_kind(avro[1])}"
    return str(avro["type"] if isinstance(avro, dict) else avro)


def _filled(avro: Any, placeholders: dict[str, Any]) -> Any:
    """`avro` with the first mention of each placeholder replaced by its definition; later ones refer to it by name."""
    if isinstance(avro, list):
        return [_filled(branch, placeholders) for branch in avro]
    return placeholders.pop(avro, avro) if isinstance(avro, str) else avro
