"""Dead letters and everything else that a second terminal does, on the embedded pipeline and on real servers alike."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from schemas.change_event import ChangeEvent
from tests.events import event
from tests.flow.command import COMMAND, accounts, distributary, exact, feed_file, sentence
from tests.flow.pipeline import Pipeline, started
from tests.records import record, written

pytestmark = pytest.mark.slow

ANN: dict[str, Any] = {"Username": "ann", "FirstName": "Ann", "LastName": "Lee", "WorkplaceId": "acme"}
_users = count(100)


def insert(**after: Any) -> ChangeEvent:
    """A new user's event, committed just now."""
    return replace(event(user_id=next(_users), after=after), committed_at=datetime.now(UTC))


@pytest.fixture(scope="module", params=["embedded", pytest.param("servers", marks=pytest.mark.servers)])
def pipeline(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A pipeline that has been fed Ann, a record that is no good, and nonsense."""
    with started(request.param, tmp_path_factory.mktemp("pipeline") / "home") as pipeline:
        bad = record("UPSERT", sequence=2, user_id=2, after={})
        feed = feed_file(tmp_path_factory.mktemp("feed"), [record(after=ANN), bad, b"nonsense"])
        fed = pipeline.ask("feed", feed, "--json")
        assert accounts(json.loads(fed.stdout), "Users") == {"read": 2, "published": 1, "dead_lettered": 1}, fed.stderr
        waited = pipeline.ask("wait", "--timeout", "60")
        assert waited.returncode == 0, waited.stderr
        yield pipeline


def test_a_second_terminal_sees_status_documents_and_what_is_found(pipeline: Pipeline) -> None:
    status = json.loads(pipeline.ask("status", "--json").stdout)
    assert [(row["group"], row["state"]) for row in status["groups"]] == [
        (name, "running") for name in ("app-users", "workplace-users", "user-search")
    ]
    assert exact(pipeline.ask("show", "AppUsers_V2", "1").stdout)["document"]["Username"] == "ann"
    assert [exact(line)["key"] for line in pipeline.ask("search", "Lee").stdout.splitlines()] == ["1"]


def test_a_groups_letter_is_redriven_once_a_dry_run_has_said_so(pipeline: Pipeline) -> None:
    new = insert(Username="bob")
    place = pipeline.keep("app-users", new)
    arguments = ("dead-letters", "redrive", "app-users", place)

    dry = json.loads(pipeline.ask(*arguments, "--dry-run", "--json").stdout)
    assert dry["letters"] == [{"place": place, "fate": "applied", "reason": ""}]
    assert pipeline.ask("show", "AppUsers_V2", new.key_text).returncode == 1

    done = pipeline.ask(*arguments)
    assert (done.returncode, done.stdout.decode()) == (0, f"{place}  applied\n")
    found = exact(pipeline.ask("show", "AppUsers_V2", new.key_text).stdout)
    assert (found["source_version"], found["document"]["Username"]) == (new.version, "bob")
    assert pipeline.ask("show", "WorkplaceUsers_V2", new.key_text).returncode == 1
    assert f"app-users has no dead letter {place!r}" in sentence(pipeline.ask(*arguments))


def test_a_letter_that_came_too_late_is_superseded(pipeline: Pipeline) -> None:
    new = insert(Username="carol")
    newer = replace(new, version=new.version + "~")
    places = [pipeline.keep("workplace-users", each) for each in (newer, new)]
    told = []
    for place in places:
        arguments = ("dead-letters", "redrive", "workplace-users", place, "--json")
        for more in ((), ("--dry-run",)) if place == places[0] else (("--dry-run",), ()):
            ended = pipeline.ask(*arguments, *more)
            told += [row["fate"] for row in json.loads(ended.stdout)["letters"]] if ended.stdout else ["none"]
    assert told == ["applied", "none", "superseded", "superseded"]


def test_what_is_still_poison_stays_with_one_more_attempt_and_can_be_discarded(pipeline: Pipeline) -> None:
    place = pipeline.keep("app-users", b"poison", attempts=4)
    ended = pipeline.ask("dead-letters", "redrive", "app-users", place)
    assert ended.returncode == 1
    assert ended.stdout.decode().startswith(f"{place}  still poison: the value is no change event")
    assert "1 of 1 dead letters of app-users stay open" in sentence(ended)
    (row,) = [row for row in pipeline.letters("app-users") if row["place"] == place]
    assert (row["stage"], row["error"], row["attempts"]) == ("decode", "UndecodableEvent", 5)

    discarded = pipeline.ask("dead-letters", "discard", "app-users", place)
    assert b"1 dead letters of app-users discarded" in discarded.stderr
    assert place not in {row["place"] for row in pipeline.letters("app-users")}


def test_on_a_terminal_a_discard_is_asked_for_again(pipeline: Pipeline) -> None:
    place = pipeline.keep("app-users", b"poison")
    left = []
    for answer in (b"n\n", b"y\n"):
        ours, theirs = pty.openpty()
        os.write(ours, answer)
        command = [*COMMAND, "dead-letters", "discard", "app-users", place, "--home", str(pipeline.home)]
        with os.fdopen(theirs, "rb") as terminal:
            ended = subprocess.run(command, stdin=terminal, capture_output=True, check=False, timeout=60)
        os.close(ours)
        assert b"Discard 1 dead letters of app-users?" in ended.stdout + ended.stderr
        left.append((ended.returncode, place in {row["place"] for row in pipeline.letters("app-users")}))
    assert left == [(1, True), (0, False)]


def test_what_is_too_old_names_the_way_to_go(pipeline: Pipeline) -> None:
    place = pipeline.keep("user-search", replace(insert(), committed_at=datetime.now(UTC) - timedelta(days=31)))
    ended = pipeline.ask("dead-letters", "redrive", "user-search", place)
    assert ended.returncode == 1
    assert b"too old: it is 31 days old" in ended.stdout
    assert b"`distributary rebuild user-search --keys`" in ended.stdout


@pytest.mark.parametrize(("owner", "said"), [("bridge:Users", "UPSERT"), ("bridge:-", "not JSON")])
def test_a_bad_letter_of_the_bridge_stays_one(pipeline: Pipeline, owner: str, said: str) -> None:
    topic = "users.changes" if owner == "bridge:Users" else "bridge"
    bad = written(record("UPSERT", sequence=9, after={})) if owner == "bridge:Users" else b"not one"
    bad = bad.replace(b"1770000000", str(int(time.time())).encode())
    place = pipeline.keep(topic, bad)
    ended = pipeline.ask("dead-letters", "redrive", owner, place, "--json")
    (told,) = json.loads(ended.stdout)["letters"]
    assert told["fate"] == "still poison"
    assert said in told["reason"]
    (row,) = [row for row in pipeline.letters(owner) if row["place"] == place]
    assert row["attempts"] == 2


def test_a_letter_of_the_bridge_that_converts_by_now_is_published_and_arrives(pipeline: Pipeline) -> None:
    user = next(_users)
    good = record(sequence=7, user_id=user, after={"Username": "dan"})
    good["dynamodb"]["ApproximateCreationDateTime"] = int(time.time())
    place = pipeline.keep("users.changes", written(good))
    ended = pipeline.ask("dead-letters", "redrive", "bridge:Users", "--key", str(user), "--since", "1h", "--json")
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert told["letters"] == [{"place": place, "fate": "published", "reason": ""}]
    assert accounts(told, "Users") == {"read": 1, "published": 1}
    assert pipeline.ask("wait", "--timeout", "60").returncode == 0
    assert exact(pipeline.ask("show", "AppUsers_V2", str(user)).stdout)["document"]["Username"] == "dan"
    assert place not in {row["place"] for row in pipeline.letters("bridge:Users")}


def test_letters_are_listed_by_key_reason_and_time(pipeline: Pipeline) -> None:
    new = insert()
    place = pipeline.keep("app-users", new)
    of_that_key = ("app-users", "--key", new.key_text)
    for more in ((), ("--error", "keyerror"), ("--since", "1h")):
        assert [row["place"] for row in pipeline.letters(*of_that_key, *more)] == [place]
    for other in (("--until", "1h"), ("--error", "nothing such")):
        assert pipeline.letters(*of_that_key, *other) == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("redrive", "nobody"), 1, "there are no dead letters of 'nobody'"),
        (("redrive", "app-users", "nowhere"), 1, "app-users has no dead letter 'nowhere'"),
        (("discard", "app-users"), 1, "nothing says which dead letters to discard"),
        (("list", "--since", "yesterday"), 2, "'yesterday' is neither an ISO instant nor a time ago"),
    ],
)
def test_what_is_asked_for_in_vain_is_one_sentence(
    pipeline: Pipeline, arguments: tuple[str, ...], code: int, said: str
) -> None:
    ended = pipeline.ask("dead-letters", *arguments)
    assert ended.returncode == code
    assert said in " ".join(ended.stderr.decode().replace("│", " ").split())


def test_endpoints_are_enough_where_nothing_runs_in_the_home(pipeline: Pipeline, tmp_path: Path) -> None:
    elsewhere = ("--home", tmp_path / "elsewhere")
    if "DISTRIBUTARY_KAFKA" not in pipeline.environment:
        assert "or its servers by DISTRIBUTARY_KAFKA" in sentence(distributary("status", *elsewhere))
        return
    user = next(_users)
    fresh = feed_file(tmp_path, [record(sequence=8, user_id=user, after={"Username": "eve"}), b"more nonsense"])
    fed = distributary("feed", fresh, "--json", *elsewhere, env=pipeline.environment)
    assert accounts(json.loads(fed.stdout), "Users") == {"read": 1, "published": 1}
    assert pipeline.ask("wait", "--timeout", "60").returncode == 0
    shown = distributary("show", "AppUsers_V2", str(user), *elsewhere, env=pipeline.environment)
    assert exact(shown.stdout)["document"]["Username"] == "eve"
    status = json.loads(distributary("status", "--json", *elsewhere, env=pipeline.environment).stdout)
    assert {row["group"]: row["lag"]["events"] for row in status["groups"]}["app-users"] == 0
    assert status["dead_letters"]["bridge:-"] >= 2
    assert b"the log alone was asked" in distributary("status", *elsewhere, env=pipeline.environment).stdout
