"""Gaps in a log: events whose `before` is not what the event before them left (design section 9)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from consumers.delivery.prepare import Preparation
from consumers.subscription import Delivery
from distributary.folding.digests import digest
from schemas.attribute_values import Item
from schemas.change_event import ChangeEvent
from schemas.errors import UndecodableEvent, UnknownSchema
from schemas.versions import SNAPSHOT_VERSION

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE links (
    key BLOB, version TEXT, before BLOB, after BLOB, repair INTEGER NOT NULL, PRIMARY KEY (key, version)
) WITHOUT ROWID;
"""
# A repair mends what came before it: no filter drops it.
_GAPS = """
SELECT key, version, previous FROM (
    SELECT key, version, before,
        lag(version) OVER one AS previous, lag(after) OVER one AS left,
        max(iif(repair, version, '')) OVER (PARTITION BY key) AS mended
    FROM links WINDOW one AS (PARTITION BY key ORDER BY version)
) WHERE before IS NOT NULL AND left IS NOT NULL AND before != left AND version > mended
ORDER BY key, version
"""
_ABSENT = b""
_TOGETHER = 2000

Link = tuple[bytes, str, bytes | None, bytes | None, bool]


class Gap(NamedTuple):
    """An event that does not follow from the one before it: its key, its version, and that one's."""

    key: str
    version: str
    previous: str


class GapsFile:
    """The chain of every item's events, in a file: what each says was before and after it."""

    def __init__(self, path: Path, preparation: Preparation) -> None:
        path.unlink(missing_ok=True)
        self._preparation = preparation
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.executescript(_SCHEMA)

    def noting(self, deliveries: Iterable[Delivery]) -> Iterator[Delivery]:
        """The deliveries as they are; on their way each becomes a link of its item's chain."""
        links: list[Link] = []
        for delivery in deliveries:
            if (link := self._link(delivery)) is not None:
                links.append(link)
            if len(links) >= _TOGETHER:
                self._keep(links)
            yield delivery
        self._keep(links)

    def gaps(self) -> Iterator[Gap]:
        """The gaps that no later repair has mended."""
        for key, version, previous in self._connection.execute(_GAPS):
            yield Gap(key.decode(), version, previous)

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def _link(self, delivery: Delivery) -> Link | None:
        try:
            event = self._preparation.decode(delivery.value)
            # A snapshot says how the item was at no certain moment.
            if event.version == SNAPSHOT_VERSION:
                return None
            before = _state(event.before, known=event.before_known and not event.is_repair)
            after = _state(event.after, known=event.after_known)
        except (UndecodableEvent, UnknownSchema):
            return None
        return _key(event), event.version, before, after, event.is_repair

    def _keep(self, links: list[Link]) -> None:
        self._connection.execute("BEGIN")
        self._connection.executemany("INSERT OR IGNORE INTO links VALUES (?, ?, ?, ?, ?)", links)
        self._connection.execute("COMMIT")
        links.clear()


def _key(event: ChangeEvent) -> bytes:
    return event.key_text.encode()


def _state(item: Item | None, *, known: bool) -> bytes | None:
    """A digest of the item, or of its absence; None where it is not known."""
    if not known:
        return None
    return _ABSENT if item is None else digest(dict(item))
