"""What a run shows while it goes on: a live table on a terminal, plain lines otherwise."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

LIVE_SECONDS = 0.5
PLAIN_SECONDS = 2.0
"""How often the status is shown, on a terminal and elsewhere."""
LINES = 12
"""How many of the latest lines, and of the demo's latest acts, stand above the status."""


class Display:
    """Lines that tell what happens, and the pipeline's status beside them."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lines: deque[str] = deque(maxlen=LINES)
        self._acts: deque[dict[str, str]] = deque(maxlen=LINES)
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None
        self._status: dict[str, Any] | None = None
        self._shown = ""
        self._lock = Lock()

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._live is not None:
            self._live.stop()

    def line(self, text: str) -> None:
        """Tells one thing."""
        with self._lock:
            if self._live is None:
                self._console.print(text, markup=False, highlight=False, soft_wrap=True)
            else:
                self._lines.append(text)
                self._refresh()

    def followed(self, sentence: str, documents: dict[str, str], seconds: float) -> None:
        """Tells what happened, what each read model holds of it now, and how long that took."""
        if self._live is None:
            shown = "; ".join(f"{name}: {document}" for name, document in documents.items())
            self.line(f"{sentence}  ->  {shown}  ({seconds * 1000:.0f} ms)")
        else:
            with self._lock:
                self._acts.append({"": sentence, **documents, "after": f"{seconds * 1000:.0f} ms"})
                self._refresh()

    @contextmanager
    def following(self, status: Callable[[], dict[str, Any]], ended: Event) -> Iterator[None]:
        """Shows the status every now and then while the context lasts, and once more at its end.

        Where it can no longer be shown (nobody reads standard output any more), `ended` is set, and the context ends
        with what went wrong.
        """
        done = Event()
        failures: list[BaseException] = []
        seconds = PLAIN_SECONDS if self._live is None else LIVE_SECONDS

        def follow() -> None:
            try:
                while not done.wait(seconds):
                    self._update(status())
            except BaseException as error:  # noqa: BLE001 - rich ends the thread by SystemExit
                failures.append(error)
                ended.set()

        thread = Thread(target=follow, name="display")
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
        if failures:
            raise failures[0]
        self._update(status())

    def _update(self, status: dict[str, Any]) -> None:
        """In place on a terminal; otherwise a line of all groups, where something has changed."""
        shown = "; ".join(_group_line(row) for row in status["groups"])
        if self._live is not None:
            with self._lock:
                self._status = status
                self._refresh()
        elif shown != self._shown:
            self._shown = shown
            self.line(shown)

    def _refresh(self) -> None:
        assert self._live is not None
        shown: list[Text | Table] = [Text(line) for line in self._lines]
        if self._acts:
            shown += [_act_table(self._acts), Text()]
        if self._status is not None:
            shown += [bridge_table(self._status["bridge"]), Text(), group_table(self._status["groups"])]
        self._live.update(Group(*shown), refresh=True)


def bridge_table(rows: list[dict[str, Any]]) -> Table:
    """The bridge's accounts by table."""
    names = ("read", "published", "filtered", "dead_lettered", "returned")
    table = _table("bridge", *names)
    for row in rows:
        table.add_row(row["table"] or "(no known table)", *(str(row[name]) for name in names))
    return table


def group_table(rows: list[dict[str, Any]]) -> Table:
    """The groups' outcomes and lags."""
    names = ("applied", "filtered", "stale", "dead_lettered")
    table = _table("group", *names, "retries", "unaccounted", "batch", "store", "lag", "state")
    for row in rows:
        table.add_row(
            row["group"],
            *(str(row[name]) for name in (*names, "retries", "unaccounted", "batch")),
            f"{row['store_seconds'] * 1000:.0f} ms",
            _lag(row["lag"]),
            Text(group_state(row)),
        )
    return table


