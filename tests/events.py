"""Change events, to start a test from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bridge.relay import lines
from consumers.subscription import Delivery
from schemas.attribute_values import Item
from schemas.change_event import ChangeEvent, Operation, Source, ViewType
from schemas.registry import PackagedRegistry
from schemas.topics import TOPICS
from schemas.versions import version
from tests.records import LABEL, image

REGISTRY = PackagedRegistry()
_ENCODERS = {line.topic.name: line.encoder for line in lines(TOPICS, REGISTRY)}


def event(
    operation: str = "INSERT",
    sequence: int = 1,
    *,
    user_id: int = 1,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    version_text: str | None = None,
    view_type: ViewType = ViewType.NEW_AND_OLD_IMAGES,
) -> ChangeEvent:
    """A user's change; `before` and `after` are plain values without the key."""
    return ChangeEvent(
        event_id=f"{user_id}-{sequence}",
        operation=Operation(operation),
        version=version_text or version(LABEL, str(sequence)),
        committed_at=datetime(2026, 1, 1, tzinfo=UTC),
        source=Source("Users", "eu-west-1", "123456789012", LABEL, str(sequence), view_type),
        key=Item(image(UserId=user_id)),
        metadata={},
        before=None if before is None else Item(image(UserId=user_id, **before)),
        after=None if after is None else Item(image(UserId=user_id, **after)),
    )


def encoded(change: ChangeEvent, topic: str = "users.changes") -> bytes:
    """The event's bytes on its topic."""
    return _ENCODERS[topic].encode(change)


def delivery(change: ChangeEvent, offset: int = 0, partition: int = 0, topic: str = "users.changes") -> Delivery:
    """The event as a delivery."""
    headers = (("version", change.version.encode()),)
    return Delivery(topic, partition, offset, change.key_text.encode(), encoded(change, topic), headers)
