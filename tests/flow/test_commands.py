"""The command, from the first terminal and from a second one."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from distributary.dynamodb_clients import local_clients
from distributary.home import Home
from distributary.local.log.log import EmbeddedLog, Entry
from distributary.tables import create_tables, declared_tables
from tests.bad_records import BAD_RECORDS
from tests.flow.command import accounts, distributary, dumped, feed_file, running, sentence
from tests.records import arn, record, written

ANN: dict[str, Any] = {
    "Username": "ann",
    "FirstName": "Ann",
    "LastName": "Lee",
    "Email": "Ann@Example.com",
    "WorkplaceId": "acme",
}
ANN |= {"JobTitle": "Nurse", "Department": "Care", "Skills": ["first aid"]}


def group_state(home: Path, group: str) -> str:
    rows = json.loads(distributary("status", "--json", "--home", home).stdout)["groups"]
    return str(next(row["state"] for row in rows if row["group"] == group))


def drained(folder: Path, *feeds: Path, home: Path | None = None) -> dict[str, Any]:
    arguments: list[str | Path] = ["run", "--exit-when-drained", "--json", "--dump", folder / "out"]
    for feed in feeds:
        arguments += ["--feed", feed]
    ended = distributary(*arguments, "--home", home or folder / "home")
    assert ended.returncode == 0, ended.stderr.decode()
    result: dict[str, Any] = json.loads(ended.stdout)
    return result


def test_a_run_without_anything_to_do_ends_drained_with_empty_read_models(tmp_path: Path) -> None:
    zeros = {"read": 0, "published": 0, "filtered": 0, "dead_lettered": 0, "returned": 0}
    outcomes: dict[str, Any] = {
        "applied": 0,
        "filtered": 0,
        "stale": 0,
        "dead_lettered": 0,
        "retries": 0,
        "unaccounted": 0,
    }
    outcomes |= {
        "retries": 0,
        "unaccounted": 0,
        "turns": 0,
        "batch": 0.0,
        "store_seconds": 0.0,
        "lag": {"events": 0, "seconds": 0.0},
    }
    assert drained(tmp_path) == {
        "bridge": [{"table": "Users", **zeros}, {"table": "WorkplaceUsers_V2", **zeros}],
        "groups": [{"group": name, **outcomes} for name in ("app-users", "workplace-users", "user-search")],
        "read_models": {name: {"documents": 0} for name in ("AppUsers_V2", "WorkplaceUsers_V2", "workplace-users")},
    }


@pytest.mark.slow
def test_bad_records_are_dead_letters_and_the_records_around_them_arrive(tmp_path: Path) -> None:
    bad = [raw if isinstance(raw, bytes) else written(raw) for raw, _, _ in BAD_RECORDS.values()]
    lines: list[Any] = []
    for number, raw in enumerate(bad):
        lines += [record(sequence=100 + number, user_id=100 + number, after=ANN), raw]
    # The one that has no sequence number at all is numbered; it is a good record then.
    numbered = 1

    result = drained(tmp_path, feed_file(tmp_path, lines))

    total = {name: sum(row[name] for row in result["bridge"] if row["table"] != "WorkplaceUsers_V2") for name in ("read", "published", "dead_lettered")}  # fmt: skip  # noqa: E501
    assert total == {
        "read": len(lines),
        "published": len(bad) + numbered,
        "dead_lettered": len(bad) - numbered,
    }
    assert set(dumped(tmp_path / "out", "AppUsers_V2")) >= {str(100 + number) for number in range(len(bad))}
    listed = json.loads(distributary("dead-letters", "list", "--json", "--home", tmp_path / "home").stdout)
    # Two records of one place are one letter.
    assert {row["owner"] for row in listed["dead_letters"]} == {"bridge:Users", "bridge:-"}


def test_a_dead_letter_gives_its_original_bytes_back(tmp_path: Path) -> None:
    drained(tmp_path, feed_file(tmp_path, [record(sequence=1, after=ANN), b'{"eventID":  nonsense']))
    home = ("--home", tmp_path / "home")
    (row,) = json.loads(distributary("dead-letters", "list", "bridge:-", "--json", *home).stdout)["dead_letters"]
    shown = distributary("dead-letters", "show", "bridge:-", row["place"][:12], *home)
    assert shown.stdout == b'{"eventID":  nonsense'
    assert b"not JSON" in shown.stderr


@pytest.mark.slow
def test_records_without_sequence_numbers_are_numbered_with_a_notice(tmp_path: Path) -> None:
    lines = [
        record("INSERT", None, after={"Username": "old"}),
        record("MODIFY", None, before={"Username": "old"}, after={"Username": "new"}),
    ]
    ended = distributary(
        "run", "--feed", feed_file(tmp_path, lines), "--exit-when-drained", "--dump", tmp_path / "out",
        "--home", tmp_path / "home",
    )  # fmt: skip
    assert b"2 records have no SequenceNumber; they were numbered in file order" in ended.stdout
    assert dumped(tmp_path / "out", "AppUsers_V2")["1"]["Username"] == "new"


@pytest.mark.slow
def test_the_order_in_a_file_does_not_matter_the_version_does(tmp_path: Path) -> None:
    new = record("MODIFY", 2, before={"Username": "old"}, after={"Username": "new"})
    old = record("INSERT", 1, after={"Username": "old"})
    drained(tmp_path, feed_file(tmp_path, [new, old, old]))
    assert dumped(tmp_path / "out", "AppUsers_V2")["1"]["Username"] == "new"


@pytest.mark.slow
def test_a_reenabled_stream_outranks_the_one_before(tmp_path: Path) -> None:
    late = record("MODIFY", 1, before={}, after={"Username": "new"})
    late["eventSourceARN"] = arn(label="2026-06-01T00:00:00.000")
    drained(tmp_path, feed_file(tmp_path, [late, record("INSERT", 999, after={"Username": "old"})]))
    assert dumped(tmp_path / "out", "AppUsers_V2")["1"]["Username"] == "new"


def test_standard_input_can_be_fed(tmp_path: Path) -> None:
    event = written({"Records": [record(after=ANN)]})
    ended = distributary("run", "--feed", "-", "--exit-when-drained", "--json", "--home", tmp_path, stdin=event)
    assert accounts(json.loads(ended.stdout), "Users") == {"read": 1, "published": 1}


def test_an_unreadable_file_is_one_sentence_and_nothing_is_done(tmp_path: Path) -> None:
    file = tmp_path / "bad.json"
    file.write_bytes(b'{"Records": [')
    ended = distributary(
        "run",
        "--feed",
        feed_file(tmp_path, [record(after=ANN)]),
        "--feed",
        file,
        "--exit-when-drained",
        "--home",
        tmp_path / "home",
    )
    assert ended.returncode == 1
    assert str(file) in sentence(ended)
    assert not (tmp_path / "home").exists()


@pytest.mark.slow
def test_without_a_home_each_run_starts_from_nothing(tmp_path: Path) -> None:
    feed = feed_file(tmp_path, [record(after=ANN)])
    first = distributary("run", "--feed", feed, "--exit-when-drained", "--json", cwd=tmp_path)
    second = distributary("run", "--exit-when-drained", "--json", cwd=tmp_path)
    assert json.loads(first.stdout)["read_models"]["AppUsers_V2"] == {"documents": 1}
    assert json.loads(second.stdout)["read_models"]["AppUsers_V2"] == {"documents": 0}


@pytest.mark.slow
def test_with_a_home_a_restart_builds_the_read_models_again_from_the_log(tmp_path: Path) -> None:
    first = drained(tmp_path, feed_file(tmp_path, [record(after=ANN)]))
    before = dumped(tmp_path / "out", "workplace-users")
    second = drained(tmp_path)
    assert second["read_models"] == first["read_models"]
    assert dumped(tmp_path / "out", "workplace-users") == before != {}


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_tells_what_it_does_and_a_signal_ends_it_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with running("--demo", "--home", tmp_path) as process:
        assert process.stdout is not None
        line = next(line for line in process.stdout if b"->" in line)
        process.send_signal(number)
        output, _ = process.communicate(timeout=30)
    assert b"signs up" in line
    assert process.returncode == 0
    assert b"Traceback" not in output
    assert not (tmp_path / "running.json").exists()


def test_wrong_usage_is_told_apart_from_failure() -> None:
    assert distributary("run", "--on", "nothing").returncode == 2


@pytest.mark.slow
def test_a_table_that_is_gone_is_waited_for_and_a_group_goes_on_when_it_is_there_again(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running("--home", home), closing(local_clients(Home(home).running().url)) as clients:
        clients.tables.delete_table(TableName="AppUsers_V2")
        distributary("feed", feed_file(tmp_path, [record(after=ANN)]), "--home", home)
        while group_state(home, "app-users") == "running":
            pass
        assert group_state(home, "app-users") == "waiting"
        create_tables(clients.tables, [table for table in declared_tables() if table.name == "AppUsers_V2"])
        assert distributary("wait", "--home", home).returncode == 0
        assert b'"dead_lettered":0' in distributary("status", "--json", "--home", home).stdout
        assert distributary("show", "AppUsers_V2", "1", "--home", home).returncode == 0


@pytest.mark.slow
def test_a_group_that_stops_ends_the_run_with_its_sentence(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running("--home", home) as process:
        with closing(EmbeddedLog(Home(home).log, time.time)) as log:
            log.append([Entry("users.changes", b"1", b"poison")] * 150)
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    # Two groups read the topic, and either may come to its limit first.
    stopped = rb"error: the group (app|workplace)-users \(users.changes -> \w+\) has stopped: 100 of its last 100 "
    assert re.search(stopped, output)
    assert b"Traceback" not in output


@pytest.mark.slow
def test_a_run_whose_output_nobody_reads_any_more_ends(tmp_path: Path) -> None:
    with running("--demo", "--home", tmp_path) as process:
        assert process.stdout is not None
        process.stdout.close()
        process.wait(timeout=30)
    assert process.returncode == 1


def test_a_second_interrupt_ends_the_process_at_once() -> None:
    code = (
        "import os, signal; from distributary.cli_terminal import until_told; told = until_told(); "
        "os.kill(os.getpid(), signal.SIGINT); assert told.is_set(); os.kill(os.getpid(), signal.SIGINT); print('late')"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, timeout=60)
    assert (ended.returncode, ended.stdout) == (130, b"")
    assert b"once more to stop at once" in ended.stderr
