"""A read model to search, in an SQLite file with FTS5: the embedded default."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from threading import Lock
from typing import Any

from consumers.errors import RefusedDocument
from consumers.generations import FIRST, MadeBy, generation_name, mapping_digest
from consumers.read_model import APPLIED, STALE, Document, Index, Replacement, State, WriteOutcome, WriteStatus
from consumers.read_models.json_document import decode, encode, json_document
from consumers.read_models.search_words import BOUNDARY, search_words
from consumers.read_models.sqlite_generations import SqliteGenerations
from consumers.writes import Fields, Put, VersionedWrite, Write
from schemas.attribute_values import Value
from schemas.errors import InvalidKey

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    source_version TEXT NOT NULL,
    document TEXT,     -- NULL: a removal's marker
    removed_at REAL    -- when the marker was written, epoch seconds
);
CREATE VIRTUAL TABLE IF NOT EXISTS texts USING fts5(names, words, tokenize = 'unicode61 remove_diacritics 2');
"""
_UPSERT = """
INSERT INTO documents (key, source_version, document, removed_at) VALUES (?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET
    source_version = excluded.source_version, document = excluded.document, removed_at = excluded.removed_at
WHERE excluded.source_version > source_version
RETURNING id
"""
_REPLACE = """
INSERT INTO documents (key, source_version, document, removed_at) VALUES (?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET
    source_version = excluded.source_version, document = excluded.document, removed_at = excluded.removed_at
RETURNING id
"""
_FORGET_TEXTS = "DELETE FROM texts WHERE rowid IN (SELECT id FROM documents WHERE key = ?)"
_STATE = "SELECT key, source_version, document FROM documents WHERE key = ?"
_SELECT = "SELECT key, source_version, document FROM documents WHERE document IS NOT NULL"
_SEARCH = """
SELECT key, source_version, document FROM texts JOIN documents ON documents.id = texts.rowid
WHERE texts MATCH :found
ORDER BY texts.rowid IN (SELECT rowid FROM texts WHERE texts MATCH :whole) DESC, texts.rank, key LIMIT :limit
"""
_BUSY_SECONDS = 30.0


