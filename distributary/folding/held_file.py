"""What a read model held at one time, by key: read once, before the log's ends are fixed, and kept in a file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from consumers.read_model import Document
from distributary.folding.digests import digest
from distributary.folding.partition_of_key import PartitionOfKey

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE held (key BLOB PRIMARY KEY, partition INTEGER NOT NULL, version TEXT, digest BLOB NOT NULL);
CREATE INDEX by_partition ON held (partition);
"""
PAGE = 1000


class Held(NamedTuple):
    """A document as it was: its version (None: somebody else's) and its digest."""

    version: str | None
    digest: bytes


class HeldFile:
    """The documents of a read model in a file; `read` makes it, others open it to look into."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)

    @classmethod
    def read(cls, path: Path, documents: Iterable[Document], partition_of: PartitionOfKey) -> HeldFile:
        """The file at `path`, made of all documents."""
        path.unlink(missing_ok=True)
        file = cls(path)
        file._connection.executescript(_SCHEMA)
        found = iter(documents)
        while page := list(islice(found, PAGE)):
            rows = [(one.key.encode(), partition_of(one.key), one.source_version, digest(one.document)) for one in page]
            file._connection.execute("BEGIN")
            # A scan may meet a key twice that moved under it; the later one counts.
            file._connection.executemany("INSERT OR REPLACE INTO held VALUES (?, ?, ?, ?)", rows)
            file._connection.execute("COMMIT")
        return file

    def of(self, keys: Sequence[bytes]) -> Mapping[bytes, Held]:
        """What was held under those keys; a key that had nothing is not in it."""
        marks = ", ".join("?" * len(keys))
        found = self._connection.execute(f"SELECT key, version, digest FROM held WHERE key IN ({marks})", tuple(keys))
        return {key: Held(version, digest_) for key, version, digest_ in found}

    def keys(self, partition: int) -> Iterator[list[tuple[bytes, str | None]]]:
        """The keys of one partition with their versions, page by page."""
        last = b""
        query = "SELECT key, version FROM held WHERE partition = ? AND key > ? ORDER BY key LIMIT ?"
        while page := self._connection.execute(query, (partition, last, PAGE)).fetchall():
            yield page
            last = page[-1][0]

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()
