"""Servers with a log that nobody reads, and rebuilds of it, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient

from bridge.relay import Relay, lines
from consumers.group import Group
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

APP_USERS = GROUPS[0]


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

    def send(self, records: list[Any]) -> None:
        """Puts the records into the log."""
        with closing(Relay(lines(TOPICS, self.adapters.registry), self.adapters.publisher(), time.time)) as relay:
            send(relay, records)

    def documents(self, group: Group = APP_USERS) -> dict[str, Any]:
        with closing(self.adapters.read_model(group)) as read_model:
            return {one.key: exact(exact_json(one.document)) for one in read_model.scan()}

    def empty(self, group: Group = APP_USERS) -> None:
        """Takes every document away, as if the table had been made anew."""
        with closing(self.adapters.read_model(group)) as read_model:
            states = read_model.states([one.key for one in read_model.scan()])
            read_model.replace([Replacement(state, Remove(state.key), None) for state in states])
        assert self.documents(group) == {}

    def found(self) -> dict[str, int]:
        """How many keys verify finds of each kind."""
        reach = Reach(self.home, read_settings(Settings, self.environment), time.time)
        how = How(patience=0.0)
        return verify(self.adapters, reach, APP_USERS, Scope(), how, lambda _: None).counts

    def forget_positions(self) -> None:
        """Makes the group one that Kafka has never heard of."""
        if self.adapters.log.positions(APP_USERS.name, APP_USERS.topic):
            admin = AdminClient({"bootstrap.servers": self.environment["DISTRIBUTARY_KAFKA"]})
            admin.delete_consumer_groups([APP_USERS.name])[APP_USERS.name].result(30)
        assert self.adapters.log.positions(APP_USERS.name, APP_USERS.topic) == {}

    def assert_true(self) -> None:
        """The read model is the table, and what its log says."""
        assert self.documents() == self.truth
        assert self.found() == {}


@contextmanager
def alone_in(folder: Path) -> Iterator[Alone]:
    """Fresh servers, with a history of users in their log."""
    with ExitStack() as opened:
        environment = bare() | endpoints(opened)
        assert subprocess.run([*COMMAND, "prepare"], env=environment, check=False, timeout=120).returncode == 0
        settings = read_settings(Settings, environment)
        adapters = opened.enter_context(kafka_adapters(settings, "servers", time.time))
        workload = Workload(5, changes=3_000, users=300)
        alone = Alone(environment, adapters, folder / "home", workload.expected("app-users"))
        alone.send(workload.records)
        yield alone
