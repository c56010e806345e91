"""A table's items in memory, and how far snapshots have come, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bridge.errors import StreamMissing, StreamUnavailable, TableUnavailable
from bridge.items import PAGE_ITEMS, ItemPage, Segment
from bridge.snapshot import Progress
from schemas.attribute_values import Attributes
from schemas.keys import KeySchema, key_of, key_text
from schemas.partitions import murmur2


class MemoryItems:
    """One table, which `put` and `remove` change. The next `outages` calls fail; an item takes one read unit."""

    def __init__(self, table: str, key: KeySchema) -> None:
        self.table = table
        self.outages = 0
        self._key = key
        self._items: dict[str, Attributes] = {}

    def put(self, item: Attributes) -> None:
        """Writes the item."""
        self._items[self._text(item)] = dict(item)

    def remove(self, key: Attributes) -> None:
        """Removes the item under the key, if there is one."""
        self._items.pop(self._text(key), None)

    def count(self, table: str) -> int:
        """See `Items.count`; exact."""
        return len(self._of(table))

    def scan(self, table: str, segment: Segment, start: Attributes | None, limit: int = PAGE_ITEMS) -> ItemPage:
        """See `Items.scan`."""
        after = "" if start is None else self._text(start)
        keys = sorted(key for key in self._of(table) if murmur2(key.encode()) % segment.of == segment.number)
        left = [key for key in keys if start is None or key > after]
        page = [self._items[key] for key in left[:limit]]
        more = len(left) > limit
        return ItemPage(page, key_of(page[-1], self._key, "the item") if more else None, float(len(page)))

    def get(self, table: str, keys: Sequence[Attributes]) -> list[Attributes | None]:
        """See `Items.get`."""
        found = self._of(table)
        return [found.get(self._text(key)) for key in keys]

    def _text(self, item: Attributes) -> str:
        return key_text(key_of(item, self._key, "the item"))

    def _of(self, table: str) -> Mapping[str, Attributes]:
        if self.outages > 0:
            self.outages -= 1
            raise TableUnavailable("connection refused")
        if table != self.table:
            raise StreamMissing(f"the table {table} is not there; create it")
        return self._items


class MemorySnapshotProgress:
    """Kept as long as this object is. The next `outages` calls fail."""

    def __init__(self) -> None:
        self.outages = 0
        self._kept: dict[tuple[str, int], Progress] = {}

    def load(self, table: str) -> list[Progress]:
        """See `SnapshotProgress.load`."""
        self._answer()
        return [progress for (name, _), progress in sorted(self._kept.items()) if name == table]

    def store(self, table: str, progress: Progress) -> None:
        """See `SnapshotProgress.store`."""
        self._answer()
        self._kept[table, progress.segment] = progress

    def clear(self, table: str) -> None:
        """See `SnapshotProgress.clear`."""
        for place in sorted(place for place in self._kept if place[0] == table):
            self._answer()
            del self._kept[place]

    def _answer(self) -> None:
        if self.outages > 0:
            self.outages -= 1
            raise StreamUnavailable("connection refused")
