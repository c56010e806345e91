"""A pipeline's home: the folder that holds its state and tells other terminals where it runs."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import msgspec

from distributary.errors import HomeInUse, NoPipeline, UnusableFolder
from distributary.settings import Endpoints

SERVER_STATE = ("kafka", "opensearch", "registry", "dynamodb.db*", "logs")
"""What the servers of a pipeline keep in its home."""


class Running(msgspec.Struct, frozen=True):
    """A running pipeline as others find it: its process id, what it runs on, the address of its own pages, and where
    its servers are (embedded: none).
    """

    pid: int
    on: str
    url: str
    endpoints: Endpoints | None = None


class Home:
    """The files of one home. As a context it belongs to one pipeline at a time: HomeInUse for a second one.

    Raises UnusableFolder there where the folder cannot be made or written to.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log.sqlite3"
        self.indexes = folder / "indexes"
        self.numbers = folder / "feed-numbers.json"
        self._running = folder / "running.json"
        self._lock: IO[str] | None = None

    def __enter__(self) -> Self:
        lock = self._lock_file()
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise HomeInUse(
                f"a pipeline runs in {self.folder} already; stop it, or give this one a home of its own with --home DIR"
            ) from None
        self._running.unlink(missing_ok=True)  # a killed pipeline's
        self._lock = lock
        return self

    def make(self) -> None:
        """Makes the folder where there is none. Raises UnusableFolder."""
        self._lock_file().close()

    def _lock_file(self) -> IO[str]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            return (self.folder / "lock").open("a")
        except OSError as error:
            raise UnusableFolder(
                f"{self.folder} cannot be a pipeline's home: {error.strerror}; name a writable folder with --home DIR"
            ) from None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._running.unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()

    def forget_servers(self) -> None:
        """Deletes the state of all servers together: without one of them the others' is of no use."""
        for name in SERVER_STATE:
            for gone in self.folder.glob(name):
                shutil.rmtree(gone) if gone.is_dir() else gone.unlink(missing_ok=True)
        self.numbers.unlink(missing_ok=True)

    def forget(self, *, log: bool) -> None:
        """Deletes the indexes, which live with the process; with `log`, the log and the feed's numbers too."""
        gone = [*self.indexes.glob("*.sqlite3*")]
        if log:
            gone += [self.numbers, *self.folder.glob(f"{self.log.name}*")]
        for file in gone:
            file.unlink(missing_ok=True)
        self.indexes.mkdir(exist_ok=True)

    def announce(self, on: str, url: str, endpoints: Endpoints | None = None) -> None:
        """Tells other terminals that the pipeline is ready."""
        temporary = self._running.with_suffix(".new")
        temporary.write_bytes(msgspec.json.encode(Running(os.getpid(), on, url, endpoints)))
        temporary.replace(self._running)

    def running(self) -> Running:
        """The pipeline that runs here. Raises NoPipeline."""
        # Only where somebody said that he runs here: the lock, tried, would be in the way of one who starts.
        if self._running.exists():
            try:
                with (self.folder / "lock").open() as lock:
                    fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return msgspec.json.decode(self._running.read_bytes(), type=Running)
        raise NoPipeline(
            f"no pipeline runs in {self.folder}; start one with `distributary run`, or name its home with --home DIR"
        )
