"""A change event in the shape of AWS's stream records: what the event patterns of bridge and groups look at.

It is what Lambda gets of DynamoDB's stream, so a pattern means the same here and in an event source mapping. Beyond
that it has `source` (`account`, `region`, `table`: the parts of `eventSourceARN`) and the operator's `metadata`, and
its `eventName` may be SNAPSHOT.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from schemas.attribute_values import Attributes, AttributeValue, Item, number
from schemas.change_event import ChangeEvent, Source

_PARTITIONS = {"cn": "aws-cn", "us-gov": "aws-us-gov"}


def record_shape(event: ChangeEvent, fields: Collection[str]) -> dict[str, Any]:
    """Those of the record's fields; an absent one stays absent. What is in the images is the event's own."""
    shape = {name: make(event) for name, make in _FIELDS.items() if name in fields}
    return {name: value for name, value in shape.items() if value is not None}


def item_shape(item: Item, attributes: Collection[str]) -> dict[str, Any]:
    """Those of the item's attributes as JSON has them; an absent one stays absent.

    Numbers are numbers, sets are lists, binary is base64 text, an explicit NULL is null.
    """
    found = item.attributes.get
    return {name: _plain(value) for name in attributes if (value := found(name)) is not None}


def epoch_seconds(instant: datetime | None) -> float | None:
    """The instant as a pattern's clock."""
    return None if instant is None else instant.timestamp()


def _plain(value: AttributeValue) -> Any:
    ((kind, content),) = value.items()
    match kind:
        case "N":
            return number(content)
        case "NS":
            return [number(text) for text in content]
        case "M":
            return {name: _plain(inner) for name, inner in content.items()}
        case "L":
            return [_plain(inner) for inner in content]
        case "NULL":
            return None
        case _:
            return content


def _change(event: ChangeEvent) -> dict[str, Any]:
    change: dict[str, Any] = {
        "ApproximateCreationDateTime": _seconds(event.committed_at),
        "Keys": event.key.attributes,
        "NewImage": _image(event.after),
        "OldImage": _image(event.before),
        "SequenceNumber": event.source.sequence_number,
        "SizeBytes": event.source.size_bytes,
        "StreamViewType": event.source.view_type.value,
    }
    return {name: value for name, value in change.items() if value is not None}


def _image(item: Item | None) -> Attributes | None:
    return None if item is None else dict(item.attributes)


def _seconds(instant: datetime | None) -> float | None:
    seconds = epoch_seconds(instant)
    return int(seconds) if seconds is not None and seconds.is_integer() else seconds


def _arn(source: Source) -> str:
    partition = next((name for start, name in _PARTITIONS.items() if source.region.startswith(start)), "aws")
    table = f"{source.region}:{source.account}:table/{source.table}"
    return f"arn:{partition}:dynamodb:{table}/stream/{source.epoch}"


def _identity(event: ChangeEvent) -> dict[str, str] | None:
    principal = event.source.principal
    return None if principal is None else {"principalId": principal.id, "type": principal.type}


def _source(event: ChangeEvent) -> dict[str, str]:
    return {"account": event.source.account, "region": event.source.region, "table": event.source.table}


_FIELDS: dict[str, Callable[[ChangeEvent], Any]] = {
    "awsRegion": lambda event: event.source.region,
    "dynamodb": _change,
    "eventID": lambda event: event.event_id,
    "eventName": lambda event: event.operation.value,
    "eventSource": lambda _event: "aws:dynamodb",
    "eventSourceARN": lambda event: _arn(event.source),
    "eventVersion": lambda _event: "1.1",
    "metadata": lambda event: dict(event.metadata),
    "source": _source,
    "userIdentity": _identity,
}
