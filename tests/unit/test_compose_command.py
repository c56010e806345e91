"""`docker compose` as it is called: a program that stands in its place says what it was asked."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import pytest

from distributary.errors import NotDrained, ServerFailed, ToolMissing
from distributary.local.compose import FILE, Compose
from tests.flow.command import distributary, sentence

ROOT = Path(__file__).parents[2]


class Engine:
    """A `docker` that writes down its arguments and does what the lines of `script` say."""

    def __init__(self, folder: Path, script: str = "") -> None:
        self.stop = Event()
        self._calls = folder / "calls"
        program = folder / "docker"
        program.write_text(f'#!/bin/sh\necho "$@" >> {self._calls}\n{script}\n')
        program.chmod(0o755)
        self.compose = Compose({"PATH": f"{folder}:/usr/bin:/bin"}, self.stop)

    @property
    def calls(self) -> list[str]:
        """What it was asked, in order, without the file's name."""
        return self._calls.read_text().replace(f" --file {FILE}", "").splitlines()


def test_the_file_is_that_of_the_checkout() -> None:
    assert ROOT / "docker-compose.yml" == FILE


def test_it_is_started_until_all_is_healthy_and_stopped_with_its_state_kept(tmp_path: Path) -> None:
    engine = Engine(tmp_path)
    engine.compose.check()
    engine.compose.up()
    engine.compose.stop()
    assert engine.calls[-2:] == ["compose up --detach --wait", "compose stop"]


@pytest.mark.parametrize(("state", "ended"), [("exited", True), ("dead", True), ("running", False), ("", False)])
def test_a_container_has_ended_only_if_the_engine_says_so(tmp_path: Path, state: str, ended: bool) -> None:
    assert Engine(tmp_path, f"echo {state}").compose.ended("app-users") is ended


def test_a_container_of_which_the_engine_says_nothing_has_not_ended(tmp_path: Path) -> None:
    assert not Engine(tmp_path, "echo exited; exit 1").compose.ended("app-users")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ('[ "$1" != compose ]', "`docker` has no compose plugin; install"),
        ('[ "$1" = compose ] || { echo no daemon >&2; exit 1; }', r"does not answer \(no daemon\); start it"),
    ],
)
def test_an_engine_that_cannot_be_used_says_what_is_missing_and_what_works_without(
    tmp_path: Path, script: str, said: str
) -> None:
    with pytest.raises(ToolMissing, match=f"{said}.*--on embedded.*--on servers"):
        Engine(tmp_path, script).compose.check()


def test_without_a_checkout_there_is_nothing_to_build_from(tmp_path: Path) -> None:
    with pytest.raises(ToolMissing, match=r"docker-compose\.yml is not there.*checkout"):
        Compose({"PATH": ""}, Event(), tmp_path / "docker-compose.yml").check()


def test_a_start_that_fails_says_where_to_look(tmp_path: Path) -> None:
    with pytest.raises(ServerFailed, match=r"`docker compose up` ended with 3;.* logs` has what each service said"):
        Engine(tmp_path, "exit 3").compose.up()


def test_a_start_that_is_stopped_ends_at_once(tmp_path: Path) -> None:
    engine = Engine(tmp_path, "exec sleep 600")
    engine.stop.set()
    with pytest.raises(NotDrained, match="stopped before it was ready"):
        engine.compose.up()


def test_without_docker_the_command_says_so_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ended = distributary("run", "--on", "compose", "--home", tmp_path / "home")
    assert ended.returncode == 1
    assert sentence(ended).startswith("error: `docker` is not on the PATH, and `--on compose` runs everything in")
