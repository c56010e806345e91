"""Stream records in Lambda's form, to start a test from."""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.attribute_values import attribute_value

LABEL = "2026-01-01T00:00:00.000"


def arn(table: str = "Users", label: str = LABEL) -> str:
    """The ARN of a table's stream."""
    return f"arn:aws:dynamodb:eu-west-1:123456789012:table/{table}/stream/{label}"


def image(**attributes: Any) -> dict[str, Any]:
    """An image from plain values."""
    return {name: attribute_value(value) for name, value in attributes.items()}


def record(
    operation: str = "INSERT",
    sequence: int | str | None = 1,
    *,
    user_id: int = 1,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    table: str = "Users",
    view_type: str = "NEW_AND_OLD_IMAGES",
    committed: float = 1_770_000_000,
) -> dict[str, Any]:
    """A record of one user's change; `before` and `after` are plain values without the key."""
    change: dict[str, Any] = {
        "ApproximateCreationDateTime": committed,
        "Keys": image(UserId=user_id),
        "SizeBytes": 100,
        "StreamViewType": view_type,
    }
    if sequence is not None:
        change["SequenceNumber"] = str(sequence)
    if before is not None and view_type in ("OLD_IMAGE", "NEW_AND_OLD_IMAGES"):
        change["OldImage"] = image(UserId=user_id, **before)
    if after is not None and view_type in ("NEW_IMAGE", "NEW_AND_OLD_IMAGES"):
        change["NewImage"] = image(UserId=user_id, **after)
    return {
        "eventID": f"{table}-{user_id}-{sequence}",
        "eventName": operation,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "dynamodb": change,
        "eventSourceARN": arn(table),
    }


def expired(removal: dict[str, Any]) -> dict[str, Any]:
    """The record of a removal as of one that DynamoDB made by itself, because the item's time was over."""
    return removal | {"userIdentity": {"principalId": "dynamodb.amazonaws.com", "type": "Service"}}


def written(value: Any) -> bytes:
    """A record's JSON bytes."""
    return msgspec.json.encode(value)
