"""A read model as it was, by offsets and by commit time, in a new table or index; and what is refused."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from consumers.read_model import Document
from tests.flow.command import sentence
from tests.flow.spoiling import GROUP, Spoiling, users
from tests.records import record

pytestmark = pytest.mark.slow

HOUR = 3600


def documents_in(spoiled: Spoiling, group: str, place: str) -> dict[str, Document]:
    """What stands in another place of the group's kind."""
    declared = GROUP[group]
    meant = replace(declared, read_model=replace(declared.read_model, name=place))
    with spoiled.adapters() as adapters, closing(adapters.read_model(meant)) as read_model:
        return {document.key: document for document in read_model.scan()}


@pytest.mark.parametrize("group", ["app-users", "user-search"])
def test_the_past_is_built_by_offsets_into_a_place_of_its_own(spoiled: Spoiling, group: str) -> None:
    made = spoiled.users(3)
    then = spoiled.documents(group)
    with spoiled.adapters() as adapters:
        ends = ",".join(f"{number}={end}" for number, end in adapters.log.ends(GROUP[group].topic).items())
    spoiled.put({"UserId": made[0], "Username": "renamed", "WorkplaceId": "acme"})
    spoiled.delete(made[1])
    spoiled.drained()
    now = spoiled.documents(group)
    place = f"{group}-then"
    result = spoiled.told("rebuild", group, "--until", ends, "--into", place)["result"]
    assert (result["read_model"], result["refused"], result["kept_changing"]) == (place, 0, 0)
    assert documents_in(spoiled, group, place) == then
    assert spoiled.documents(group) == now != then
    again = spoiled.ask("rebuild", group, "--until", ends, "--into", place)
    assert f"{place} is there already; delete it, or name a new place with --into" in sentence(again)
    spoiled.delete(made[0], made[2])
    spoiled.assert_true()


def test_the_past_is_built_by_commit_time(spoiled: Spoiling, tmp_path: Path) -> None:
    user = next(users)
    old: dict[str, Any] = {"Username": "old", "WorkplaceId": "acme"}
    spoiled.feed(tmp_path, [record(sequence=1, user_id=user, after=old)], committed=time.time() - 60)
    later = record("MODIFY", 2, user_id=user, before=old, after={"Username": "new", "WorkplaceId": "acme"})
    spoiled.feed(tmp_path, [later], committed=time.time() + HOUR)
    until = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    spoiled.told("rebuild", "app-users", "--until", until, "--into", "AppUsers_Before")
    assert documents_in(spoiled, "app-users", "AppUsers_Before")[str(user)].document["Username"] == "old"
    assert spoiled.documents("app-users")[str(user)].document["Username"] == "new"
    gone = record("REMOVE", 3, user_id=user, before={"Username": "new", "WorkplaceId": "acme"})
    spoiled.feed(tmp_path, [gone], committed=time.time() + HOUR)


def test_what_cannot_be_built_is_one_sentence_and_nothing_is_made(spoiled: Spoiling) -> None:
    for options, said in (
        (("--until", "0=99999999", "--into", "elsewhere"), "users.changes/0 has offsets 0 to"),
        (("--until", "2020-01-01T00:00:00Z", "--into", "elsewhere"), "is before the log: users.changes begins at 20"),
        (("--until", "0=0", "--into", "AppUsers_V2"), "AppUsers_V2 is a place of the pipeline itself"),
        (("--until", "0=0", "--into", "DistributaryRemovals"), "is a place of the pipeline itself"),
        (("--generation", "2"), "consumers/groups.py has no line for generation 2 of app-users; it has app-users"),
    ):
        ended = spoiled.ask("rebuild", "app-users", *options)
        assert said in sentence(ended)
        assert ended.returncode == 1
    with spoiled.clients() as clients:
        assert "elsewhere" not in clients.tables.list_tables()["TableNames"]
    alone = spoiled.ask("rebuild", "app-users", "--into", "elsewhere")
    assert alone.returncode == 2
    assert b"--until and --into go together" in alone.stderr
