"""Holds one real server for a whole test run: `python -m tests.server_holder FOLDER ENDPOINT`, a program of its own.

Its answer, `{"address"}`, `{"missing"}` or `{"failed"}`, is `FOLDER/ENDPOINT.json`. It ends when nobody holds the lock
`FOLDER/controller` any more, which the run's first process does: also when that one is killed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Thread

import msgspec

from distributary.errors import ToolMissing
from distributary.local.servers.cache import default_cache
from distributary.local.servers.server import Server
from distributary.local.servers.stack import KINDS, Servers
from tests.containers import open_container


def servers(home: Path, kinds: Mapping[str, type[Server]], stop: Event | None = None) -> Servers:
    """Servers by this process's environment."""
    cache = default_cache(os.environ, root=os.geteuid() == 0)
    return Servers(home, cache, os.environ, kinds=kinds, stop=stop)


def hold(folder: Path, endpoint: str) -> None:
    """Runs the server until the test run is over."""
    stop = Event()
    with (folder / "holders").open("a") as holders:
        fcntl.flock(holders, fcntl.LOCK_SH)
        Thread(target=_wait_for_the_end, args=(folder / "controller", stop), daemon=True).start()
        try:
            with ExitStack() as opened:
                address = open_container(endpoint, opened, stop)
                if address is None:
                    started = servers(folder / endpoint, {endpoint: KINDS[endpoint]}, stop)
                    address = opened.enter_context(started)[endpoint].address
                _answer(folder, endpoint, address=address)
                stop.wait()
        except ToolMissing as error:
            _answer(folder, endpoint, missing=str(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, a test is waiting to hear it
            _answer(folder, endpoint, failed=repr(error))
        stop.wait()
        try:
            fcntl.flock(holders, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # another one is still at work in there
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for_the_end(controller: Path, stop: Event) -> None:
    with controller.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        stop.set()


def _answer(folder: Path, endpoint: str, **answer: str) -> None:
    temporary = folder / f"{endpoint}.new"
    temporary.write_bytes(msgspec.json.encode(answer))
    temporary.rename(folder / f"{endpoint}.json")


if __name__ == "__main__":
    hold(Path(sys.argv[1]), sys.argv[2])
