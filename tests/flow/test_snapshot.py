"""Snapshots and repairs as an operator gives them, on the embedded pipeline and on real servers alike."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bridge.dynamodb_runs import DynamoDBSnapshotProgress
from consumers.groups import GROUPS
from distributary.adapters import Adapters
from distributary.dump import exact_json
from distributary.dynamodb_clients import DynamoDBClients, local_clients
from distributary.home import Home
from distributary.reach import connected, find
from distributary.settings import Settings
from schemas.settings import read_settings
from tests.faults.place import until
from tests.flow.command import COMMAND, Ended, distributary, exact, feed_file, running, sentence
from tests.flow.pipeline import bare, endpoints
from tests.flow.truth import Truth, history
from tests.flow.users_table import Traffic, put, table_before_its_stream
from tests.records import arn, record

pytestmark = pytest.mark.slow

MINE = 1_000_000
"""The users from here on are single tests' own."""
_mine = count(MINE)


@dataclass
class Pipeline:
    """A pipeline that runs in `home`; `truth` is what its table held before, on servers from before its stream."""

    home: Path
    environment: dict[str, str]
    truth: Truth
    opened: ExitStack

    @property
    def on_servers(self) -> bool:
        return "DISTRIBUTARY_KAFKA" in self.environment

    def ask(self, *arguments: str | Path) -> Ended:
        """A command of a second terminal that knows the home alone."""
        return distributary(*arguments, "--home", self.home, env=bare())

    @contextmanager
    def adapters(self) -> Iterator[Adapters]:
        settings = read_settings(Settings, self.environment)
        with connected(find(self.home, settings), settings, time.time) as adapters:
            yield adapters

    def clients(self) -> DynamoDBClients:
        running = Home(self.home).running()
        clients = local_clients(running.url if running.endpoints is None else running.endpoints.dynamodb_url)
        self.opened.callback(clients.close)
        return clients

    def documents(self) -> dict[str, dict[str, Any]]:
        """What each read model holds, single tests' users apart."""
        assert self.ask("wait", "--timeout", "120").returncode == 0
        found = {}
        with self.adapters() as adapters:
            for group in GROUPS:
                with closing(adapters.read_model(group)) as read_model:
                    found[group.read_model.name] = {
                        one.key: exact(exact_json(one.document)) for one in read_model.scan() if int(one.key) < MINE
                    }
        return found

    def repair(self, folder: Path, *keys: int, more: tuple[str, ...] = ()) -> dict[str, Any]:
        """What `repair` gives for the keys of users."""
        file = folder / "keys"
        file.write_text("\n".join(map(str, keys)))
        ended = self.ask("repair", "Users", "--keys", file, "--json", *more)
        assert ended.returncode == 0, ended.stderr
        return dict(json.loads(ended.stdout))

    def shown(self, read_model: str, user: int) -> Any:
        """A document, once all is drained; None where there is none."""
        assert self.ask("wait", "--timeout", "120").returncode == 0
        ended = self.ask("show", read_model, str(user))
        return exact(ended.stdout)["document"] if ended.returncode == 0 else None


