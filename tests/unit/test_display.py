"""What a run shows: plain lines where nobody watches, tables on a terminal."""

from __future__ import annotations

from io import StringIO
from threading import Event
from typing import Any

from rich.console import Console

from distributary.display import Display, letter_table, print_result

STATUS: dict[str, Any] = {
    "on": "embedded",
    "bridge": [{"table": None, "read": 3, "published": 0, "filtered": 0, "dead_lettered": 3, "returned": 0}],
    "groups": [
        {
            "group": "app-users",
            "applied": 2,
            "filtered": 0,
            "stale": 0,
            "dead_lettered": 1,
            "lag": {"events": 4, "seconds": 1.5},
            "state": "stopped",
            "reason": "the store is away",
        }
    ],
}


def console(**more: Any) -> Console:
    return Console(file=StringIO(), width=160, **more)


def text(of: Console) -> str:
    assert isinstance(of.file, StringIO)
    return of.file.getvalue()


def test_where_nobody_watches_each_thing_is_a_line() -> None:
    plain = console()
    with Display(plain) as display:
        display.line("ready [in] 1 s")
        display.followed("Ann signs up", {"AppUsers_V2": "Ann", "workplace-users": "-"}, 0.05)
    assert text(plain).splitlines() == [
        "ready [in] 1 s",
        "Ann signs up  ->  AppUsers_V2: Ann; workplace-users: -  (50 ms)",
    ]


def test_where_nobody_watches_the_status_is_a_line_where_it_has_changed() -> None:
    plain, asked = console(), Event()

    def status() -> dict[str, Any]:
        asked.set()
        return STATUS

    with Display(plain) as display, display.following(status):
        pass
    with display.following(status):
        pass
    assert asked.is_set()
    assert text(plain).splitlines() == ["app-users: 2 applied, 1 dead-lettered, lag 4"]


def test_on_a_terminal_the_status_is_a_table_that_names_what_has_stopped() -> None:
    terminal = console(force_terminal=True)
    with Display(terminal) as display, display.following(lambda: STATUS):
        display.followed("Ann signs up", {"AppUsers_V2": "Ann"}, 0.05)
    assert "stopped: the store is away" in text(terminal)
    assert "(no known table)" in text(terminal)
    assert "Ann signs up" in text(terminal)


def test_a_result_is_two_tables_and_the_numbers_of_documents() -> None:
    plain = console()
    print_result(plain, {**STATUS, "read_models": {"AppUsers_V2": {"documents": 7}}})
    assert "4 (1.5 s)" in text(plain)
    assert "AppUsers_V2: 7 documents" in text(plain)


def test_what_stands_in_a_dead_letter_is_no_markup() -> None:
    plain = console()
    names = ("owner", "place", "stage", "error", "message")
    plain.print(letter_table([dict.fromkeys(names, "[bold]x[/nonsense]")]))
    assert "[bold]x[/nonsense]" in text(plain)
