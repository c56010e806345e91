"""A server under its keeper: it ends when it is told to, and never outlives the process that started it."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import IO

import pytest

from distributary.local.servers.process import Command, Process

SECONDS = 20.0
"""How long anything may take before a test gives up."""

TALKATIVE = "import signal; print('up', flush=True); signal.pause()"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {TALKATIVE}; {'signal.pause();' * 3}"
PARENT = """
import subprocess, sys
subprocess.run([sys.executable, "-c", sys.argv[1]])
"""
OWNER = """
import sys
from pathlib import Path
from distributary.local.servers.process import Command, Process
folder = Path(sys.argv[1])
process = Process(Command([sys.executable, "-c", sys.argv[2]], {}, folder), folder / "log", folder / "pid", 0.2)
print(process.pid, flush=True)
sys.stdin.read()
"""

Start = Callable[..., Process]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a Python program as a server with a grace, in seconds; stopped at the end."""
    started: list[Process] = []

    def start_one(program: str, *arguments: str, grace: float = SECONDS) -> Process:
        command = Command([sys.executable, "-c", program, *arguments], {"SAID": "yes"}, tmp_path)
        started.append(Process(command, tmp_path / "log", tmp_path / "pid", grace))
        return started[-1]

    yield start_one
    for process in started:
        process.stop()


def wait_until(holds: Callable[[], bool]) -> None:
    pause, deadline = Event(), time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline
        pause.wait(0.02)


def runs(pid: int | None) -> bool:
    assert pid is not None
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def test_a_server_runs_in_a_session_of_its_own_and_prints_into_its_log(start: Start, tmp_path: Path) -> None:
    process = start(f"import os; print(os.environ['SAID']); {TALKATIVE}")
    assert process.pid is not None
    assert os.getsid(process.pid) == process.pid
    assert (tmp_path / "pid").read_text() == str(process.pid)
    wait_until(lambda: "up" in process.printed())
    assert process.printed() == "yes\nup\n"
    assert process.status is None


def test_a_server_ends_when_it_is_asked_to(start: Start, tmp_path: Path) -> None:
    process = start(TALKATIVE)
    process.stop()
    assert process.status == 128 + signal.SIGTERM
    assert not runs(process.pid)
    assert (tmp_path / "pid").read_text() == ""


def test_one_that_does_not_listen_is_killed_after_the_grace(start: Start) -> None:
    process = start(STUBBORN, grace=0.2)
    wait_until(lambda: "up" in process.printed())
    process.stop()
    assert process.status == 128 + signal.SIGKILL
    assert not runs(process.pid)


def test_a_frozen_server_ends_too(start: Start) -> None:
    process = start(TALKATIVE)
    process.send(signal.SIGSTOP)
    process.stop()
    assert process.status == 128 + signal.SIGTERM


def test_what_a_server_started_ends_with_it(start: Start, tmp_path: Path) -> None:
    process = start(PARENT, f"import fcntl; held = open('held', 'a'); fcntl.flock(held, fcntl.LOCK_EX); {STUBBORN}")
    wait_until(lambda: "up" in process.printed())
    process.kill()
    assert process.status == 128 + signal.SIGKILL
    with (tmp_path / "held").open() as held:
        wait_until(lambda: is_free(held))


def is_free(lock: IO[str]) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


@pytest.mark.parametrize("program", [TALKATIVE, STUBBORN])
def test_a_server_ends_when_the_process_that_started_it_is_killed(tmp_path: Path, program: str) -> None:
    owner = [sys.executable, "-c", OWNER, str(tmp_path), program]
    with subprocess.Popen(owner, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        server = int(process.stdout.readline())
        wait_until(lambda: "up" in (tmp_path / "log").read_text())
        process.kill()
    wait_until(lambda: not runs(server))
    wait_until(lambda: (tmp_path / "pid").read_text() == "")


def test_a_server_that_ends_by_itself_leaves_its_status_and_what_it_printed_since_its_start(start: Start) -> None:
    start(TALKATIVE).stop()
    process = start("import sys; sys.exit('it cannot go on')")
    wait_until(lambda: process.status is not None)
    assert process.status == 1
    assert process.printed() == "it cannot go on\n"


def test_a_command_that_does_not_exist_is_told_in_the_log(tmp_path: Path) -> None:
    process = Process(Command([str(tmp_path / "nothing")], {}, tmp_path), tmp_path / "log", tmp_path / "pid")
    process.stop()
    assert process.pid is None
    assert process.status == 1
    assert "FileNotFoundError" in process.printed()


def test_a_server_waits_for_the_one_before_it_to_end(start: Start, tmp_path: Path) -> None:
    owner = [sys.executable, "-c", OWNER, str(tmp_path), STUBBORN]
    with subprocess.Popen(owner, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        before = int(process.stdout.readline())
        wait_until(lambda: "up" in (tmp_path / "log").read_text())
        process.kill()
    after = start(TALKATIVE)
    assert not runs(before)
    assert runs(after.pid)
