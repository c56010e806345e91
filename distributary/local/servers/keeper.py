"""Keeps one server: `python -I -S keeper.py PID_FILE LOG_FILE GRACE_SECONDS USER COMMAND...`, a program of its own.

The server ends when the keeper's standard input does (whoever holds the other end has stopped, or was killed), or on
SIGTERM: its process group gets SIGTERM, and SIGKILL after the grace. It runs in a session of its own, so that Ctrl-C on
the terminal does not reach it; `-` as the user is nobody else. PID_FILE holds the server's process id while it runs;
the keeper of an earlier server with the same file is waited for. One line on standard output, the process id, says that
the server was started. Uses the standard library alone.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path


def keep(pid_file: str, log_file: str, grace: str, user: str, *command: str) -> int:
    """The server's exit status as a shell gives it, once it has ended."""
    # 1. signals become bytes of a pipe, so that one `select` hears everything
    heard, spoken = os.pipe()
    os.set_blocking(spoken, False)
    signal.set_wakeup_fd(spoken)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, lambda _signal, _frame: None)
    with Path(pid_file).open("a") as kept, Path(log_file).open("ab") as log:
        # 2. the server before this one has ended
        fcntl.flock(kept, fcntl.LOCK_EX)
        # 3. start it, and say so
        server = _start(list(command), None if user == "-" else user, log.fileno())
        kept.truncate(0)
        kept.write(str(server.pid))
        kept.flush()
        print(server.pid, flush=True)  # noqa: T201 - this is the answer to who started the keeper
        # 4. until it has ended, or is to end
        while server.poll() is None:
            ready, _, _ = select.select([0, heard], [], [])
            asked = heard in ready and signal.SIGTERM in os.read(heard, 512)
            if asked or (0 in ready and not os.read(0, 512)):
                _stop(server, float(grace))
        # 5. nobody of its group is left
        _signal_group(server, signal.SIGKILL)
        kept.truncate(0)
    return server.returncode if server.returncode >= 0 else 128 - server.returncode


def _start(command: list[str], user: str | None, log: int) -> subprocess.Popen[bytes]:
    groups: list[str] | None = None if user is None else []
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
        user=user,
        group=None if user is None else pwd.getpwnam(user).pw_gid,
        extra_groups=groups,
    )


def _stop(server: subprocess.Popen[bytes], grace: float) -> None:
    _signal_group(server, signal.SIGTERM)
    _signal_group(server, signal.SIGCONT)  # a server that is stopped hears nothing
    try:
        server.wait(grace)
    except subprocess.TimeoutExpired:
        _signal_group(server, signal.SIGKILL)
        server.wait()


def _signal_group(server: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(OSError):  # the group has gone
        os.killpg(server.pid, number)


if __name__ == "__main__":
    sys.exit(keep(*sys.argv[1:]))
