"""What a run shows: plain lines where nobody watches, tables on a terminal."""

from __future__ import annotations

from io import StringIO
from threading import Event
from typing import Any

import pytest
from rich.console import Console

from distributary.display import Display, print_letters, print_result

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
            "retries": 3,
            "unaccounted": 0,
            "batch": 2.5,
            "store_seconds": 0.012,
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

    with Display(plain) as display, display.following(status, Event()):
        pass
    with display.following(status, Event()):
        pass
    assert asked.is_set()
    assert text(plain).splitlines() == ["app-users: 2 applied, 1 dead-lettered, lag 4, stopped: the store is away"]


def test_on_a_terminal_the_status_is_a_table_that_names_what_has_stopped() -> None:
    terminal = console(force_terminal=True)
    with Display(terminal) as display, display.following(lambda: STATUS, Event()):
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
    print_letters(plain, [dict.fromkeys(names, "[bold]x[/nonsense]")])
    assert "[bold]x[/nonsense]" in text(plain)


def test_a_status_that_cannot_be_shown_ends_the_run_and_is_raised() -> None:
    ended = Event()

    def broken() -> dict[str, Any]:
        raise SystemExit(1)

    with (
        pytest.raises(SystemExit),
        Display(console(force_terminal=True)) as display,
        display.following(broken, ended),
    ):
        assert ended.wait(10.0)


def test_what_goes_wrong_while_the_status_is_shown_is_not_replaced_by_it() -> None:
    def broken() -> dict[str, Any]:
        raise ValueError("status")

    with pytest.raises(KeyError), Display(console()) as display, display.following(broken, Event()):
        raise KeyError("the run")


@pytest.mark.parametrize("width", [80, 120])
def test_on_a_narrow_terminal_the_demo_still_says_how_long_it_took(width: int) -> None:
    terminal = Console(file=StringIO(), width=width, force_terminal=True)
    models = dict.fromkeys(("AppUsers_V2", "WorkplaceUsers_V2", "workplace-users"), "Margaret Lindqvist @ initech")
    with Display(terminal) as display:
        display.followed("Margaret Lindqvist signs up at initech", models, 0.123)
    assert "123 ms" in text(terminal)
