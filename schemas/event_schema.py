"""The Avro schema of a topic: the envelope, made whole with the table's own item record."""

from __future__ import annotations

from importlib import resources
from typing import Any

import msgspec

from schemas.attribute_values import shown
from schemas.errors import InvalidSchema
from schemas.item_record import ItemRecord
from schemas.schema_text import meaning, read_schema

_ENVELOPE: dict[str, Any] = {
    "event_id": "string",
    "version": "string",
    "committed_at": ["null", {"type": "long", "logicalType": "timestamp-millis"}],
    "metadata": {"type": "map", "values": "string"},
    "source.size_bytes": ["null", "long"],
    **{f"source.{name}": "string" for name in ("table", "region", "account", "epoch", "sequence_number")},
}


def packaged(item_record: str) -> str:
    """The schema text of the table whose item record is `tables/<item_record>.avsc` in this package."""
    folder = resources.files("schemas")
    envelope = (folder / "change_event.avsc").read_bytes()
    return compose(envelope, (folder / "tables" / f"{item_record}.avsc").read_bytes())


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
        _check_envelope({field["name"]: field["type"] for field in meaning(schema)["fields"]})
        return ItemRecord(next(field["type"][1] for field in schema["fields"] if field["name"] == "before"))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise InvalidSchema(f"this is not the schema of a change event: {type(error).__name__}: {error}") from None


def _check_envelope(types: dict[str, Any]) -> None:
    """Raises unless what is used as it stands is of its type, and both images are of the same."""
    source = {field["name"]: field["type"] for field in types["source"]["fields"]}
    found = types | {f"source.{name}": avro for name, avro in source.items()}
    item = types["before"][1]["name"]
    for name, expected in (_ENVELOPE | {"after": ["null", item]}).items():
        if found[name] != expected:
            raise InvalidSchema(f"the field {name} is {shown(found[name])}, expected {shown(expected)}")


def _filled(avro: Any, placeholders: dict[str, Any]) -> Any:
    """`avro` with the first mention of each placeholder replaced by its definition; later ones refer to it by name."""
    if isinstance(avro, list):
        return [_filled(branch, placeholders) for branch in avro]
    return placeholders.pop(avro, avro) if isinstance(avro, str) else avro
