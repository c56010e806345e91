"""Who is at work on a run, on which parts, and what becomes of it where he dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from bridge.dynamodb_runs import RUNS
from consumers.errors import Outage
from distributary.errors import RunInProgress
from distributary.folding import dynamodb_runs
from distributary.folding.dynamodb_runs import Member, Run, joined, rows_of
from distributary.local.dynamodb import LocalDynamoDB
from distributary.tables import DeclaredTable, create_tables
from schemas.keys import KeyAttribute
from tests.faults.place import until

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NAME, WHAT, NOW = "rebuild:app-users", "version 1-0, all keys", "2026-01-01 00:00:00 UTC"
_names = count(1)


@pytest.fixture(scope="module")
def client() -> Iterator[DynamoDBClient]:
    with LocalDynamoDB() as dynamodb, closing(dynamodb.clients()) as clients:
        create_tables(clients.tables, [DeclaredTable(RUNS, (KeyAttribute("run", "S"), KeyAttribute("part", "S")))])
        yield clients.tables


@pytest.fixture
def name(monkeypatch: pytest.MonkeyPatch) -> str:
    """A run of the test's own; who stands still is dead soon."""
    monkeypatch.setattr(dynamodb_runs, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(dynamodb_runs, "DEAD_SECONDS", 0.5)
    return f"{NAME}-{next(_names)}"


def member(who: str) -> Member:
    return Member(who, f"host, process {who}")


def join(client: DynamoDBClient, name: str, who: str, what: str = WHAT) -> AbstractContextManager[Run]:
    return joined(client, name, what, member(who), NOW)


def dead(client: DynamoDBClient, name: str, who: str, *claims: str, what: str = WHAT) -> None:
    """Somebody who joined, took those parts and was killed."""

    run = Run(client, RUNS, name, dynamodb_runs._entered(client, RUNS, name, what, member(who), NOW), member(who))
    run.beat()
    assert all(run.claim(part) for part in claims)


def test_each_part_is_done_by_one_of_those_who_take_part(client: DynamoDBClient, name: str) -> None:
    with join(client, name, "a") as first, join(client, name, "b") as second:
        assert first.claim("0")
        assert not second.claim("0")
        assert second.claim("1")
        assert not first.free(["0", "1"])
        assert first.free(["0", "1", "2"])
        assert first.done("0", "zero")
        assert not second.done("0", "mine")
        assert second.done("1", "one")
        assert first.results() == second.results() == {"0": "zero", "1": "one"}
        assert not first.claim("0")
        assert not first.claim("1")


def test_the_last_to_leave_forgets_the_run(client: DynamoDBClient, name: str) -> None:
    with join(client, name, "a") as first:
        assert first.claim("0")
        assert first.done("0", "zero")
        with join(client, name, "b") as second:
            assert second.results() == {"0": "zero"}
        assert rows_of(client, RUNS, name)
    assert rows_of(client, RUNS, name) == {}
    with join(client, name, "c") as third:
        assert third.results() == {}
        assert third.claim("0")


def test_what_was_left_by_one_who_left_in_the_middle_is_free(client: DynamoDBClient, name: str) -> None:
    with join(client, name, "a") as first:
        with join(client, name, "b") as second:
            assert second.claim("0")
        assert first.free(["0"])
        assert first.claim("0")


def test_somebody_who_wants_it_otherwise_is_refused_and_changes_nothing(client: DynamoDBClient, name: str) -> None:
    with join(client, name, "a") as first:
        assert first.claim("0")
        before = rows_of(client, RUNS, name).keys()
        with pytest.raises(RunInProgress, match=r"process a, for version 1-0, all keys, and not .* now, some keys"):
            join(client, name, "b", what="some keys").__enter__()
        assert rows_of(client, RUNS, name).keys() == before
        assert first.done("0", "zero")
    with join(client, name, "b", what="some keys"):
        pass


def test_a_run_whose_only_member_was_killed_is_begun_anew_by_whoever_comes(client: DynamoDBClient, name: str) -> None:
    dead(client, name, "a", "0", "1")
    with join(client, name, "b", what="otherwise") as run:
        assert run.results() == {}
        assert run.claim("0")
        assert run.claim("1")
        assert {row["id"] for row in rows_of(client, RUNS, name).values()} == {"b"}


def test_the_parts_of_one_who_was_killed_are_taken_over_by_another_once(client: DynamoDBClient, name: str) -> None:
    with join(client, name, "a") as first, join(client, name, "b") as second:
        dead(client, name, "dead", "0", "1")
        assert not first.free(["0"])
        until(lambda: first.free(["0"]), "the dead one's parts are free", 10)
        until(lambda: second.free(["0"]), "to the other one too", 10)
        assert first.claim("0")
        assert not second.claim("0")
        assert second.claim("1")
        # He wakes up: what he did is not his any more.
        asleep = Run(client, RUNS, name, "a", member("dead"))
        assert not asleep.done("0", "late")
        assert first.done("0", "zero")
        assert second.results() == {"0": "zero"}


def test_one_who_lives_keeps_his_parts_however_long_they_take(client: DynamoDBClient, name: str) -> None:
    with join(client, name, "a") as first, join(client, name, "b") as second:
        assert first.claim("0")
        looks = iter(range(12))
        until(lambda: second.free(["0"]) or next(looks, None) is None, "looked for longer than who is dead gets", 10)
        assert not second.claim("0")


def test_of_many_who_come_at_the_same_time_to_a_dead_run_all_take_part_in_one(
    client: DynamoDBClient, name: str
) -> None:
    dead(client, name, "dead", "0")
    with ExitStack() as opened:
        runs = [opened.enter_context(join(client, name, str(number))) for number in range(3)]
        assert [run.claim("0") for run in runs] == [True, False, False]


def test_without_the_table_it_says_what_makes_it(client: DynamoDBClient) -> None:
    with pytest.raises(Outage, match=r"Nowhere: .*; `distributary prepare` makes it"):
        joined(client, NAME, WHAT, member("a"), NOW, table="Nowhere").__enter__()


def test_without_permission_it_is_one_sentence_that_names_the_table(
    client: DynamoDBClient, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(**_: Any) -> Any:
        raise client.exceptions.ClientError(
            {"Error": {"Code": "AccessDeniedException", "Message": "you are not authorized"}}, "PutItem"
        )

    monkeypatch.setattr(client, "put_item", denied)
    with pytest.raises(Outage, match=f"{RUNS}: .*AccessDeniedException.*not authorized"):
        join(client, name, "a").__enter__()
    assert rows_of(client, RUNS, name) == {}
