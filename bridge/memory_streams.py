"""Streams in memory, for tests: shards that roll and split, end, expire and are trimmed; and positions in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bridge.errors import ExpiredIterator, ShardMissing, StreamMissing, StreamUnavailable, TrimmedRecords
from bridge.shards import Shard
from bridge.streams import PAGE_RECORDS, Page, Stream
from schemas.change_event import ViewType


@dataclass(slots=True)
class MemoryShard:
    """A shard's records, of which the first `trimmed` are gone; `ended` once no more can follow."""

    parent: str | None = None
    records: list[Mapping[str, Any]] = field(default_factory=list)
    trimmed: int = 0
    ended: bool = False
    listed: bool = True


class MemoryStreams:
    """One table's stream. `shards_by_id` may be changed at will; `outages` calls fail, one after the other."""

    def __init__(self, table: str, arn: str, view_type: ViewType = ViewType.NEW_AND_OLD_IMAGES) -> None:
        self.table = table
        self.stream: Stream | None = Stream(arn, view_type)
        self.shards_by_id: dict[str, MemoryShard] = {}
        self.outages = 0
        self.page_records = PAGE_RECORDS
        self._iterators: dict[str, tuple[MemoryShard, int]] = {}
        self._made = 0

    def open(self, shard_id: str, parent: str | None = None, records: Iterable[Mapping[str, Any]] = ()) -> MemoryShard:
        """Opens a shard with these records, a child of `parent`, which ends."""
        if parent in self.shards_by_id:
            self.shards_by_id[parent].ended = True
        self.shards_by_id[shard_id] = MemoryShard(parent, list(records))
        return self.shards_by_id[shard_id]

    def expire(self) -> None:
        """Every iterator expires."""
        self._iterators.clear()

    def find(self, table: str) -> Stream:
        """See `Streams.find`."""
        self._answer()
        if self.stream is None or table != self.table:
            raise StreamMissing(f"the table {table} has no stream")
        return self.stream

    def shards(self, arn: str) -> list[Shard]:
        """See `Streams.shards`."""
        self._answer()
        return [Shard(name, shard.parent) for name, shard in self.shards_by_id.items() if shard.listed]

    def iterator(self, arn: str, shard_id: str, after: str | None) -> str:
        """See `Streams.iterator`."""
        self._answer()
        if shard_id not in self.shards_by_id:
            raise ShardMissing(f"there is no shard {shard_id}")
        shard = self.shards_by_id[shard_id]
        if after is None:
            return self._iterator(shard, shard.trimmed)
        at = [record["dynamodb"]["SequenceNumber"] for record in shard.records].index(after)
        if at < shard.trimmed:
            raise TrimmedRecords(f"{after} has been trimmed")
        return self._iterator(shard, at + 1)

    def read(self, arn: str, iterator: str, limit: int = PAGE_RECORDS) -> Page:
        """See `Streams.read`."""
        self._answer()
        if iterator not in self._iterators:
            raise ExpiredIterator("the iterator has expired")
        shard, at = self._iterators[iterator]
        if at < shard.trimmed:
            raise TrimmedRecords("the records have been trimmed")
        records: Sequence[Mapping[str, Any]] = shard.records[at : at + min(limit, self.page_records)]
        after = at + len(records)
        if shard.ended and after == len(shard.records):
            return Page(records, None)
        return Page(records, self._iterator(shard, after))

    def _answer(self) -> None:
        if self.outages > 0:
            self.outages -= 1
            raise StreamUnavailable("connection refused")

    def _iterator(self, shard: MemoryShard, at: int) -> str:
        self._made += 1
        self._iterators[str(self._made)] = (shard, at)
        return str(self._made)


class MemoryShardPositions:
    """Positions that live as long as this object."""

    def __init__(self) -> None:
        self._positions: dict[tuple[str, str], str] = {}

    def get(self, arn: str, shard_id: str) -> str | None:
        """See `ShardPositions.get`."""
        return self._positions.get((arn, shard_id))

    def put(self, arn: str, shard_id: str, position: str) -> None:
        """See `ShardPositions.put`."""
        self._positions[arn, shard_id] = position
