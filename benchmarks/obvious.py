"""The obvious codec: a record of Python values, written by fastavro. What the generated one is held against."""

from __future__ import annotations

import io
from typing import Any

import fastavro
import msgspec

from schemas.attribute_values import Item
from schemas.change_event import ChangeEvent
from schemas.event_schema import item_record_of
from schemas.transform import item_to_avro, key_to_avro


class ObviousCodec:
    """Writes events by one schema, without the frame."""

    def __init__(self, schema_text: str) -> None:
        self.item_record = item_record_of(schema_text)
        self._schema: Any = fastavro.parse_schema(msgspec.json.decode(schema_text))

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
