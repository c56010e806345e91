"""How far a long command is: a bar with rate and time left on a terminal, JSON lines for machines, else now and then
a line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from time import monotonic
from typing import Any

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from distributary.cli_terminal import err
from distributary.progress import Show, Stage

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
        yield _NowAndThen(JSON_SECONDS, lambda stage, rate: print_line(_row(stage, rate)))
        return
    if not console.is_terminal:
        told = partial(console.print, markup=False, highlight=False, soft_wrap=True)
        yield _NowAndThen(PLAIN_SECONDS, lambda stage, _: told(_sentence(stage)))
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


class _NowAndThen:
    """Tells a stage when it begins, and then every so many seconds; with it how much is done a second, since then."""

    def __init__(self, seconds: float, tell: Callable[[Stage, float], object]) -> None:
        self._seconds = seconds
        self._tell = tell
        self._first = self._last = Stage("", 0, None)
        self._began = self._due = 0.0

    def __call__(self, stage: Stage) -> None:
        now = monotonic()
        begins = stage.what != self._first.what
        if begins:
            # What an earlier run had done does not count for the rate.
            self._first, self._began = stage, now
        ends = stage.done == stage.total and stage != self._last
        self._last = stage
        if begins or ends or now >= self._due:
            self._due = now + self._seconds
            self._tell(stage, (stage.done - self._first.done) / (now - self._began) if now > self._began else 0.0)


class _Bars:
    """A bar for each stage."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, Any] = {}

    def __call__(self, stage: Stage) -> None:
        if stage.what not in self._tasks:
            self._tasks[stage.what] = self._progress.add_task(stage.what, total=stage.total)
        self._progress.update(self._tasks[stage.what], completed=stage.done, total=stage.total)


def _row(stage: Stage, rate: float) -> dict[str, Any]:
    left = None if not rate or stage.total is None else max(0, stage.total - stage.done) / rate
    return {"stage": stage.what, "done": stage.done, "of": stage.total, "per_second": rate, "seconds_left": left}


def _sentence(stage: Stage) -> str:
    return f"{stage.what}: {stage.done:,}" + ("" if stage.total is None else f" of {stage.total:,}")
