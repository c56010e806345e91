"""A member's process as its test sees it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from itertools import count
from pathlib import Path

import msgspec

from tests.faults.task import Report, Task

ROOT = Path(__file__).parents[2]
_numbers = count(1)


class Member:
    """A member at work on `task`, started with these variables; what it prints is kept in `folder`."""

    def __init__(self, task: Task, variables: Mapping[str, str], folder: Path) -> None:
        self.task = task
        number = next(_numbers)
        self._said = folder / f"member-{number}.jsonl"
        self._complained = folder / f"member-{number}.log"
        with self._said.open("wb") as output, self._complained.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.member", msgspec.json.encode(task).decode()],
                cwd=ROOT,
                env=dict(variables),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )
        self._read = 0
        self._reports: list[Report] = []

    def __str__(self) -> str:
        return f"{self.task}\n  last: {self.last}\n  {self._complained.read_text()[-2000:]}"

    def reports(self) -> list[Report]:
        """What it has said so far, oldest first."""
        with self._said.open("rb") as file:
            file.seek(self._read)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._read += len(line)
                self._reports.append(msgspec.json.decode(line, type=Report))
        return self._reports

    @property
    def last(self) -> Report:
        """What it said last."""
        return (self.reports() or [Report()])[-1]

    @property
    def status(self) -> int | None:
        """How it ended, -9 where it was killed; None while it runs. Fails where it ended by accident."""
        status = self._process.poll()
        if status is not None and status >= 0 and not self.last.ended:
            raise AssertionError(f"a member of {self.task.name} crashed: {self._complained.read_text()[-3000:]}")
        return status

    @property
    def frozen(self) -> bool:
        """Whether SIGSTOP has stopped it."""
        found = os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return found is not None and found.si_code == os.CLD_STOPPED

    def send(self, number: signal.Signals) -> None:
        """Sends it a signal."""
        self._process.send_signal(number)

    def end(self) -> int:
        """Has it leave its group; its status."""
        self.send(signal.SIGTERM)
        self._process.wait(timeout=120)
        status = self.status
        assert status is not None
        return status

    def kill(self) -> None:
        """Ends it there and then, frozen or not."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
