"""Stream record -> change event: pure (step 2 of design section 5)."""

from __future__ import annotations

from collections.abc import Mapping

from bridge.errors import UnconvertibleRecord
from bridge.stream_record import StreamRecord
from schemas.attribute_values import Attributes, Item
from schemas.change_event import ChangeEvent, Operation, Source
from schemas.errors import SchemasError
from schemas.keys import KeySchema, key_of
from schemas.topics import Topic
from schemas.versions import epoch, version


def translate(record: StreamRecord, topic: Topic, key_schema: KeySchema, metadata: Mapping[str, str]) -> ChangeEvent:
    """The change event of a checked record of the topic's table. Raises UnconvertibleRecord, naming the field."""
    stream = record.stream
    try:
        label = epoch(stream.label)
        key = key_of(record.keys, key_schema, "dynamodb.Keys")
    except SchemasError as error:
        raise UnconvertibleRecord("translate", str(error)) from None
    if len(record.keys) != len(key):
        raise UnconvertibleRecord(
            "translate", f"dynamodb.Keys holds {', '.join(record.keys)}, expected {', '.join(key)}"
        )
    if record.operation is Operation.REMOVE and record.new_image is not None:
        raise UnconvertibleRecord("translate", "a REMOVE carries a dynamodb.NewImage; a removed item has none")
    return ChangeEvent(
        event_id=record.event_id or f"{stream.label}#{record.sequence_number}",
        operation=record.operation,
        version=version(label, record.sequence_number),
        committed_at=record.committed_at,
        source=Source(
            table=stream.table,
            region=stream.region,
            account=stream.account,
            epoch=label,
            sequence_number=record.sequence_number,
            view_type=record.view_type or topic.view_type,
            size_bytes=record.size_bytes,
            principal=record.principal,
        ),
        key=Item(key),
        metadata=metadata,
        before=_item(record.old_image),
        after=_item(record.new_image),
    )


def _item(image: Attributes | None) -> Item | None:
    return None if image is None else Item(image)