def group_state(row: dict[str, Any]) -> str:
    """What a group is doing, in words."""
    match row.get("state", "running"):
        case "waiting":
            since = datetime.fromtimestamp(row["since"], UTC).strftime("%H:%M:%S")
            return f"waiting for {row['for']} since {since} UTC: {row['reason']}"
        case "stopped":
            return f"stopped: {row['reason']}"
        case running:
            return str(running)


def log_tables(status: dict[str, Any]) -> tuple[Table, str, Table, str]:
    """What the log tells of a pipeline: how far its groups are behind, and open dead letters."""
    groups = _table("group", "lag", "position")
    for row in status["groups"]:
        behind = "no topic" if row["lag"] is None else f"{row['lag']['events']} ({row['lag']['seconds']:.1f} s)"
        groups.add_row(row["group"], behind, str(sum(row["positions"].values())))
    letters = _table("dead letters of", "open")
    for owner, count in status["dead_letters"].items():
        letters.add_row(owner, str(count))
    return groups, "", letters, "\nthe log alone was asked; the accounts are with the bridge and the groups (/metrics)"


def generation_table(rows: list[dict[str, Any]]) -> Table:
    """The generations of read models, a line each; `code`: whether it is what this code would make."""
    table = _table("group", "projection", "mapping", "code", "documents", "lag", "read")
    for row in rows:
        same = {True: "same", False: "another", None: "-"}[row["same"]]
        table.add_row(
            row["group"],
            *("-" if row[name] is None else str(row[name]) for name in ("projection_version", "mapping")),
            same if row["line"] else "no line",
            "not made" if row["documents"] is None else str(row["documents"]),
            "no topic" if row["lag"] is None else _lag(row["lag"]),
            "promoted" if row["promoted"] else "before" if row["before"] else "-",
        )
    return table


def print_verdicts(console: Console, verdicts: list[dict[str, Any]]) -> None:
    """What became of dead letters, a line each, and why where one stays open."""
    for row in verdicts:
        text = f"{row['place']}  {row['fate']}" + (f": {row['reason']}" if row["reason"] else "")
        console.print(text, markup=False, highlight=False, soft_wrap=True)


def print_letters(console: Console, rows: list[dict[str, Any]]) -> None:
    """Dead letters, two lines each: whose and where from, then why."""
    for row in rows:
        text = f"{row['owner']}  {row['place']}\n    {row['stage']}, {row['error']}: {row['message']}"
        console.print(text, markup=False, highlight=False, soft_wrap=True)


def print_result(console: Console, result: dict[str, Any]) -> None:
    """What a run ended with, for a person."""
    console.print(bridge_table(result["bridge"]), "", group_table(result["groups"]), "")
    for name, model in result["read_models"].items():
        console.print(f"{name}: {model['documents']} documents", highlight=False)


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(
            name.replace("_", "-"), justify="left" if name == "state" else "right", no_wrap=name != "state"
        )
    return table


def _act_table(acts: Iterable[dict[str, str]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    rows = list(acts)
    for name in rows[0]:
        # Only the last column keeps its width on a narrow terminal; the others are cut.
        table.add_column(Text(name, no_wrap=True, overflow="ellipsis"), no_wrap=name == "after")
    for row in rows:
        table.add_row(*(Text(text, no_wrap=True, overflow="ellipsis") for text in row.values()))
    return table


def _lag(lag: dict[str, Any]) -> str:
    return "?" if lag["events"] is None else f"{lag['events']} ({lag['seconds']:.1f} s)"


def _group_line(row: dict[str, Any]) -> str:
    counts = ", ".join(
        f"{row[name]} {name.replace('_', '-')}"
        for name in ("applied", "filtered", "stale", "dead_lettered")
        if row[name]
    )
    state = group_state(row)
    return f"{row['group']}: {counts or 'nothing yet'}, lag {row['lag']['events']}" + (
        "" if state == "running" else f", {state}"
    )