class SqliteIndex:
    """A generation of the read model `index` in the file at `path`, made where there is none.

    Other processes may read and write it, each through an object of its own. Safe to use from any thread.
    `clock` gives epoch seconds. `projection_version` is what it is, or shall be, made by.
    """

    store = "SQLite"

    def __init__(
        self,
        path: Path,
        index: Index,
        clock: Callable[[], float],
        *,
        generation: int = FIRST,
        projection_version: str = "",
    ) -> None:
        self.name = generation_name(index.name, generation)
        self._generation = generation
        self.made_by = MadeBy(projection_version, mapping_digest([_SCHEMA, index.names, index.words]))
        self._generations = SqliteGenerations(path.parent, index.name)
        self._path = path
        self._index = index
        self._clock = clock
        self._lock = Lock()
        self._connection = self._connect()
        # One at a time: SQLite does not wait for another process that turns a new file to WAL.
        with path.with_name(f"{path.name}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.executescript(_SCHEMA)

    def made(self) -> bool:
        """See `Preparable.made`."""
        return self._generations.made(self._generation)

    def prepare(self) -> None:
        """See `Preparable.prepare`; the file is there already."""
        self._generations.begin(self._generation, self.made_by)

    def apply(self, writes: Sequence[VersionedWrite]) -> list[WriteOutcome]:
        """See `ReadModel.apply`; one transaction."""
        with self._lock, self._connection:
            return [self._apply(write) for write in writes]

    def get(self, key: str) -> Document | None:
        """See `ReadModel.get`; any Unicode text is a key."""
        row = self._row(f"{_SELECT} AND key = ?", key)
        return None if row is None else _document(row)

    def version(self, key: str) -> str | None:
        """See `ReadModel.version`."""
        row = self._row("SELECT source_version FROM documents WHERE key = ?", key)
        return None if row is None else str(row[0])

    def scan(self) -> Iterator[Document]:
        """See `ReadModel.scan`; all of one moment."""
        with closing(self._connect()) as connection:
            for row in connection.execute(_SELECT):
                yield _document(row)

    def states(self, keys: Sequence[str]) -> list[State]:
        """See `ReadModel.states`; any Unicode text is a key."""
        return [_state(key, self._row(_STATE, key)) for key in keys]

    def replace(self, replacements: Sequence[Replacement]) -> list[WriteOutcome]:
        """See `ReadModel.replace`; one transaction."""
        with self._lock, self._connection:
            # Now, and not at the first write: what is compared must not change in between.
            self._connection.execute("BEGIN IMMEDIATE")
            return [self._replace(replacement) for replacement in replacements]

    def given_back(self, put: Put) -> Fields:
        """See `ReadModel.given_back`: the document in JSON's types."""
        return decode(encode(json_document(put.document)))

    def search(self, text: str, limit: int) -> list[Document]:
        """See `Searchable.search`, and `search_words`.

        Documents in which every word stands whole come before those that have a name beginning with it.
        """
        words = search_words(text)
        if not words:
            return []
        # A word goes in as a quoted string, which FTS5 splits as it splits documents and finds as a phrase.
        found = " AND ".join(f'(names : "{word}" * OR words : "{word}")' for word in words)
        whole = " AND ".join(f'"{word}"' for word in words)
        with self._lock:
            rows = self._connection.execute(_SEARCH, {"found": found, "whole": whole, "limit": limit}).fetchall()
        return [_document(row) for row in rows]

    def close(self) -> None:
        """See `ReadModel.close`."""
        with self._lock:
            self._connection.close()

    def _row(self, query: str, key: str) -> Any:
        try:
            with self._lock:
                return self._connection.execute(query, (key,)).fetchone()
        except UnicodeEncodeError:
            raise InvalidKey(f"{key!r} is no key, because it is not Unicode") from None

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level="IMMEDIATE", check_same_thread=False)

    def _apply(self, write: VersionedWrite) -> WriteOutcome:
        return self._write(_UPSERT, write.write, write.version)

    def _replace(self, replacement: Replacement) -> WriteOutcome:
        write, seen = replacement.write, replacement.seen
        found = _state(write.key, self._connection.execute(_STATE, (write.key,)).fetchone())
        if _guarded(found) != _guarded(seen):
            return STALE
        if replacement.version is not None or isinstance(write, Put):
            return self._write(_REPLACE, write, replacement.stamp)
        if seen.document is not None:
            self._connection.execute(_FORGET_TEXTS, (write.key,))
            self._connection.execute("DELETE FROM documents WHERE key = ?", (write.key,))
        return APPLIED

    def _write(self, statement: str, write: Write, version: str) -> WriteOutcome:
        try:
            document = json_document(write.document) if isinstance(write, Put) else None
            text = None if document is None else encode(document).decode()
        except RefusedDocument as error:
            return WriteOutcome(WriteStatus.REFUSED, str(error))
        removed_at = self._clock() if document is None else None
        # All rows are fetched, because a statement that is not at its end would hold up the commit.
        changed = self._connection.execute(statement, (write.key, version, text, removed_at)).fetchall()
        if not changed:
            return STALE
        ((row_id,),) = changed
        self._connection.execute("DELETE FROM texts WHERE rowid = ?", (row_id,))
        if document is not None:
            names, words = (_text(document, fields) for fields in (self._index.names, self._index.words))
            self._connection.execute("INSERT INTO texts (rowid, names, words) VALUES (?, ?, ?)", (row_id, names, words))
        return APPLIED


def _state(key: str, row: Any) -> State:
    if row is None or row[2] is None:
        return State(key, None, None if row is None else row[1])
    return State(key, _document(row))


def _guarded(state: State) -> tuple[str | None, str | None]:
    """What a replacement is compared by: every document here has a version."""
    return None if state.document is None else state.document.source_version, state.removal


def _document(row: tuple[str, str, str]) -> Document:
    key, version, text = row
    return Document(key, version, decode(text))


def _text(document: Fields, fields: Iterable[str]) -> str:
    # No phrase is found across two values.
    return f" {BOUNDARY} ".join(part for field in fields for part in _parts(document.get(field)))


def _parts(value: Value) -> Iterator[str]:
    """The texts and numbers in a value."""
    match value:
        case list():
            for member in value:
                yield from _parts(member)
        case dict():
            yield from _parts(list(value.values()))
        case None | bool():
            return
        case _:
            yield str(value)
