"""Two generations of the index side by side, as a person handles them: promoted, rolled back, retired."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from distributary.local.servers.stack import KINDS
from tests.flow import command
from tests.flow.command import Ended, distributary, exact, feed_file, running, sentence
from tests.flow.test_commands import ANN
from tests.flow.two_generations import LINES
from tests.real_servers import OwnServers
from tests.records import record

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _two_generations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "COMMAND", [sys.executable, "-m", "tests.flow.two_generations"])


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """The home of an embedded pipeline that runs both, and has been fed one user."""
    with fed("embedded", tmp_path) as home:
        yield home


@pytest.fixture(params=["embedded", pytest.param("servers", marks=pytest.mark.servers)])
def anywhere(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, Path]]:
    """What one runs on, and its home; on servers of its own."""
    if request.param == "servers":
        own_servers: OwnServers = request.getfixturevalue("own_servers")
        where = own_servers(*KINDS).endpoints
        monkeypatch.setenv("DISTRIBUTARY_KAFKA", where.kafka)
        monkeypatch.setenv("DISTRIBUTARY_KAFKA_REPLICAS", "1")
        monkeypatch.setenv("DISTRIBUTARY_REGISTRY_URL", where.registry_url)
        monkeypatch.setenv("DISTRIBUTARY_OPENSEARCH_URL", where.opensearch_url)
        monkeypatch.setenv("DISTRIBUTARY_OPENSEARCH_REPLICAS", "0")
        monkeypatch.setenv("DISTRIBUTARY_DYNAMODB_URL", where.dynamodb_url)
    with fed(request.param, tmp_path) as home:
        yield request.param, home


@contextmanager
def fed(on: str, folder: Path) -> Iterator[Path]:
    """The home of a pipeline that runs both generations, and has been fed one user."""
    home = folder / "home"
    with running("--on", on, "--home", home):
        assert distributary("feed", feed_file(folder, [record(after=ANN)]), "--home", home).returncode == 0
        assert distributary("wait", "--home", home).returncode == 0
        yield home


def done(*arguments: str | Path) -> Ended:
    ended = distributary(*arguments)
    assert ended.returncode == 0, ended.stderr.decode()
    return ended


def refused(*arguments: str | Path) -> str:
    ended = distributary(*arguments)
    assert ended.returncode == 1, ended.stdout.decode()
    return sentence(ended)


def rows(home: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(done("generations", "--json", "--home", home).stdout)["generations"]
    return found


def read(home: Path, name: str = "workplace-users") -> str | None:
    """Who built the document that people read."""
    shown = exact(done("show", name, "1", "--home", home).stdout)["document"].get("build")
    if name == "workplace-users":
        (found,) = [exact(line) for line in done("search", "ann", "--home", home).stdout.splitlines()]
        assert found["document"].get("build") == shown
    return None if shown is None else str(shown)


def test_a_generation_is_promoted_rolled_back_promoted_again_and_the_old_one_retired(
    anywhere: tuple[str, Path],
) -> None:
    on, home = anywhere
    first, second = rows(home)
    assert (first["group"], first["promoted"], first["documents"]) == ("user-search", True, 1)
    assert (second["group"], second["promoted"], second["documents"]) == ("user-search.g2", False, 1)
    assert {one["same"] for one in (first, second)} == {True} == {one["line"] for one in (first, second)}
    assert second["projection_version"].startswith("2-")
    assert second["lag"] == {"events": 0, "seconds": 0.0}
    assert (read(home), read(home, "workplace-users.g2"), read(home, "workplace-users.g1")) == (None, "second", None)

    assert b"user-search.g2 is what people read now" in done("promote", "user-search.g2", "--home", home).stderr
    assert (read(home), read(home, "workplace-users.g1")) == ("second", None)
    assert b"user-search.g1 is what people read now" in done("rollback", "user-search", "--home", home).stderr
    assert read(home) is None
    done("rollback", "user-search", "--home", home)
    assert read(home) == "second"

    assert "generation 2 of workplace-users is what people read" in refused(
        "retire", "user-search.g2", "--yes", "--home", home
    )
    retired = done("retire", "user-search.g1", "--yes", "--home", home).stderr
    store = {"embedded": "SQLite", "servers": "OpenSearch"}[on]
    assert f"user-search.g1 is retired: its documents in {store} are deleted".encode() in retired
    assert b"the line of user-search in consumers/groups.py can go" in retired
    assert "or it is retired" in refused("rollback", "user-search", "--home", home)
    assert [(row["group"], row["documents"], row["promoted"]) for row in rows(home)] == [
        ("user-search", None, False),
        ("user-search.g2", 1, True),
    ]
    assert read(home) == "second"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("promote", "user-search"), "user-search names no generation; there are user-search.g1, user-search.g2"),
        (("promote", "user-search.g3"), "there is no generation user-search.g3 in the store; there are"),
        (("promote", "nobody.g1"), "there is no group nobody; there are app-users, workplace-users, user-search"),
        (("promote", "app-users.g1"), "AppUsers_V2 is a table, which has one generation alone"),
        (("rollback", "user-search"), "nothing was rolled back: no other generation of user-search was read before"),
        (("retire", "user-search.g1", "--yes"), "generation 1 of workplace-users is what people read; promote another"),
        (("generations", "nobody"), "there is no group nobody; there are"),
        (("generations", "app-users"), "AppUsers_V2 is a table"),
        (("show", "workplace-users.g3", "1"), "there is no generation 3 of workplace-users; there are 1, 2"),
        (("show", "AppUsers_V2.g1", "1"), "there is no read model AppUsers_V2.g1"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_nothing_changes(shared: Path, words: tuple[str, ...], said: str) -> None:
    before = rows(shared)
    assert said in refused(*words, "--home", shared)
    assert rows(shared) == before


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A pipeline for those who change nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "COMMAND", [sys.executable, "-m", "tests.flow.two_generations"])
        home = tmp_path_factory.mktemp("two") / "home"
        with running("--home", home):
            yield home


def test_the_table_says_what_each_is_made_by_and_which_is_read(shared: Path) -> None:
    _, first, second = done("generations", "user-search", "--home", shared).stdout.decode().splitlines()
    version, mapping = (rows(shared)[1][name] for name in ("projection_version", "mapping"))
    assert first.split()[3:] == ["same", "0", "0", "(0.0", "s)", "promoted"]
    assert second.split() == ["user-search.g2", version, mapping, "same", "0", "0", "(0.0", "s)", "-"]


def test_a_generation_without_a_line_is_not_run_is_named_and_is_promoted_by_force_alone(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LINES, "1")
    listed = done("generations", "--home", home)
    assert b"user-search.g2 is not run by this code, which has no line for it" in listed.stderr
    assert [row["line"] for row in rows(home)] == [True, False]
    assert "this code has no line for user-search.g2" in refused("promote", "user-search.g2", "--home", home)
    assert read(home) is None
    forced = done("promote", "user-search.g2", "--force", "--home", home)
    assert b"overridden: this code has no line for user-search.g2" in forced.stderr
    assert read(home) == "second"
