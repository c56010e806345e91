"""Which shards of a stream may be read: a parent to its end before its children.

A shard's records concern other items than its siblings', but the same as its parent's: an item's changes go on in the
child where the parent ended (a split, or the roll of a shard after some hours).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple


class Shard(NamedTuple):
    """A shard and the one it came from, if any. Whether it has ended only reading it tells."""

    shard_id: str
    parent: str | None = None


def readable(shards: Iterable[Shard], finished: Collection[str]) -> list[Shard]:
    """The shards that are not finished and have nothing left before them, in the order given.

    A parent that is not among `shards` has been trimmed, and counts as finished.
    """
    known = {shard.shard_id: shard for shard in shards}
    return [
        shard
        for shard in known.values()
        if shard.shard_id not in finished and (shard.parent not in known or shard.parent in finished)
    ]
