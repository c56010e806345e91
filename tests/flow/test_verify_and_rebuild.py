"""What somebody spoils by hand is found by verify and mended by rebuild, embedded and on real servers alike."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.events import event
from tests.flow.command import COMMAND, sentence
from tests.flow.spoiling import LONG_AGO, Spoiling
from tests.flow.users_table import Traffic

pytestmark = pytest.mark.slow

ORPHANS: dict[str, dict[str, Any]] = {
    "app-users": {"UserId": 777_001, "Username": "nobody"},
    "user-search": {"user_id": 777_001, "username": "nobody"},
}

STATUS = {"app-users": "Status", "user-search": "status"}


def spoil(spoiled: Spoiling, group: str) -> list[str]:
    """Changes one document, deletes two, adds one; their keys."""
    before = spoiled.documents(group)
    changed, *deleted = list(before)[:3]
    spoiled.by_hand(group, {changed: {**before[changed].document, STATUS[group]: "spoiled"}})
    spoiled.by_hand(group, dict.fromkeys(deleted))
    spoiled.by_hand(group, {"777001": ORPHANS[group]}, LONG_AGO + "1")
    return [changed, *deleted, "777001"]


@pytest.fixture(params=["app-users", "user-search"])
def group(request: pytest.FixtureRequest, spoiled: Spoiling) -> Iterator[str]:
    """A group whose read model is as it was in the end."""
    name = str(request.param)
    before = spoiled.documents(name)
    yield name
    assert spoiled.documents(name) == before


def test_what_was_changed_deleted_or_added_by_hand_is_found_and_mended(
    spoiled: Spoiling, group: str, tmp_path: Path
) -> None:
    keys, file = spoil(spoiled, group), tmp_path / "keys"
    said = spoiled.ask("verify", group, "--sample", "1", "--keys-to", file)
    assert said.returncode == 1
    assert f"under 4 keys; `distributary rebuild {group}` mends them" in sentence(said)
    lines = said.stdout.decode().splitlines()
    assert [line.split()[-1] for line in lines[1:5]] == ["2", "1", "1", "0"]
    assert any(line.startswith(f"different: {keys[0]}  (expected version 2026-") for line in lines)
    assert any(line.startswith(f"    {STATUS[group]}: ") and line.endswith('found "spoiled"') for line in lines)
    assert sum(line.startswith("missing: ") for line in lines) == 1
    assert sorted(file.read_text().split()) == sorted(keys)

    after = spoiled.documents(group)
    plan = spoiled.told("rebuild", group, "--dry-run")["plan"]
    assert (plan["writes"], plan["differences"], len(plan["samples"])) == (4, 4, 4)
    assert {kind: number for kind, number in plan["counts"].items() if number} == spoiled.found(group)
    assert spoiled.documents(group) == after
    assert spoiled.rebuilt(group) == (3, 1, 4)
    assert spoiled.rebuilt(group) == (0, 0, 0)
    told = spoiled.told("verify", group)
    assert (told["differences"], told["samples"]) == (0, [])


def test_only_the_keys_that_are_named_are_mended(spoiled: Spoiling, group: str) -> None:
    changed, deleted, other, added = spoil(spoiled, group)
    before = spoiled.documents(group)
    assert spoiled.rebuilt(group, [changed, added]) == (1, 1, 2)
    mended = spoiled.documents(group)
    assert {key for key in before.keys() | mended if before.get(key) != mended.get(key)} == {changed, added}
    assert spoiled.found(group) == {"missing": 2}
    # Every key of the group: none is another partition's to remove.
    assert spoiled.rebuilt(group, [*before, deleted, other]) == (2, 0, 2)


def test_every_line_of_json_is_one_and_the_plan_comes_before_the_result(spoiled: Spoiling) -> None:
    group = "app-users"
    spoil(spoiled, group)
    ended = spoiled.ask("rebuild", group, "--json", "--workers", "2", "--writes-per-second", "20")
    assert ended.returncode == 0, ended.stderr
    *rows, result = (json.loads(line) for line in ended.stdout.splitlines())
    assert [row["plan"]["writes"] for row in rows if "plan" in row] == [4]
    assert {"documents read", "events read", "keys written"} <= {row.get("stage") for row in rows}
    assert (result["result"]["put"], result["result"]["removed"]) == (3, 1)


def test_a_rebuild_that_was_killed_is_given_again(spoiled: Spoiling, group: str) -> None:
    spoil(spoiled, group)
    command = [*COMMAND, "rebuild", group, "--json", "--writes-per-second", "0.1", "--home", str(spoiled.pipeline.home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=spoiled.pipeline.environment) as process:
        assert process.stdout is not None
        assert any(line.startswith(b'{"plan"') for line in process.stdout)
        process.kill()
    assert spoiled.rebuilt(group)[2] in (3, 4)
    assert spoiled.found(group) == {}


def test_documents_of_others_and_keys_with_an_open_letter_are_listed_apart(spoiled: Spoiling) -> None:
    before = spoiled.documents("app-users")
    key = next(iter(before))
    letter = replace(event(user_id=int(key), after={"Username": "late"}), committed_at=datetime.now(UTC))
    place = spoiled.pipeline.keep("app-users", letter)
    spoiled.by_hand("app-users", {key: None})
    theirs = {"UserId": 777_002, "Username": "theirs"}
    spoiled.by_somebody_else("app-users", [theirs])
    assert spoiled.found("app-users") == {"dead_lettered": 1, "others": 1}
    assert spoiled.rebuilt("app-users") == (1, 0, 1)
    assert spoiled.found("app-users") == {"others": 1}
    assert spoiled.documents("app-users")["777002"].document == theirs
    assert spoiled.ask("dead-letters", "redrive", "app-users", place).returncode == 0
    # Where one of ours is wanted, theirs is taken over.
    spoiled.by_somebody_else("app-users", [{"UserId": int(key), "Username": "theirs"}])
    assert spoiled.found("app-users") == {"different": 1, "others": 1}
    assert spoiled.rebuilt("app-users") == (1, 0, 1)
    with spoiled.clients() as clients:
        clients.tables.delete_item(TableName="AppUsers_V2", Key={"UserId": {"N": "777002"}})
    assert spoiled.documents("app-users") == before


def test_while_traffic_goes_on_nothing_is_found_that_is_not_wrong_and_what_is_wrong_is_mended(
    spoiled: Spoiling,
) -> None:
    made = spoiled.users(12)
    truth: dict[int, dict[str, Any]] = {
        user: {"UserId": user, "Username": f"user{user}", "WorkplaceId": "acme"} for user in made
    }
    with spoiled.clients() as clients, Traffic(clients, truth):
        for name in ("app-users", "workplace-users", "user-search"):
            assert spoiled.found(name, patience=30.0) == {}
        spoil(spoiled, "app-users")
        _, removed, _ = spoiled.rebuilt("app-users")
        assert removed == 1
    spoiled.assert_true()
    found = spoiled.documents("app-users")
    assert {user for user in made if str(user) in found} == truth.keys()
    spoiled.delete(*truth)
    spoiled.assert_true()


def test_what_cannot_be_done_is_one_sentence_and_nothing_is_changed(spoiled: Spoiling, tmp_path: Path) -> None:
    group = "app-users"
    empty, wrong = tmp_path / "empty", tmp_path / "wrong"
    empty.write_text("\n")
    wrong.write_text("1\nann\n")
    for arguments, said in (
        (("verify", "nobody"), "there is no group nobody; there are app-users"),
        (("rebuild", group, "--keys", wrong), f"{wrong} line 2 is no key"),
        (("rebuild", group, "--keys", empty), f"{empty} names no key"),
        (("verify", group, "--keys-to", tmp_path / "no" / "file"), "cannot be written: No such file or directory"),
    ):
        ended = spoiled.ask(*arguments)
        assert said in sentence(ended)
        assert ended.returncode == 1


def test_a_rebuild_of_the_table_in_between_emits_its_true_differences_and_the_index_follows(spoiled: Spoiling) -> None:
    spoiled.drained()
    before = spoiled.documents("workplace-users")
    index = spoiled.documents("user-search")
    changed, deleted = list(before)[:2]
    spoiled.by_hand("workplace-users", {changed: {**before[changed].document, "JobTitle": "spoiled"}, deleted: None})
    spoiled.drained()
    assert spoiled.documents("user-search").keys() == index.keys() - {deleted}
    topic = "workplace-users-v2.changes"
    with spoiled.adapters() as adapters:
        ends = adapters.log.ends(topic)
        assert spoiled.rebuilt("workplace-users") == (2, 0, 2)
        spoiled.drained()
        assert sum(adapters.log.ends(topic).values()) - sum(ends.values()) == 2
        assert spoiled.rebuilt("workplace-users") == (0, 0, 0)
        spoiled.drained()
        assert sum(adapters.log.ends(topic).values()) - sum(ends.values()) == 2
    assert spoiled.documents("workplace-users") == before
    after = spoiled.documents("user-search")
    assert {key: one.document for key, one in after.items()} == {key: one.document for key, one in index.items()}
    spoiled.assert_true()
