"""How far a command has come, as a bar, as JSON lines or as lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO

import pytest
from rich.console import Console

from distributary import cli_progress
from distributary.cli_progress import showing
from distributary.progress import Stage


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the clock."""
    now = [100.0]
    monkeypatch.setattr(cli_progress, "monotonic", lambda: now[0])

    def set_to(seconds: float) -> None:
        now[0] = seconds

    return set_to


def test_a_json_line_a_second_says_how_fast_it_goes_and_what_time_is_left(
    clock: Callable[[float], None], capsys: pytest.CaptureFixture[str]
) -> None:
    with showing(json=True) as show:
        for seconds, items in ((100.0, 200), (100.5, 300), (102.0, 400), (110.0, 1200)):
            clock(seconds)
            show(Stage("items", items, 1000))
    found = [tuple(json.loads(line).values()) for line in capsys.readouterr().out.splitlines()]
    # What an earlier run had done does not count for the rate.
    assert found == [
        ("items", 200, 1000, 0.0, None),
        ("items", 400, 1000, 100.0, 6.0),
        ("items", 1200, 1000, 100.0, 0.0),
    ]


def test_another_stage_is_told_at_once_and_has_a_rate_of_its_own(
    clock: Callable[[float], None], capsys: pytest.CaptureFixture[str]
) -> None:
    with showing(json=True) as show:
        show(Stage("events read", 100, 100))
        clock(100.5)
        show(Stage("keys written", 0, 10))
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["stage"], row["per_second"]) for row in found] == [("events read", 0.0), ("keys written", 0.0)]


def test_where_nobody_knows_how_many_there_are_no_time_is_left(
    clock: Callable[[float], None], capsys: pytest.CaptureFixture[str]
) -> None:
    with showing(json=True) as show:
        show(Stage("items", 0, None))
        clock(102.0)
        show(Stage("items", 50, None))
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["seconds_left"] is None


@pytest.mark.parametrize(("terminal", "shown"), [(True, "400/1000"), (False, "items: 400 of 1,000")])
def test_a_bar_is_shown_on_a_terminal_and_a_line_elsewhere(
    capsys: pytest.CaptureFixture[str], *, terminal: bool, shown: str
) -> None:
    screen = StringIO()
    with showing(json=False, console=Console(file=screen, force_terminal=terminal, width=100)) as show:
        show(Stage("items", 400, 1000))
    assert shown in screen.getvalue()
    assert capsys.readouterr().out == ""