@pytest.fixture(scope="module", params=["embedded", pytest.param("servers", marks=pytest.mark.servers)])
def pipeline(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    environment, home = bare(), tmp_path_factory.mktemp("pipeline") / "home"
    on_servers = request.param == "servers"
    truth = history(7, changes=9_000 if on_servers else 300, users=6_000 if on_servers else 200)
    with ExitStack() as opened:
        if on_servers:
            environment |= endpoints(opened)
            table_before_its_stream(environment["DISTRIBUTARY_DYNAMODB_URL"], list(truth.users.values()))
        opened.enter_context(running("--on", request.param, "--home", home, env=environment))
        pipeline = Pipeline(home, environment, truth, opened)
        if not on_servers:
            put(pipeline.clients(), list(truth.users.values()))
        yield pipeline


def killed_in_the_middle(pipeline: Pipeline, *arguments: str) -> None:
    """A snapshot that is killed once a page of it was acknowledged, before it is done."""
    kept = DynamoDBSnapshotProgress(pipeline.clients().tables)
    command = [*COMMAND, "snapshot", "Users", *arguments, "--home", str(pipeline.home)]
    process = subprocess.Popen(command, env=bare(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    until(lambda: process.poll() is not None or any(part.items for part in kept.load("Users")), "a page was stated")
    assert process.poll() is None
    process.kill()
    process.communicate()
    assert not all(part.ended for part in kept.load("Users"))


def test_a_snapshot_brings_every_group_to_the_table_whatever_happens_meanwhile(pipeline: Pipeline) -> None:
    more: tuple[str, ...] = ()
    with Traffic(pipeline.clients(), pipeline.truth.users):
        if pipeline.on_servers:
            killed_in_the_middle(pipeline, "--segments", "2", "--rate", "40")
            other = pipeline.ask("snapshot", "Users", "--segments", "3")
            assert "the unfinished snapshot of Users has 2 segments, not 3" in sentence(other)
            killed_in_the_middle(pipeline, "--rate", "40")
            more = ("--segments", "2")
        ended = pipeline.ask("snapshot", "Users", "--json", *more)
    assert ended.returncode == 0, ended.stderr
    *progress, result = (json.loads(line) for line in ended.stdout.splitlines())
    assert result["items"] == result["published"] + result["dead_lettered"] >= len(pipeline.truth.users)
    assert result["consumed"] > 0
    assert {line["stage"] for line in progress} == {"items"}
    assert DynamoDBSnapshotProgress(pipeline.clients().tables).load("Users") == []
    found, truth = pipeline.documents(), pipeline.truth
    assert found["AppUsers_V2"] == truth.app_users()
    assert found["WorkplaceUsers_V2"] == truth.workplace_users()
    assert found["workplace-users"] == truth.index()


def test_a_repair_puts_right_what_the_log_says_wrong(pipeline: Pipeline, tmp_path: Path) -> None:
    ghost, wrong, unknown = (next(_mine) for _ in range(3))
    user = {"UserId": wrong, "Username": "right", "WorkplaceId": "acme"}
    put(pipeline.clients(), [user])
    assert pipeline.ask("wait", "--timeout", "120").returncode == 0
    records = [
        record(sequence=number, user_id=user_id, after={"Username": "wrong", "WorkplaceId": "acme"})
        for number, user_id in enumerate((ghost, wrong), 1)
    ]
    for one in records:
        one["eventSourceARN"] = arn(label="2027-01-01T00:00:00.000")
    assert pipeline.ask("feed", feed_file(tmp_path, records)).returncode == 0
    assert [pipeline.shown("AppUsers_V2", each)["Username"] for each in (ghost, wrong)] == ["wrong"] * 2

    fates = ["removed", "repaired", "nothing to do"]
    for more in (("--dry-run",), ()):
        told = pipeline.repair(tmp_path, ghost, wrong, unknown, more=more)
        assert [row["fate"] for row in told["keys"]] == fates
    assert (told["repaired"], told["removed"], told["nothing_to_do"], told["kept_changing"]) == (1, 1, 1, 0)
    for read_model in ("AppUsers_V2", "WorkplaceUsers_V2"):
        assert pipeline.shown(read_model, ghost) is None
        assert pipeline.shown(read_model, wrong)["Username"] == "right"
    assert pipeline.shown("workplace-users", ghost) is None

    put(pipeline.clients(), [{**user, "Username": "later"}])
    # Of the stream that the wrong event outranks; so it takes a repair again.
    assert pipeline.shown("AppUsers_V2", wrong)["Username"] == "right"
    pipeline.repair(tmp_path, wrong, more=("--wait", "0.5"))
    assert pipeline.shown("AppUsers_V2", wrong)["Username"] == "later"


def test_an_item_that_cannot_become_an_event_is_a_dead_letter_that_names_the_way_to_go(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    user = next(_mine)
    clients = pipeline.clients()
    clients.tables.put_item(TableName="Users", Item={"UserId": {"N": str(user)}, "Username": {"N": "5"}})
    keys = tmp_path / "keys"
    keys.write_text(json.dumps({"key": str(user), "finding": "missing"}))
    ended = pipeline.ask("repair", "Users", "--keys", keys)
    assert "1 of 1 keys are not repaired" in sentence(ended)
    assert ended.stdout.decode().startswith(f"{user}  dead-lettered  ")
    letters = json.loads(pipeline.ask("dead-letters", "list", "bridge:Users", "--key", str(user), "--json").stdout)
    (letter,) = [row for row in letters["dead_letters"] if row["place"].startswith("sha256:")]
    redriven = pipeline.ask("dead-letters", "redrive", "bridge:Users", letter["place"])
    assert b"`distributary repair Users --keys FILE`" in redriven.stdout
    clients.tables.delete_item(TableName="Users", Key={"UserId": {"N": str(user)}})


def test_what_cannot_be_done_is_one_sentence_and_nothing_is_changed(pipeline: Pipeline, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("1\nann\n")
    for arguments, said in (
        (("snapshot", "Nobodys"), "there is no table Nobodys; there are Users, WorkplaceUsers_V2"),
        (("repair", "Nobodys", "--keys", keys), "there is no table Nobodys"),
        (("repair", "Users", "--keys", keys), f"{keys} line 2 is no key: the key 'ann' is not one"),
        (("repair", "Users", "--keys", tmp_path / "none"), "none cannot be read: No such file or directory"),
        (("snapshot", "Users", "--bridge", "http://127.0.0.1:1"), "no bridge answers at http://127.0.0.1:1"),
    ):
        assert said in sentence(pipeline.ask(*arguments))


def test_a_bridge_is_found_by_its_pages(pipeline: Pipeline, tmp_path: Path) -> None:
    elsewhere, user = ("--home", tmp_path / "elsewhere"), next(_mine)
    pages = f"{Home(pipeline.home).running().url}/-"
    put(pipeline.clients(), [{"UserId": user, "Username": "ann"}])
    keys = tmp_path / "keys"
    keys.write_text(str(user))
    repair: tuple[str | Path, ...] = ("repair", "Users", "--keys", keys)
    if pipeline.on_servers:
        for command, way in ((("snapshot", "Users"), "--capture-checked"), (repair, "--wait")):
            assert way in sentence(distributary(*command, *elsewhere, env=pipeline.environment))
        ended = distributary(*repair, *elsewhere, "--bridge", pages, env=pipeline.environment)
    else:
        ended = pipeline.ask(*repair, "--bridge", pages)
    assert (ended.returncode, ended.stdout.decode()) == (0, f"{user}  repaired\n"), ended.stderr


def test_a_snapshot_by_hand_ends_with_one_line(pipeline: Pipeline) -> None:
    ended = pipeline.ask("snapshot", "WorkplaceUsers_V2", "--capture-checked", "--segments", "1", "--anew")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.decode().startswith("WorkplaceUsers_V2: ")
    assert b" items published, " in ended.stdout
