"""AWS's own engine as a process: `Oracle.java` on the Maven artifact, fetched and checked as the servers are."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile
from threading import Thread
from typing import NamedTuple, Self

from distributary.local.servers.artifacts import Artifact, MavenProgram
from distributary.local.servers.cache import Cache, default_cache
from distributary.local.servers.install import Installer
from distributary.local.servers.tools import Tools

EVENT_RULER = MavenProgram(
    "event-ruler",
    "2.1.0",
    (Artifact("software.amazon.event.ruler", "event-ruler", "2.1.0"),),
    sums_in="tests.filters",
)
_PROGRAM = Path(__file__).with_name("Oracle.java")
_HEAP = ["-Xms128m", "-Xmx512m", "-XX:+UseSerialGC"]
_OFFLINE = f"-Djdk.net.hosts.file={os.devnull}"
"""What looks like an address and is none, the engine takes for the name of a host: no name server is asked."""

MATCH, NO_MATCH, REJECTED = "match", "no match", "rejected"


class Question(NamedTuple):
    """What is asked: both are JSON texts, the pattern whatever text there is."""

    pattern: str
    value: str


class Oracle:
    """The engine, until `close` or the end of the `with` block."""

    def __init__(self, java: Path, jars: Path) -> None:
        self._said = TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._process = subprocess.Popen(
            [java, *_HEAP, _OFFLINE, "-cp", f"{jars}/*", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
        )

    def answers(self, questions: Sequence[Question]) -> list[str]:
        """To each question, in order, MATCH, NO_MATCH or `rejected: reason`."""
        output = self._process.stdout
        assert output
        # Written beside the reading: each side's pipe is soon full where nobody empties it.
        writer = Thread(target=self._ask, args=(questions,))
        writer.start()
        answers = [output.readline().decode().rstrip("\n") for _ in questions]
        writer.join()
        for question, answer in zip(questions, answers, strict=True):
            assert answer.startswith((MATCH, NO_MATCH, REJECTED)), f"{question}: {answer or self._last_words()}"
        return answers

    def _ask(self, questions: Sequence[Question]) -> None:
        assert self._process.stdin
        for question in questions:
            # By `json`, which writes ASCII alone: half a surrogate pair is no UTF-8, and comes through.
            self._process.stdin.write(json.dumps(question._asdict()).encode() + b"\n")
        self._process.stdin.flush()

    def _last_words(self) -> str:
        self._said.seek(0)
        return self._said.read().decode(errors="replace")[-2_000:]

    def close(self) -> None:
        """Ends the process."""
        self._process.communicate()
        self._said.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_oracle() -> Oracle:
    """The engine, fetched where it is not there yet. Raises ToolMissing, NotFetched, WrongChecksum, UnusableFolder."""
    tools = Tools(os.environ)
    cache = Cache(default_cache(os.environ, root=os.geteuid() == 0))
    return Oracle(tools.java_home / "bin" / "java", Installer(cache, tools).folder(EVENT_RULER))
