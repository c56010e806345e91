"""A table's items, read consistently: the port of whoever states what a table holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from schemas.attribute_values import Attributes

PAGE_ITEMS = 1000
"""The items of one page of a scan, at the most; DynamoDB ends one at 1 MB besides."""


class Segment(NamedTuple):
    """One of several parts of a table, counted from 0, that are scanned side by side."""

    number: int
    of: int


class ItemPage(NamedTuple):
    """Items of a segment, where the next page starts (None: the segment has ended), and the read units it took."""

    items: Sequence[Attributes]
    next_start: Attributes | None
    consumed: float


class ItemReader(Protocol):
    """Items of a DynamoDB's tables by their keys; every read is consistent. Safe to use from any thread.

    Every call raises StreamMissing where there is no such table, TableRefused where it may not be read,
    TableUnavailable where it cannot be read just now.
    """

    def get(self, table: str, keys: Sequence[Attributes]) -> list[Attributes | None]:
        """The item under each key, in their order; None where there is none. No key may come twice."""
        ...


class Items(ItemReader, Protocol):
    """All items of tables; what holds for `ItemReader` holds here."""

    def count(self, table: str) -> int:
        """About how many items the table holds; DynamoDB counts them every six hours."""
        ...

    def scan(self, table: str, segment: Segment, start: Attributes | None, limit: int = PAGE_ITEMS) -> ItemPage:
        """The segment's next items, at most `limit`, behind the key `start` (None: from its beginning)."""
        ...
