"""A server's process under its keeper: started, asked to end, killed, frozen; it never outlives this process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from distributary.local.servers import keeper

GRACE_SECONDS = 20.0
"""How long a server may take to end after it was asked to."""
_TAIL_BYTES = 8192
_LAST_LINES = 5


class Command(NamedTuple):
    """How a server is started: its command line, the variables and the folder it runs in, and as whom if not as us."""

    line: list[str]
    variables: Mapping[str, str]
    folder: Path
    user: str | None = None


class Process:
    """A running server. `pid` is the server's own process id; what it prints is appended to `log`.

    `kept` holds the process id too, for whoever else wants to know.
    """

    def __init__(self, command: Command, log: Path, kept: Path, grace: float = GRACE_SECONDS) -> None:
        self._log = log
        self._begin = log.stat().st_size if log.exists() else 0
        arguments = [str(kept), str(log), str(grace), command.user or "-", *command.line]
        # Sessions of their own: Ctrl-C on the terminal reaches neither before the pipeline has drained.
        with log.open("ab") as errors:
            self._keeper = subprocess.Popen(
                [sys.executable, "-I", "-S", keeper.__file__, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=dict(command.variables),
                cwd=command.folder,
                start_new_session=True,
            )
        assert self._keeper.stdout is not None
        said = self._keeper.stdout.readline()
        self.pid = int(said) if said.strip() else None

    @property
    def status(self) -> int | None:
        """How it ended, as a shell says it; None while it runs."""
        return self._keeper.poll()

    def printed(self) -> str:
        """The end of what it printed since it was started."""
        with self._log.open("rb") as file:
            file.seek(max(self._begin, self._log.stat().st_size - _TAIL_BYTES))
            return file.read().decode(errors="replace")

    def stop(self) -> None:
        """Ends it: it is asked to, and killed if it does not."""
        self._keeper.send_signal(signal.SIGTERM)
        self._ended()

    def kill(self) -> None:
        """Ends it there and then, as `kill -9` does."""
        self.send(signal.SIGKILL)
        self._ended()

    def send(self, number: signal.Signals) -> None:
        """Sends the server a signal."""
        if self.pid is not None and self.status is None:
            os.kill(self.pid, number)

    def _ended(self) -> None:
        self._keeper.wait()
        for pipe in (self._keeper.stdin, self._keeper.stdout):
            if pipe is not None:
                pipe.close()


def last_words(printed: str) -> str:
    """The last lines of what a program printed, in one; where in Java's code that was is left out."""
    lines = [line.strip() for line in printed.splitlines()]
    said = [line for line in lines if line and not line.startswith(("at ", "..."))]
    return " / ".join(said[-_LAST_LINES:])
