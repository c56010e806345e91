"""The obvious codec: a transform between attribute values and Avro records, which fastavro writes and reads.

It is what the generated codec is held against: the same bytes, the same values, and the time that both take. It trusts
its bytes, which is one reason why it is not what runs.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import fastavro
import msgspec

from schemas.attribute_checks import check, check_attributes
from schemas.attribute_values import Attributes, AttributeValue, Item, shown
from schemas.change_event import ChangeEvent, Operation, Principal, Source, ViewType
from schemas.errors import DoesNotFit, InvalidAttributeValue
from schemas.event_schema import item_record_of
from schemas.item_record import UNMAPPED, Field, ItemRecord, Shape
from schemas.schema_text import bare

Convert: TypeAlias = Callable[[Any], Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# By name, so that a field that a later release adds to the envelope does not matter.
_SOURCE_FIELDS = ("table", "region", "account", "epoch", "sequence_number", "size_bytes")


class ObviousCodec:
    """Writes and reads events by one schema, without the frame."""

    def __init__(self, schema_text: str) -> None:
        self.item_record = item_record_of(schema_text)
        self._schema: Any = fastavro.parse_schema(msgspec.json.decode(schema_text))
        self._bare: Any = fastavro.parse_schema(bare(msgspec.json.decode(schema_text)))

    def encode(self, event: ChangeEvent) -> bytes:
        """The event's bytes. Raises InvalidAttributeValue where an attribute is not of its declared type."""
        out = io.BytesIO()
        fastavro.schemaless_writer(out, self._schema, self._record(event))
        return out.getvalue()

    def encode_item(self, item: Any, path: str) -> bytes:
        """One image's bytes."""
        out = io.BytesIO()
        schema = next(field["type"][1] for field in self._schema["fields"] if field["name"] == "before")
        fastavro.schemaless_writer(out, schema, item_to_avro(self.item_record, item, path))
        return out.getvalue()

    def _record(self, event: ChangeEvent) -> dict[str, Any]:
        source, principal = event.source, event.source.principal
        return {
            "event_id": event.event_id,
            "operation": event.operation.value,
            "version": event.version,
            "committed_at": event.committed_at,
            "source": {
                "table": source.table,
                "region": source.region,
                "account": source.account,
                "epoch": source.epoch,
                "sequence_number": source.sequence_number,
                "view_type": source.view_type.value,
                "size_bytes": source.size_bytes,
                "principal": None if principal is None else {"id": principal.id, "type": principal.type},
            },
            "key": key_to_avro(self.item_record, event.key.attributes),
            "metadata": event.metadata,
            "before": self._item(event.before, "before"),
            "after": self._item(event.after, "after"),
        }

    def _item(self, item: Item | None, side: str) -> dict[str, Any] | None:
        return None if item is None else item_to_avro(self.item_record, item.attributes, side)

    def record(self, data: bytes) -> dict[str, Any]:
        """The Avro record that the bytes are. Raises whatever fastavro does, and ValueError for bytes after its end."""
        stream = io.BytesIO(data)
        record: Any = fastavro.schemaless_reader(stream, self._bare, None)
        if stream.read():
            raise ValueError("there are bytes after the end")
        return dict(record)

    def decode(self, data: bytes) -> ChangeEvent:
        """The event that the bytes are. Raises InvalidAttributeValue, and what `record` does."""
        record = self.record(data)
        source, principal, at = record["source"], record["source"]["principal"], record["committed_at"]
        return ChangeEvent(
            event_id=record["event_id"],
            operation=Operation(record["operation"]),
            version=record["version"],
            committed_at=None if at is None else _EPOCH + timedelta(milliseconds=at),
            source=Source(
                **{name: source[name] for name in _SOURCE_FIELDS},
                view_type=ViewType(source["view_type"]),
                principal=None if principal is None else Principal(principal["id"], principal["type"]),
            ),
            key=Item(key_from_avro(self.item_record, record["key"], "key")),
            metadata=record["metadata"],
            before=self._read(record["before"], "before"),
            after=self._read(record["after"], "after"),
        )

    def _read(self, record: dict[str, Any] | None, side: str) -> Item | None:
        return None if record is None else Item(item_from_avro(self.item_record, record, side))


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
