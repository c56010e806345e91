"""The generations of a read model in SQLite: a file each, and a small file beside them that says which one is read."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from consumers.errors import GenerationRefused, Outage
from consumers.generations import (
    FIRST,
    Generation,
    MadeBy,
    check_made_by,
    generation_name,
    read_first,
    read_generation_name,
)

STORE = "SQLite"
_SUFFIX = ".sqlite3"
_BUSY_SECONDS = 30.0


def generation_path(folder: Path, read_model: str, number: int) -> Path:
    """The file of a generation."""
    return folder / f"{generation_name(read_model, number)}{_SUFFIX}"


class _Read(msgspec.Struct, frozen=True):
    """Which generation people read, and which they read before."""

    promoted: int | None = None
    before: int | None = None


class SqliteGenerations:
    """See `Generations`; those of the read model of that name, in `folder`.

    A retired generation is emptied, and its file stays: the process that runs it may have it open.
    """

    store = STORE

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        first = generation_path(folder, name, FIRST).name
        self._pointer = folder / f"{first}.promoted"
        self._lock = folder / f"{first}.promoted.lock"

    def begin(self, number: int, made_by: MadeBy) -> None:
        """Notes what the generation, whose file is there, is made by; it is read where nothing is yet.

        See `Preparable.prepare`.
        """
        with self._held(fcntl.LOCK_EX):
            with self._file(number) as file:
                if (made := _made_by(file)) is None:
                    file.execute("CREATE TABLE IF NOT EXISTS made_by (projection_version TEXT, mapping TEXT)")
                    file.execute("INSERT INTO made_by VALUES (?, ?)", made_by)
                else:
                    check_made_by(self._name, number, made, made_by)
            if self._read().promoted is None:
                self._write(_Read(number))

    def made(self, number: int) -> bool:
        """Whether that generation was made, and is not retired. Raises Outage."""
        with self._held(fcntl.LOCK_SH):
            return number in self._there()

    def all(self) -> list[Generation]:
        """See `Generations.all`."""
        with self._held(fcntl.LOCK_SH):
            read = self._read()
            return [
                Generation(number, self._count(number), made_by, number == read.promoted, number == read.before)
                for number, made_by in sorted(self._there().items())
            ]

    def promote(self, number: int) -> None:
        """See `Generations.promote`; the file that says which is read is replaced."""
        with self._held(fcntl.LOCK_EX):
            self._check_there(number)
            read = self._read()
            if number != read.promoted:
                self._write(_Read(number, read.promoted))

    def retire(self, number: int) -> None:
        """See `Generations.retire`; waits for those who are `reading`."""
        with self._held(fcntl.LOCK_EX):
            self._check_there(number)
            if number == self._read().promoted:
                raise GenerationRefused(
                    f"generation {number} of {self._name} is what people read; promote another one before"
                )
            with self._file(number) as file:
                for table in ("made_by", "texts", "documents"):
                    file.execute(f"DELETE FROM {table}")

    @contextmanager
    def reading(self) -> Iterator[int]:
        """See `Generations.reading`; nobody switches or retires meanwhile."""
        with self._held(fcntl.LOCK_SH):
            read = self._read()
            number = read_first([] if read.promoted is None else [read.promoted], self._there())
            yield number

    def _there(self) -> dict[int, MadeBy]:
        """By number, what each of them was made by."""
        named = [read_generation_name(path.name.removesuffix(_SUFFIX)) for path in self._folder.glob(f"*{_SUFFIX}")]
        numbers = {FIRST if number is None else number for name, number in named if name == self._name}
        found = {}
        for number in numbers:
            with self._file(number) as file:
                if (made := _made_by(file)) is not None:
                    found[number] = made
        return found

    def _check_there(self, number: int) -> None:
        if number not in (there := self._there()):
            raise GenerationRefused(
                f"there is no generation {number} of {self._name} in {STORE}; "
                f"there are {', '.join(map(str, sorted(there))) or 'none'}"
            )

    def _count(self, number: int) -> int:
        with self._file(number) as file:
            return int(file.execute("SELECT count(*) FROM documents WHERE document IS NOT NULL").fetchone()[0])

    @contextmanager
    def _file(self, number: int) -> Iterator[sqlite3.Connection]:
        """The generation's file, in one transaction."""
        path = generation_path(self._folder, self._name, number)
        try:
            with closing(sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level="IMMEDIATE")) as file, file:
                yield file
        except sqlite3.Error as error:
            raise Outage(STORE, f"{path}: {error}") from error

    @contextmanager
    def _held(self, how: int) -> Iterator[None]:
        """Holds the lock: shared, or alone."""
        try:
            lock = self._lock.open("a")
        except OSError as error:
            raise Outage(STORE, f"{self._lock}: {error.strerror}") from error
        with lock:
            fcntl.flock(lock, how)
            yield

    def _read(self) -> _Read:
        try:
            return msgspec.json.decode(self._pointer.read_bytes(), type=_Read)
        except FileNotFoundError:
            return _Read()

    def _write(self, read: _Read) -> None:
        new = self._pointer.with_suffix(".new")
        new.write_bytes(msgspec.json.encode(read))
        new.replace(self._pointer)


def _made_by(file: sqlite3.Connection) -> MadeBy | None:
    if file.execute("SELECT 1 FROM sqlite_master WHERE name = 'made_by'").fetchone() is None:
        return None
    row = file.execute("SELECT projection_version, mapping FROM made_by").fetchone()
    return None if row is None else MadeBy(*row)
