"""Change event to bytes and back: Confluent framing (0x00, 4-byte schema id, Avro), by way of fastavro.

Decoding goes by the writer's schema alone, so an event stays readable whatever the project declares later.
"""

from __future__ import annotations

import io
import struct
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import fastavro

from schemas.attribute_values import Item
from schemas.change_event import ChangeEvent, Operation, Principal, Source, ViewType
from schemas.encoder_source import encoder, encoder_source
from schemas.errors import InvalidSchema, UndecodableEvent
from schemas.event_schema import item_record_of
from schemas.item_record import ItemRecord
from schemas.registry import Registry
from schemas.schema_text import bare, read_schema
from schemas.transform import item_from_avro, key_from_avro
from schemas.wire_guard import WireGuard

_FRAME = struct.Struct(">bI")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# By name, so that a field that a later release adds to the envelope does not stop this one.
_SOURCE_FIELDS = ("table", "region", "account", "epoch", "sequence_number", "size_bytes")


class EventEncoder:
    """Encodes the change events of one topic under one schema id."""

    def __init__(self, schema_id: int, schema_text: str) -> None:
        self.item_record: ItemRecord = item_record_of(schema_text)
        self._encode = encoder(schema_text, self.item_record, _FRAME.pack(0, schema_id))

    def encode(self, event: ChangeEvent) -> bytes:
        """The event's bytes. Raises InvalidAttributeValue where an attribute is not of its declared type."""
        return self._encode(event)


def source_of(schema_text: str) -> str:
    """The Python source that is generated from a topic's schema. Raises InvalidSchema."""
    return str(encoder_source(schema_text, item_record_of(schema_text)))


class EventDecoder:
    """Decodes the change events of any topic, hostile bytes in bounded time and memory.

    Schemas come from the registry, each once while it is in use.
    """

    def __init__(self, registry: Registry) -> None:
        self._reader = lru_cache(maxsize=64)(lambda schema_id: _Reader(registry.schema(schema_id)))

    def decode(self, data: bytes) -> ChangeEvent:
        """The event, every value of which is one that DynamoDB can hold.

        Raises UndecodableEvent; UnknownSchema where a registry that answers does not know its id; RegistryUnavailable,
        an outage. None of them is remembered.
        """
        if len(data) < _FRAME.size or data[0] != 0:
            start = data[:5].hex(" ") or "nothing"
            raise UndecodableEvent(f"the value is no change event: it starts with {start}, expected 00 and a schema id")
        _, schema_id = _FRAME.unpack_from(data)
        try:
            reader = self._reader(schema_id)
        except InvalidSchema as error:
            raise UndecodableEvent(f"the value is no change event, by its schema id {schema_id}: {error}") from None
        return reader.read(data)


class _Reader:
    def __init__(self, schema_text: str) -> None:
        # 1 refuse what is no change event's, 2 let fastavro have it, 3 know what its bytes may be
        self._item_record = item_record_of(schema_text)
        try:
            self._schema = fastavro.parse_schema(bare(read_schema(schema_text)))
            self._guard = WireGuard(self._schema)
        except InvalidSchema:
            raise
        except Exception as error:  # noqa: BLE001 - whatever nonsense beside the envelope leads to
            raise InvalidSchema(f"the schema is not Avro: {type(error).__name__}: {str(error)[:200]}") from None

    def read(self, data: bytes) -> ChangeEvent:
        self._guard.check(data, _FRAME.size)
        stream = io.BytesIO(data)
        stream.seek(_FRAME.size)
        try:
            record: Any = fastavro.schemaless_reader(stream, self._schema, None)
            return self._event(record)
        except Exception as error:  # noqa: BLE001 - of text that is no UTF-8, of values that are not what they should be
            raise UndecodableEvent(f"the value does not decode: {type(error).__name__}: {str(error)[:200]}") from None

    def _event(self, record: dict[str, Any]) -> ChangeEvent:
        source = record["source"]
        principal = source["principal"]
        return ChangeEvent(
            event_id=record["event_id"],
            operation=Operation(record["operation"]),
            version=record["version"],
            committed_at=None if (at := record["committed_at"]) is None else _EPOCH + timedelta(milliseconds=at),
            source=Source(
                **{name: source[name] for name in _SOURCE_FIELDS},
                view_type=ViewType(source["view_type"]),
                principal=None if principal is None else Principal(principal["id"], principal["type"]),
            ),
            key=Item(key_from_avro(self._item_record, record["key"], "key")),
            metadata=record["metadata"],
            before=self._item(record["before"], "before"),
            after=self._item(record["after"], "after"),
        )

    def _item(self, record: dict[str, Any] | None, side: str) -> Item | None:
        return None if record is None else Item(item_from_avro(self._item_record, record, side))
