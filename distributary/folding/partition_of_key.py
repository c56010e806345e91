"""In which partition of a topic a read model's key was written."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from schemas.partitions import partition_of

PartitionOfKey: TypeAlias = Callable[[str], int]

_PART = re.compile(r"(?:[^\\|]|\\.)*", re.DOTALL)


def item_key(key: str, parts: int) -> str:
    """The item key that a read model's key begins with, of so many parts; the whole text where it has no more."""
    end = 0
    for _ in range(parts):
        match = _PART.match(key, end)
        assert match is not None  # the pattern matches the empty text
        end = match.end() + 1
    return key[: end - 1]


def by_item_key(parts: int, partitions: int) -> PartitionOfKey:
    """The partition of a key by the item key in it, of `parts` attributes: where all events of that item are.

    A key that no event of the topic can have has one too, always the same.
    """
    return lambda key: partition_of(item_key(key, parts).encode(), partitions)
