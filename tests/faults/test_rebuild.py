"""A rebuild that is killed, frozen or not alone: it ends right, and nothing of it is left."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bridge.relay import Relay, lines
from consumers.groups import GROUPS
from consumers.read_model import Replacement
from consumers.writes import Remove
from distributary.adapters import Adapters
from distributary.dump import exact_json
from distributary.folding.crew import Reach
from distributary.folding.partition import Scope
from distributary.kafka_adapters import kafka_adapters
from distributary.settings import Settings
from distributary.verify import How, verify
from schemas.settings import read_settings
from schemas.topics import TOPICS
from tests.faults.place import until
from tests.faults.workload import Workload, send
from tests.flow.command import COMMAND, Ended, distributary, exact
from tests.flow.pipeline import bare, endpoints

pytestmark = [pytest.mark.slow, pytest.mark.servers]

APP_USERS = GROUPS[0]
DEAD = 30.0
"""Seconds in which a run of the dead is surely taken over."""


class Rebuilding:
    """`distributary rebuild` with --json in a process of its own, followed line by line."""

    def __init__(self, environment: dict[str, str], home: Path, *arguments: str) -> None:
        command = [*COMMAND, "rebuild", "app-users", "--json", "--home", str(home), *arguments]
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def come_to(self, stage: str, done: int = 0) -> None:
        """Returns once it tells of that stage, with so much done."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            row = json.loads(line)
            if row.get("stage", next(iter(row))) == stage and row.get("done", 0) >= done:
                return
        pytest.fail(f"it never came to {stage}: {self.process.communicate()[1].decode()}")

    def workers(self) -> list[int]:
        """The processes that it has started."""
        tasks = Path(f"/proc/{self.process.pid}/task")
        return [int(pid) for task in tasks.iterdir() for pid in (task / "children").read_text().split()]

    def kill(self) -> None:
        """Ends it there and then; nothing that it has started lives on."""
        workers = self.workers()
        self.process.kill()
        self.process.communicate()
        until(lambda: not any(map(alive, workers)), "its workers ended with it", 20, workers)

    def result(self) -> dict[str, Any]:
        """What it ends with."""
        said, complained = self.process.communicate(timeout=120)
        assert self.process.returncode == 0, complained.decode()
        return dict(json.loads(said.splitlines()[-1])["result"])


def alive(pid: int) -> bool:
    """Whether the process runs: one that ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@dataclass
class Alone:
    """Servers with a log, and nobody who reads it."""

    environment: dict[str, str]
    adapters: Adapters
    home: Path
    truth: dict[str, Any]

    def rebuilding(self, *arguments: str) -> Rebuilding:
        return Rebuilding(self.environment, self.home, "--patience", "0", *arguments)

    def ask(self, *arguments: str, **more: str) -> Ended:
        return distributary(*arguments, "--home", self.home, env={**self.environment, **more})

    def documents(self) -> dict[str, Any]:
        with closing(self.adapters.read_model(APP_USERS)) as read_model:
            return {one.key: exact(exact_json(one.document)) for one in read_model.scan()}

    def empty(self) -> None:
        """Takes every document away, as if the table had been made anew."""
        with closing(self.adapters.read_model(APP_USERS)) as read_model:
            states = read_model.states([one.key for one in read_model.scan()])
            read_model.replace([Replacement(state, Remove(state.key), None) for state in states])
        assert self.documents() == {}

    def assert_true(self) -> None:
        assert self.documents() == self.truth
        reach = Reach(self.home, read_settings(Settings, self.environment), time.time)
        found = verify(self.adapters, reach, APP_USERS, Scope(), How(patience=0.0), lambda _: None)
        assert found.counts == {}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alone]:
    with ExitStack() as opened:
        environment = bare() | endpoints(opened)
        assert subprocess.run([*COMMAND, "prepare"], env=environment, check=False, timeout=120).returncode == 0
        settings = read_settings(Settings, environment)
        adapters = opened.enter_context(kafka_adapters(settings, "servers", time.time))
        workload = Workload(5, changes=3_000, users=300)
        relay = Relay(lines(TOPICS, adapters.registry), adapters.publisher(), adapters.clock)
        opened.callback(relay.close)
        send(relay, workload.records)
        home = tmp_path_factory.mktemp("alone") / "home"
        yield Alone(environment, adapters, home, workload.expected("app-users"))


@pytest.mark.parametrize(
    ("stage", "done"), [("documents read", 0), ("events read", 0), ("plan", 0), ("keys written", 1)]
)
def test_a_rebuild_that_is_killed_and_given_again_ends_right(alone: Alone, stage: str, done: int) -> None:
    alone.empty()
    killed = alone.rebuilding("--workers", "2", "--writes-per-second", "40")
    killed.come_to(stage, done)
    killed.kill()
    assert alone.documents() != alone.truth
    begun = time.monotonic()
    result = alone.rebuilding().result()
    assert time.monotonic() - begun < DEAD
    assert result["put"] == len(alone.truth) or (stage == "keys written" and 0 < result["put"] < len(alone.truth))
    alone.assert_true()
    assert not list((alone.home / "folds").iterdir())


def test_two_rebuilds_at_the_same_time_are_one(alone: Alone) -> None:
    alone.empty()
    first = alone.rebuilding("--workers", "2", "--writes-per-second", "100")
    second = alone.rebuilding("--writes-per-second", "100")
    results = [first.result(), second.result()]
    # Who comes when the other has left already finds nothing to do.
    assert max(result["put"] for result in results) == len(alone.truth)
    assert {result["put"] for result in results} <= {0, len(alone.truth)}
    alone.assert_true()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_the_other_one_takes_over_what_a_dead_or_frozen_one_had(alone: Alone, number: signal.Signals) -> None:
    alone.empty()
    first = alone.rebuilding("--writes-per-second", "20")
    first.come_to("plan")
    second = alone.rebuilding()
    second.come_to("partitions done")
    first.process.send_signal(number)
    assert second.result()["put"] > 0
    if number == signal.SIGSTOP:
        # It wakes up: whatever it still writes has been written.
        first.process.send_signal(signal.SIGCONT)
        first.process.communicate(timeout=120)
        assert first.process.returncode == 0
    else:
        first.process.communicate()
    alone.assert_true()
