"""The SQLite file behind the embedded log: its tables, and connections that commit to disk."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from distributary.local.log.errors import LogUnavailable

BUSY_SECONDS = 10.0
"""How long a connection waits for others where the caller does not say."""

# `next` is the offset that comes next: the end of a partition, the position of a group.
# WITHOUT ROWID keeps the deliveries of a partition side by side, so that a poll reads one run of pages; for that the
# pages must be large enough to hold a few of them.
_SCHEMA = """
PRAGMA page_size = 16384;
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS partitions (
    topic TEXT, partition INTEGER, next INTEGER NOT NULL,
    PRIMARY KEY (topic, partition)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS deliveries (
    topic TEXT, partition INTEGER, offset INTEGER,
    key BLOB, value BLOB, headers BLOB NOT NULL, timestamp INTEGER NOT NULL,
    PRIMARY KEY (topic, partition, offset)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS positions (
    group_name TEXT, topic TEXT, partition INTEGER, next INTEGER NOT NULL,
    PRIMARY KEY (group_name, topic, partition)
) WITHOUT ROWID;
"""


class Database:
    """Lends connections to the file at `path`, made where there is none. Safe to use from any thread.

    A connection is lent to one user at a time and handed on afterwards, so there are never more of them than users at
    once, however many threads come and go (a server's requests, say). Raises LogUnavailable wherever SQLite fails.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._free: list[sqlite3.Connection] = []
        self._lock = Lock()
        self._writing = Lock()
        self._closed = False
        self._make()

    @contextmanager
    def connection(self, timeout: float = BUSY_SECONDS) -> Iterator[sqlite3.Connection]:
        """A connection in autocommit mode, which waits up to `timeout` seconds for others."""
        try:
            connection = self._lend()
            try:
                connection.execute(f"PRAGMA busy_timeout = {int(timeout * 1000)}")
                yield connection
            except BaseException:
                # Ends a transaction that is open, whatever state the failure left it in.
                connection.close()
                raise
            self._give_back(connection)
        except sqlite3.Error as error:
            raise LogUnavailable(self.path, str(error)) from error

    @contextmanager
    def transaction(self, timeout: float = BUSY_SECONDS) -> Iterator[sqlite3.Connection]:
        """A connection in a transaction that writes: on disk once it is left, nothing of it if it is left by an error.

        Waits up to `timeout` seconds for other writers.
        """
        # SQLite has its waiting writers sleep for up to 100 ms; those of this process wake each other instead.
        if not self._writing.acquire(timeout=max(timeout, 0.0)):
            raise LogUnavailable(self.path, "database is locked")
        try:
            with self.connection(timeout) as connection:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
        finally:
            self._writing.release()

    def close(self) -> None:
        """Closes every connection; those that are lent, when they come back."""
        with self._lock:
            self._closed = True
            while self._free:
                self._free.pop().close()

    def _make(self) -> None:
        # One process at a time: SQLite gives up at once where two switch a new file to WAL together.
        try:
            with self.path.with_name(f"{self.path.name}.lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                with self.connection() as connection:
                    connection.executescript(_SCHEMA)
        except OSError as error:
            raise LogUnavailable(self.path, str(error)) from error

    def _lend(self) -> sqlite3.Connection:
        with self._lock:
            if self._closed:
                raise LogUnavailable(self.path, "it is closed")
            if self._free:
                return self._free.pop()
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            if self._closed:
                connection.close()
            else:
                self._free.append(connection)
