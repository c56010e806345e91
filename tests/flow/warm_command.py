"""The command of `two_generations`, run time and again from one process that has loaded it before: a fork each.

What it prints is what a process of its own prints, without the second that Python takes to load everything. `python -m
tests.flow.warm_command` takes a JSON list of words a line, and answers with its exit code and what it printed.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.flow.two_generations import put_lines

LOADED = (
    "consumers.read_models.dynamodb",
    "consumers.read_models.sqlite",
    "distributary.cli",
    "distributary.explain_lines",
    "distributary.past",
    "distributary.promotion",
    "distributary.reach",
    "distributary.repair",
    "distributary.replay",
    "distributary.snapshot",
    "distributary.verify_source",
)
"""What the commands load by themselves, and why they take their time."""


class Printed(NamedTuple):
    """What a command ended with, and what it printed, both outputs in the order of their lines."""

    code: int
    text: str


class WarmCommand:
    """Runs commands one after the other. Use `warm_command`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def __call__(self, *words: str) -> Printed:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(words), file=self._process.stdin, flush=True)
        return Printed(*json.loads(self._process.stdout.readline()))


@contextmanager
def warm_command(cwd: Path, env: Mapping[str, str]) -> Iterator[WarmCommand]:
    """What runs commands in that folder."""
    words = [sys.executable, "-m", "tests.flow.warm_command"]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True, cwd=cwd, env=env) as process:
        yield WarmCommand(process)


def _run(words: list[str]) -> Printed:
    with tempfile.TemporaryFile() as printed:
        child = os.fork()
        if child == 0:
            os.dup2(printed.fileno(), 1)
            os.dup2(printed.fileno(), 2)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os._exit(_main(words))
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        printed.seek(0)
        return Printed(code, printed.read().decode())


def _main(words: list[str]) -> int:
    sys.argv = ["distributary", *words]
    try:
        importlib.import_module("distributary.cli").main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    put_lines()
    for name in LOADED:
        importlib.import_module(name)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_run(json.loads(line))) + "\n")
        sys.stdout.flush()
