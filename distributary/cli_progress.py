"""How far a long command is: a bar with rate and time left on a terminal, JSON lines for machines, else now and then
a line.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from distributary.cli_terminal import err
from distributary.verify import Show, Stage

PLAIN_SECONDS = 5.0
JSON_SECONDS = 1.0
"""How often it is told where there is no bar."""


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f}/s")


@contextmanager
def showing(*, json: bool, console: Console = err) -> Iterator[Show]:
    """What a command tells its stages to, until the context ends."""
    if json:
        yield _Now(JSON_SECONDS, lambda stage: print_line({"stage": stage.what, "done": stage.done, "of": stage.total}))
        return
    if not console.is_terminal:
        yield _Now(PLAIN_SECONDS, lambda stage: console.print(_sentence(stage), highlight=False, soft_wrap=True))
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield _Bars(progress)


def print_line(value: Any) -> None:
    """One JSON line on standard output."""
    typer.echo(msgspec.json.Encoder(decimal_format="number").encode(value))


class _Now:
    """Tells a stage when it begins, and then every so many seconds."""

    def __init__(self, seconds: float, tell: Show) -> None:
        self._seconds = seconds
        self._tell = tell
        self._what = ""
        self._due = 0.0

    def __call__(self, stage: Stage) -> None:
        if stage.what != self._what or monotonic() >= self._due:
            self._what, self._due = stage.what, monotonic() + self._seconds
            self._tell(stage)


class _Bars:
    """A bar for each stage."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, Any] = {}

    def __call__(self, stage: Stage) -> None:
        if stage.what not in self._tasks:
            self._tasks[stage.what] = self._progress.add_task(stage.what, total=stage.total)
        self._progress.update(self._tasks[stage.what], completed=stage.done, total=stage.total)


def _sentence(stage: Stage) -> str:
    return f"{stage.what}: {stage.done:,}" + ("" if stage.total is None else f" of {stage.total:,}")
