"""Where the fold of one partition is kept: an SQLite file, so that memory stays flat whatever the log's size."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

_SCHEMA = """
PRAGMA page_size = 16384;
PRAGMA journal_mode = OFF;    -- a fold that is cut short is made anew
PRAGMA synchronous = OFF;
PRAGMA cache_size = -32768;
CREATE TABLE folded (
    id INTEGER PRIMARY KEY AUTOINCREMENT,    -- a key that was forgotten and comes again stands behind all others
    key BLOB UNIQUE NOT NULL, version TEXT NOT NULL, offset INTEGER NOT NULL, value BLOB,
    keeps_out TEXT NOT NULL, kept_since REAL
);
CREATE TABLE later (
    key BLOB, version TEXT NOT NULL, offset INTEGER, value BLOB, keeps_out TEXT NOT NULL, kept_since REAL,
    PRIMARY KEY (key, offset)
);
CREATE TABLE suspects (key BLOB PRIMARY KEY);
CREATE TABLE findings (key BLOB PRIMARY KEY, finding TEXT NOT NULL);
"""
_ROW = "key, version, offset, value, keeps_out, kept_since"
# An event that does not count for its key may still be the last that matters to live traffic.
_UPSERT = f"""
INSERT INTO folded ({_ROW}) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET
    version = max(version, excluded.version), keeps_out = max(keeps_out, excluded.keeps_out),
    kept_since = iif(excluded.keeps_out > keeps_out, excluded.kept_since, kept_since),
    offset = iif(excluded.version > version, excluded.offset, offset),
    value = iif(excluded.version > version, excluded.value, value)
WHERE excluded.version > version OR excluded.keeps_out > keeps_out
"""
PAGE_KEYS, PAGE_BYTES = 2000, 16_000_000
"""Keys that are worked on together, at most, and the bytes of their events."""


class Row(NamedTuple):
    """The event that counts for a key so far: the write's key in UTF-8, its version, the event's offset and bytes; and
    what matters to live traffic: see `Want.keeps_out` and `kept_since`.
    """

    key: bytes
    version: str
    offset: int
    value: bytes | None
    keeps_out: str = ""
    kept_since: float | None = None


def fold_path(folder: Path, partition: int) -> Path:
    """Where the fold of a partition is kept."""
    return folder / f"fold-{partition}.sqlite3"


class FoldFile:
    """The fold in the file at `path`, begun `anew` or as it was left. One thread at a time."""

    def __init__(self, path: Path, *, anew: bool = True) -> None:
        if anew:
            path.unlink(missing_ok=True)
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._given = 0
        if anew:
            self._connection.executescript(_SCHEMA)

    def fold(self, rows: Iterable[Row]) -> None:
        """Keeps of each key the row of the highest version, the first of equals, with what matters of all."""
        with self._transaction():
            self._connection.executemany(_UPSERT, rows)

    def forget(self, item: bytes) -> None:
        """Drops the rows of an item: those of its key, and of the keys that begin with it and a `|`."""
        query = "DELETE FROM folded WHERE key = ? OR (key >= ? AND key < ?)"
        self._connection.execute(query, (item, item + b"|", item + b"}"))

    def new_rows(self) -> Iterator[list[Row]]:
        """Every row that was not given before, page by page: between two pages others may be written."""
        query = f"SELECT id, {_ROW} FROM folded WHERE id > ? ORDER BY id LIMIT {PAGE_KEYS // 4}"
        while page := self._connection.execute(query, (self._given,)).fetchall():
            self._given = page[-1][0]
            yield [Row(*row[1:]) for row in page]

    def row(self, key: bytes) -> Row | None:
        """The row of a key."""
        found = self._rows(f"SELECT {_ROW} FROM folded WHERE key = ?", (key,))
        return found[0] if found else None

    def add_later(self, rows: Iterable[Row]) -> None:
        """Keeps every one of those rows, which came after the fold's end."""
        with self._transaction():
            self._connection.executemany("INSERT OR REPLACE INTO later VALUES (?, ?, ?, ?, ?, ?)", rows)

    def later(self, key: bytes) -> list[Row]:
        """What came for the key after the fold's end, in offset order."""
        return self._rows(f"SELECT {_ROW} FROM later WHERE key = ? ORDER BY offset", (key,))

    def suspect(self, keys: Iterable[bytes]) -> None:
        """Notes keys that are to be looked at again."""
        with self._transaction():
            self._connection.executemany("INSERT OR IGNORE INTO suspects VALUES (?)", ((key,) for key in keys))

    def suspects(self) -> Iterator[list[bytes]]:
        """The keys to look at again, page by page."""
        yield from self._keys("suspects")

    def find(self, findings: Iterable[tuple[bytes, str]]) -> None:
        """Notes what is wrong under keys."""
        with self._transaction():
            self._connection.executemany("INSERT OR REPLACE INTO findings VALUES (?, ?)", findings)

    def findings(self) -> Iterator[list[bytes]]:
        """The keys under which something is wrong, page by page."""
        yield from self._keys("findings")

    def count(self) -> int:
        """How many keys the fold has."""
        return int(self._connection.execute("SELECT count(*) FROM folded").fetchone()[0])

    def close(self) -> None:
        """Closes the file; what is in it is of no use to anybody else."""
        self._connection.close()

    def _rows(self, query: str, values: tuple[object, ...]) -> list[Row]:
        return [Row(*row) for row in self._connection.execute(query, values)]

    def _keys(self, table: str) -> Iterator[list[bytes]]:
        """The keys of a table, as many together as PAGE_KEYS and PAGE_BYTES say."""
        query = (
            f"SELECT noted.rowid, noted.key, ifnull(length(value), 0) FROM {table} AS noted "
            f"LEFT JOIN folded ON folded.key = noted.key WHERE noted.rowid > ? ORDER BY noted.rowid LIMIT {PAGE_KEYS}"
        )
        last = 0
        while found := self._connection.execute(query, (last,)).fetchall():
            size, keys = 0, list[bytes]()
            for rowid, key, length in found:
                keys.append(key)
                last, size = rowid, size + length
                if size >= PAGE_BYTES:
                    break
            yield keys

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        # Without a journal there is nothing to roll back to: what fails in here is the end of the fold.
        self._connection.execute("BEGIN")
        yield
        self._connection.execute("COMMIT")
