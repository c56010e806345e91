"""Change event to bytes: Confluent framing (0x00, 4-byte schema id, Avro), by code that is made of the schema.

Apart from the decoder, which a bridge has no need to load.
"""

from __future__ import annotations

import struct

from schemas.change_event import ChangeEvent
from schemas.encoder_source import encoder
from schemas.event_schema import item_record_of
from schemas.item_record import ItemRecord

FRAME = struct.Struct(">bI")
"""What stands before an event's Avro: 0, and the schema id."""


class EventEncoder:
    """Encodes the change events of one topic under one schema id."""

    def __init__(self, schema_id: int, schema_text: str) -> None:
        self.item_record: ItemRecord = item_record_of(schema_text)
        self._encode = encoder(schema_text, self.item_record, FRAME.pack(0, schema_id))

    def encode(self, event: ChangeEvent) -> bytes:
        """The event's bytes; its images are checked on the way, its key is checked already.

        Raises InvalidAttributeValue where something in an image is no attribute value, or not of its declared type.
        """
        return self._encode(event)
