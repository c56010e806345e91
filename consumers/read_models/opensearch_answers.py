"""What OpenSearch answers, as far as it is read."""

from __future__ import annotations

from typing import Any

import msgspec

from consumers.generations import MadeBy


class Complaint(msgspec.Struct):
    """An error as OpenSearch describes it."""

    type: str = ""
    reason: str | None = None
    caused_by: Complaint | None = None

    def __str__(self) -> str:
        said = f"{self.type}: {self.reason}" if self.reason else self.type
        return said if self.caused_by is None else f"{said} ({self.caused_by})"


class BulkItem(msgspec.Struct):
    """What became of one action of a bulk request."""

    status: int
    result: str = ""
    error: Complaint | None = None


class BulkAnswer(msgspec.Struct):
    """The answer to a bulk request: for each action, in order, its name and what became of it."""

    items: list[dict[str, BulkItem]]


class Shards(msgspec.Struct):
    """How many shards could not answer."""

    failed: int


class ShardsAnswer(msgspec.Struct):
    """The answer of an index's shards together, to a refresh for one; `timed_out` where some took too long."""

    shards: Shards = msgspec.field(name="_shards")
    timed_out: bool = False


class Hit(msgspec.Struct):
    """A document that was found."""

    id: str = msgspec.field(name="_id")
    source: dict[str, Any] = msgspec.field(name="_source", default_factory=dict)
    seq_no: int = msgspec.field(name="_seq_no", default=0)
    primary_term: int = msgspec.field(name="_primary_term", default=0)


class Hits(msgspec.Struct):
    """Documents that were found."""

    hits: list[Hit]


class Page(ShardsAnswer, kw_only=True):
    """The answer to a search, or a page of it."""

    hits: Hits
    scroll_id: str = msgspec.field(name="_scroll_id", default="")


class Got(msgspec.Struct):
    """A document that was asked for by its id."""

    found: bool = False
    source: dict[str, Any] = msgspec.field(name="_source", default_factory=dict)
    seq_no: int = msgspec.field(name="_seq_no", default=0)
    primary_term: int = msgspec.field(name="_primary_term", default=0)
    error: Complaint | None = None


class GotAnswer(msgspec.Struct):
    """The answer to a request for documents by their ids, in their order."""

    docs: list[Got]


class Meta(msgspec.Struct):
    """What an index says of itself, if it is ours."""

    projection_version: str | None = None
    mapping: str | None = None


class Mappings(msgspec.Struct):
    """What an index's mapping says of itself."""

    meta: Meta = msgspec.field(name="_meta", default_factory=Meta)


class IndexFound(msgspec.Struct):
    """An index: its aliases by name, and what it was made by."""

    aliases: dict[str, Any]
    mappings: Mappings

    @property
    def made_by(self) -> MadeBy | None:
        """What it was made by; None where it does not say."""
        meta = self.mappings.meta
        if meta.projection_version is None or meta.mapping is None:
            return None
        return MadeBy(meta.projection_version, meta.mapping)


class Counted(msgspec.Struct):
    """How many documents there are."""

    count: int
