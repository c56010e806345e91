"""`distributary explain` as a person runs it, beside an embedded pipeline and beside one on real servers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from consumers.groups import GROUPS
from distributary.reach import connected, find
from distributary.settings import Settings
from schemas.settings import read_settings
from schemas.versions import version
from tests.flow.command import exact, feed_file, sentence
from tests.flow.pipeline import Pipeline, started
from tests.records import LABEL, record

pytestmark = pytest.mark.slow

ANN: dict[str, Any] = {"Username": "ann", "FirstName": "Ann", "LastName": "Lee", "WorkplaceId": "acme"}
SEEN = {**ANN, "LastLoginAt": 5}
LEFT = {**SEEN, "WorkplaceId": ""}


@pytest.fixture(scope="module", params=["embedded", pytest.param("servers", marks=pytest.mark.servers)])
def pipeline(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A pipeline in which Ann came, was seen, and left her workplace; then it was told again that she came."""
    folder = tmp_path_factory.mktemp("feed")
    came = record("INSERT", 1, after=ANN)
    seen, left = record("MODIFY", 2, before=ANN, after=SEEN), record("MODIFY", 3, before=SEEN, after=LEFT)
    with started(request.param, tmp_path_factory.mktemp("pipeline") / "home") as pipeline:
        for records in ([came], [seen], [left, came]):
            fed = pipeline.ask("feed", feed_file(folder, records))
            assert fed.returncode == 0, fed.stderr
            waited = pipeline.ask("wait", "--timeout", "60")
            assert waited.returncode == 0, waited.stderr
        yield pipeline


def test_it_tells_each_event_what_each_group_made_of_it_and_what_is_held_now(pipeline: Pipeline) -> None:
    story = exact(pipeline.ask("explain", "Users", "0001.0", "--json").stdout)
    assert (story["table"], story["key"], story["topic"], story["lost"]) == ("Users", "1", "users.changes", [])
    assert [(event["operation"], event["changed"]) for event in story["events"]] == [
        ("INSERT", ["FirstName", "LastName", "Username", "WorkplaceId"]),
        ("MODIFY", ["LastLoginAt"]),
        ("MODIFY", ["WorkplaceId"]),
        ("INSERT", ["FirstName", "LastName", "Username", "WorkplaceId"]),
    ]
    assert [[(one["group"], one["outcome"]) for one in event["verdicts"]] for event in story["events"]] == [
        [("app-users", "applied"), ("workplace-users", "applied")],
        [("app-users", "filtered"), ("workplace-users", "applied")],
        [("app-users", "applied"), ("workplace-users", "applied")],
        [("app-users", "stale"), ("workplace-users", "stale")],
    ]
    app, workplace = story["now"]
    assert (app["source_version"], app["removal"], app["agrees"], app["undelivered"]) == (
        version(LABEL, "3"),
        None,
        True,
        0,
    )
    shown = exact(pipeline.ask("show", "AppUsers_V2", "1").stdout)
    assert app["document"] == shown["document"] == story["events"][-1]["verdicts"][0]["documents"]["1"]
    assert (workplace["document"], workplace["removal"], workplace["agrees"]) == (None, version(LABEL, "3"), True)


def test_it_tells_the_same_to_a_person(pipeline: Pipeline) -> None:
    told = pipeline.ask("explain", "Users", "1").stdout.decode()
    assert told.startswith("Users 1: 4 events in users.changes\n\n")
    assert f"MODIFY  2026-02-02T02:40:00.000Z\n    version {version(LABEL, '2')}\n    changed: LastLoginAt\n" in told
    assert (
        'app-users  filtered: by its `filter`: dynamodb.NewImage: what [{"changed":{"except":["LastLoginAt"]}}] asks '
        "for has not happened\n"
    ) in told
    assert "workplace-users  applied: removed, for it is outside `where`: none_of: number 1 of its filters" in told
    assert f"app-users  stale: not above the version {version(LABEL, '3')}, which counts already\n" in told
    assert f"holds nothing under 1, removed at the version {version(LABEL, '3')}\n        agrees\n" in told


def test_the_chains_next_table_has_a_story_of_its_own(pipeline: Pipeline) -> None:
    story = json.loads(pipeline.ask("explain", "WorkplaceUsers_V2", "1", "--json").stdout)
    assert [event["operation"] for event in story["events"]] == ["INSERT", "MODIFY", "REMOVE"]
    assert [[one["outcome"] for one in event["verdicts"]] for event in story["events"]] == [["applied"]] * 3
    (standing,) = story["now"]
    assert (standing["document"], standing["removal"]) == (None, story["events"][-1]["version"])
    assert standing["agrees"]


def test_until_a_time_it_compares_nothing_with_now(pipeline: Pipeline) -> None:
    story = json.loads(pipeline.ask("explain", "Users", "1", "--json", "--at", "2026-02-02T02:40:00Z").stdout)
    assert (len(story["events"]), story["now"]) == (4, [])
    before = pipeline.ask("explain", "Users", "1", "--at", "2026-02-02T02:39:59Z")
    assert "no event of Users 1 that was committed until 2026-02-02T02:39:59+00:00" in sentence(before)


def test_the_members_of_the_groups_are_called_by_their_projections_versions(pipeline: Pipeline) -> None:
    settings = read_settings(Settings, pipeline.environment)
    with connected(find(pipeline.home, settings), settings, time.time) as adapters:
        members = {group.name: adapters.log.members(group.name) for group in GROUPS}
    kept_account_of = "DISTRIBUTARY_KAFKA" in pipeline.environment
    assert members == {
        group.name: [f"{group.name}@{group.projection_version}"] if kept_account_of else [] for group in GROUPS
    }


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("Nobodys", "1"), 1, "there is no table Nobodys; there are Users"),
        (("Users", "2"), 1, "there is no event of Users 2 in users.changes/"),
        (("Users", "x"), 1, "the key 'x' is not one: UserId is 'x', expected a number as text"),
        (("Users", "1|2"), 1, "the key '1|2' has 2 parts, expected 1 (UserId)"),
        (("Users", "1", "--at", "yesterday"), 2, "'yesterday' is neither an ISO instant nor a time ago"),
    ],
)
def test_what_is_asked_for_in_vain_is_one_sentence(
    pipeline: Pipeline, arguments: tuple[str, ...], code: int, said: str
) -> None:
    ended = pipeline.ask("explain", *arguments)
    assert ended.returncode == code
    assert said in " ".join(ended.stderr.decode().replace("│", " ").split())
