"""Bytes to change event, by code that is made of the schema that they were written by.

Decoding goes by the writer's schema alone, so an event stays readable whatever the project declares later.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from schemas.change_event import ChangeEvent
from schemas.decoder_source import decoder, decoder_source
from schemas.encoder_source import encoder_source
from schemas.errors import InvalidSchema, UndecodableEvent
from schemas.event_encoder import FRAME
from schemas.event_schema import item_record_of
from schemas.registry import Registry


def source_of(schema_text: str) -> str:
    """The Python source that is generated from a topic's schema. Raises InvalidSchema."""
    record = item_record_of(schema_text)
    return f"{encoder_source(schema_text, record)}\n\n{decoder_source(schema_text, record)}"


class EventDecoder:
    """Decodes the change events of any topic, hostile bytes in bounded time and memory.

    Schemas come from the registry, each once while it is in use.
    """

    def __init__(self, registry: Registry) -> None:
        self._decoder = lru_cache(maxsize=64)(lambda schema_id: _decoder(registry.schema(schema_id)))

    def decode(self, data: bytes) -> ChangeEvent:
        """The event; its key is one that DynamoDB can hold, and so is every value in its images once it is asked for.

        What is asked of an image raises UndecodableEvent where its bytes are no such value; the image itself is whole.
        Raises UndecodableEvent; UnknownSchema where a registry that answers does not know its id; RegistryUnavailable,
        an outage. None of them is remembered.
        """
        if len(data) < FRAME.size or data[0] != 0:
            start = data[:5].hex(" ") or "nothing"
            raise UndecodableEvent(f"the value is no change event: it starts with {start}, expected 00 and a schema id")
        _, schema_id = FRAME.unpack_from(data)
        try:
            decode = self._decoder(schema_id)
        except InvalidSchema as error:
            raise UndecodableEvent(f"the value is no change event, by its schema id {schema_id}: {error}") from None
        return decode(data, FRAME.size)


def _decoder(schema_text: str) -> Callable[[bytes, int], ChangeEvent]:
    try:
        return decoder(schema_text, item_record_of(schema_text))
    except InvalidSchema:
        raise
    except Exception as error:  # noqa: BLE001 - whatever nonsense beside the envelope leads to
        raise InvalidSchema(f"the schema is not Avro: {type(error).__name__}: {str(error)[:200]}") from None
