"""What keeps a read model from being rebuilt is one sentence, and nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions

from consumers.groups import GROUPS
from tests.faults.alone import Alone
from tests.faults.place import until
from tests.flow.command import distributary, sentence
from tests.flow.test_parts import Part
from tests.records import record

pytestmark = [pytest.mark.slow, pytest.mark.servers]

SEARCH = GROUPS[2]


@pytest.fixture
def admin(alone: Alone) -> AdminClient:
    return AdminClient({"bootstrap.servers": alone.environment["DISTRIBUTARY_KAFKA"]})


def test_a_topic_that_lost_its_beginning_or_has_other_partitions_is_refused(alone: Alone, admin: AdminClient) -> None:
    users = range(1, 40)
    alone.send(
        [record(sequence=user, user_id=user, after={"Username": "x"}, table="WorkplaceUsers_V2") for user in users]
    )
    assert alone.ask("rebuild", SEARCH.name, "--patience", "0").returncode == 0
    before = alone.documents(SEARCH)
    assert len(before) == len(users)
    alone.empty(SEARCH)

    admin.delete_records([TopicPartition(SEARCH.topic, 0, 2)])[TopicPartition(SEARCH.topic, 0)].result(30)
    for command in ("verify", "rebuild"):
        said = sentence(alone.ask(command, SEARCH.name, "--patience", "0"))
        assert f"{SEARCH.topic} has lost its beginning: {SEARCH.topic}/0 begins at offset 2, of 20" in said
        assert "--accept-truncated" in said
    assert alone.documents(SEARCH) == {}
    ended = alone.ask("rebuild", SEARCH.name, "--patience", "0", "--accept-truncated")
    assert ended.returncode == 0, ended.stderr
    assert len(alone.documents(SEARCH)) == len(users) - 2

    admin.create_partitions([NewPartitions(SEARCH.topic, 7)])[SEARCH.topic].result(30)
    for command in ("verify", "rebuild"):
        said = sentence(alone.ask(command, SEARCH.name, "--patience", "0", "--accept-truncated"))
        assert f"{SEARCH.topic} has 7 partitions and 6 where it is declared" in said


def test_a_group_that_an_old_member_still_runs_is_not_rebuilt(alone: Alone) -> None:
    alone.empty()
    old = Consumer(
        {
            "bootstrap.servers": alone.environment["DISTRIBUTARY_KAFKA"],
            "group.id": "app-users",
            "client.id": "app-users@0-00000000",
            "group.protocol": "consumer",
        }
    )
    with closing(old):
        old.subscribe(["users.changes"])
        until(lambda: old.poll(0.1) is None and old.assignment(), "the old member has joined")
        for arguments in (("rebuild", "app-users"), ("replay", "app-users", "--from", "0")):
            said = sentence(alone.ask(*arguments))
            assert "a member of the group app-users runs version 0-00000000 of its projection" in said
    assert alone.documents() == {}


def test_another_rebuild_of_the_same_group_waits_for_nothing_and_says_who_is_at_work(alone: Alone) -> None:
    alone.empty()
    first = alone.rebuilding("--writes-per-second", "20")
    first.come_to("plan")
    keys = alone.home / "keys"
    keys.write_text("1\n")
    said = sentence(alone.ask("rebuild", "app-users", "--patience", "0", "--keys", str(keys)))
    assert "rebuild:app-users is under way since 20" in said
    assert f"process {first.process.pid}, for version " in said
    assert "asked for now, version " in said
    first.kill()


def test_a_group_that_lost_its_positions_is_refused_rebuilt_and_goes_on_at_the_ends(alone: Alone) -> None:
    assert alone.rebuilding().result()["kept_changing"] == 0
    alone.forget_positions()
    refused = distributary("consume", "app-users", "--port", "0", env=alone.environment)
    assert refused.returncode == 1
    assert "distributary rebuild app-users" in sentence(refused)

    assert alone.rebuilding().result()["writes"] == 0
    ends = alone.adapters.log.ends("users.changes")
    assert alone.adapters.log.positions("app-users", "users.changes") == ends
    part = Part(alone.environment, "consume", "app-users")
    try:
        until(lambda: part.health()["state"] == "running", "it runs")
        until(lambda: part.metrics()['distributary_group_lag_events{group="app-users"}'] == 0, "it is at the end")
        figures = part.metrics()
        assert figures['distributary_group_deliveries_total{group="app-users",outcome="applied"}'] == 0
    finally:
        assert part.stop() == 0
    alone.assert_true()


class Denied(BaseHTTPRequestHandler):
    """DynamoDB to somebody who may not use it."""

    def do_POST(self) -> None:
        body = b'{"__type": "com.amazon.coral.service#AccessDeniedException", "message": "you may not read this"}'
        self.send_response(400)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def denying() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Denied)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_who_may_not_do_it_is_told_so_in_one_sentence(alone: Alone) -> None:
    with denying() as url:
        for command in ("verify", "rebuild"):
            said = sentence(alone.ask(command, "app-users", "--patience", "0", DISTRIBUTARY_DYNAMODB_URL=url))
            assert "AccessDeniedException" in said
            assert "you may not read this" in said
