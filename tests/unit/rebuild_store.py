"""What a read model holds under one key, in stores of two kinds, and what writes make of it."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple, TypeAlias

Value: TypeAlias = "tuple[int, int]"
"""A document: its name and its title."""
Held: TypeAlias = "tuple[str | None, Value]"
"""A document with its version, None where somebody else wrote it."""


class Said(NamedTuple):
    """A write and its version: a value is put, None removes. Without a version nothing in the log speaks of the key."""

    version: str | None
    value: Value | None


class Compare(Enum):
    """What a rebuild's write depends on."""

    ALL = "the document and the removal that were seen"
    DOCUMENT = "the document that was seen"
    GUARD = "a higher version than what is there"
    NOT_LOWER = "a version no lower than what is there"
    NONE = "nothing"


class Store(NamedTuple):
    """`two_rows`: a document and the removal of an earlier one may stand side by side, as in DynamoDB."""

    two_rows: bool
    held: Held | None = None
    removal: str | None = None

    @property
    def version(self) -> str:
        """What live traffic is measured by, empty where everything counts."""
        return max((self.held and self.held[0]) or "", self.removal or "")

    def apply(self, said: Said) -> Iterator[Store]:
        """What live traffic's write may leave: all of it, or the first half of it where its writer dies."""
        version, value = said
        assert version is not None
        if not self.two_rows:
            foreign = self.held is not None and self.held[0] is None
            yield self._after(version, value) if foreign or version > self.version else self
        elif value is None:
            finishes = version < (self.removal or "")
            recorded = self._replace(removal=max(version, self.removal or ""))
            yield recorded
            if finishes and self.held is not None and self.held[0] is None:
                return
            if self.held is not None and (self.held[0] or "") < version:
                yield recorded._replace(held=None)
        elif self.held is not None:
            yield self._replace(held=(version, value)) if (self.held[0] or "") < version else self
        else:
            inserts = self.removal is None or self.removal < version
            yield self._replace(held=(version, value)) if inserts else self

    def replace(self, seen: Store, said: Said, compare: Compare, *, remembers: bool) -> Store | None:
        """What a rebuild's write leaves, None where it comes too late."""
        lowest = said.version or ""
        comes_in_time = {
            Compare.ALL: (_version(self), self.removal) == (_version(seen), seen.removal),
            Compare.DOCUMENT: _version(self) == _version(seen),
            Compare.GUARD: lowest > self.version,
            Compare.NOT_LOWER: lowest >= self.version,
            Compare.NONE: True,
        }
        if not comes_in_time[compare]:
            return None
        removal = self.removal if compare is not Compare.DOCUMENT else seen.removal
        if said.value is not None:
            kept = self.removal if removal is None or removal < lowest else None
            return Store(self.two_rows, (said.version, said.value), kept if self.two_rows else None)
        if said.version is None or not remembers:
            return self._replace(held=None)
        return self._replace(held=None, removal=max(said.version, self.removal or ""))

    def _after(self, version: str, value: Value | None) -> Store:
        return Store(self.two_rows, *((None, version) if value is None else ((version, value), None)))


def _version(store: Store) -> str | None:
    """Of the document: empty where there is none, None where it is somebody else's."""
    return "" if store.held is None else store.held[0]
