"""The change event: our immutable statement that one item changed (design section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import msgspec

from schemas.attribute_values import Item
from schemas.keys import key_text
from schemas.versions import is_repair


class Operation(StrEnum):
    """What happened to the item; SNAPSHOT states that it was there."""

    INSERT = "INSERT"
    MODIFY = "MODIFY"
    REMOVE = "REMOVE"
    SNAPSHOT = "SNAPSHOT"


class ViewType(StrEnum):
    """What a table's stream carries of the item, as DynamoDB names it."""

    KEYS_ONLY = "KEYS_ONLY"
    NEW_IMAGE = "NEW_IMAGE"
    OLD_IMAGE = "OLD_IMAGE"
    NEW_AND_OLD_IMAGES = "NEW_AND_OLD_IMAGES"

    @property
    def images(self) -> frozenset[str]:
        """The sides it carries: `before`, `after`, both or none."""
        return frozenset(side for side, word in (("before", "OLD"), ("after", "NEW")) if word in self.value)


class Principal(msgspec.Struct, frozen=True, gc=False):
    """Who made the change, where the stream says so (`dynamodb.amazonaws.com`, `Service`: an expiry by TTL)."""

    id: str
    type: str


class Source(msgspec.Struct, frozen=True, gc=False):
    """Where a change was captured. `epoch` and `sequence_number` make the version; `size_bytes` is DynamoDB's."""

    table: str
    region: str
    account: str
    epoch: str
    sequence_number: str
    view_type: ViewType
    size_bytes: int | None = None
    principal: Principal | None = None


class ChangeEvent(msgspec.Struct, frozen=True, gc=False):
    """One item changed. `key` holds the key attributes in key order.

    A `before` or `after` of None is unknown where the stream does not carry it; `before_known` and `after_known` tell
    that from an item that was not there.
    """

    event_id: str
    operation: Operation
    version: str
    committed_at: datetime | None
    source: Source
    key: Item
    metadata: Mapping[str, str]
    before: Item | None
    after: Item | None

    @property
    def key_text(self) -> str:
        """The message key as text."""
        return key_text(self.key.attributes)

    @property
    def before_known(self) -> bool:
        """Whether `before` says how the item was: it is there, or the event is an INSERT."""
        return self.before is not None or self.operation is Operation.INSERT

    @property
    def after_known(self) -> bool:
        """Whether `after` says how the item is: it is there, or the event is a REMOVE."""
        return self.after is not None or self.operation is Operation.REMOVE

    @property
    def is_repair(self) -> bool:
        """Whether the event puts right what a comparison with the source found wrong; no filter drops it."""
        return is_repair(self.version)
