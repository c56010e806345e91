"""What a second terminal sees, shows and finds of a pipeline that runs, and what it says where it cannot."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flow.command import accounts, distributary, exact, feed_file, running, sentence
from tests.flow.test_commands import ANN
from tests.records import record

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home of a pipeline that runs, and has been fed one user."""
    folder = tmp_path_factory.mktemp("pipeline")
    with running("--home", folder / "home"):
        feed = feed_file(folder, [record(after=ANN), b"nonsense"])
        fed = distributary("feed", feed, "--json", "--home", folder / "home")
        assert accounts(json.loads(fed.stdout), "Users") == {"read": 1, "published": 1}
        assert distributary("wait", "--home", folder / "home").returncode == 0
        yield folder / "home"


def test_a_second_terminal_sees_the_status(home: Path) -> None:
    status = json.loads(distributary("status", "--json", "--home", home).stdout)
    assert [(row["group"], row["applied"], row["state"]) for row in status["groups"]] == [
        ("app-users", 1, "running"),
        ("workplace-users", 1, "running"),
        ("user-search", 1, "running"),
    ]
    assert b"user-search" in distributary("status", "--home", home).stdout


def test_a_second_terminal_shows_a_document(home: Path) -> None:
    shown = exact(distributary("show", "WorkplaceUsers_V2", "1", "--home", home).stdout)
    assert (shown["key"], shown["document"]["DisplayName"]) == ("1", "Ann Lee")


@pytest.mark.parametrize("text", ["an", "ann@example.com", "Lee CARE"])
def test_a_second_terminal_finds_a_user(home: Path, text: str) -> None:
    found = distributary("search", text, "--home", home)
    assert [exact(line)["key"] for line in found.stdout.splitlines()] == ["1"]


def test_a_second_terminal_lists_dead_letters(home: Path) -> None:
    assert b"bridge:-" in distributary("dead-letters", "list", "--home", home).stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "AppUsers_V2", "7"), "holds no document under the key 7"),
        (("show", "AppUsers_V2", "x"), "the key 'x' is not one"),
        (("show", "Nonsense", "1"), "there is no read model Nonsense; there are AppUsers_V2"),
        (("dead-letters", "list", "nobody"), "there are no dead letters of 'nobody'"),
        (("dead-letters", "show", "app-users", "x"), "app-users has no dead letter 'x'"),
        (("feed", "nowhere.json"), "nowhere.json cannot be read: No such file"),
        (("run",), "a pipeline runs in"),
    ],
)
def test_what_is_asked_for_in_vain_is_one_sentence(home: Path, arguments: tuple[str, ...], said: str) -> None:
    ended = distributary(*arguments, "--home", home)
    assert ended.returncode == 1
    assert said in sentence(ended)


@pytest.mark.parametrize("command", [("status",), ("wait",), ("show", "AppUsers_V2", "1"), ("search", "x")])
def test_without_a_running_pipeline_a_command_says_so(tmp_path: Path, command: tuple[str, ...]) -> None:
    assert "no pipeline runs in" in sentence(distributary(*command, "--home", tmp_path))
