"""A test's own place on the servers: a topic, the groups on it, their members, and what must be true in the end."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Set
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any
from uuid import uuid4

from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from bridge.kafka import KafkaPublisher
from bridge.relay import Relay, lines
from consumers.errors import Outage
from consumers.group import Group
from consumers.read_model import Table
from consumers.read_models.dynamodb_steps import EXPIRES_AT, REMOVALS
from consumers.subscription import Delivery
from consumers.wiring import open_read_model
from distributary.adapters import Adapters
from distributary.dump import exact_json
from distributary.kafka_adapters import kafka_adapters
from distributary.kafka_topics import DeclaredTopic, create_topics
from distributary.settings import Endpoints, Settings
from distributary.tables import DeclaredTable, create_tables
from schemas.event_schema import packaged
from schemas.registry_http import HttpRegistry
from schemas.settings import read_settings, variable
from schemas.topics import BRIDGE_DEAD_LETTERS, Topic, dead_letters_of
from tests.faults.process import Member
from tests.faults.task import SESSION_MS, Task
from tests.flow.command import exact

PATIENCE = 120.0
"""Seconds after which a condition counts as never met; machines may be busy."""
LOOK_SECONDS = 0.1


def until(condition: Callable[[], object], what: str, seconds: float = PATIENCE, about: object = "") -> None:
    """Returns once the condition is true; fails, saying what it waited for, where that takes too long.

    `about`, or what it returns, is told as it is by then.
    """
    pause, deadline = Event(), monotonic() + seconds
    while not condition():
        assert monotonic() < deadline, f"not within {seconds:g} s: {what} {about() if callable(about) else about}"
        pause.wait(LOOK_SECONDS)


def due(at: float) -> bool:
    """Whether it is later than that on the monotonic clock."""
    return monotonic() > at


@dataclass
class Place:
    """A topic of its own, for the events of `topic.table`, and everything that a test does there."""

    endpoints: Endpoints
    adapters: Adapters
    topic: Topic
    variables: dict[str, str]
    folder: Path
    opened: ExitStack
    members: list[Member] = field(default_factory=list)

    def relay(self, **settings: Any) -> Relay:
        """A relay into the topic, by the bridge's Kafka publisher with these properties besides."""
        publisher = KafkaPublisher({"bootstrap.servers": self.endpoints.kafka, "log_level": 0, **settings})
        relay = Relay(lines([self.topic], self.adapters.registry), publisher, self.adapters.clock)
        self.opened.callback(relay.close)
        return relay

    def publisher(self) -> KafkaPublisher:
        """What puts into the topic what no bridge would."""
        publisher = KafkaPublisher({"bootstrap.servers": self.endpoints.kafka})
        self.opened.callback(publisher.close)
        return publisher

    def group(self, kind: str, protocol: str = "consumer") -> Task:
        """A new group on the topic, its dead letters and its table; the task of a member without a fault."""
        name = f"{kind}-{uuid4().hex[:12]}"
        task = Task(kind=kind, name=name, topic=self.topic.name, read_model=f"faults-{name}", protocol=protocol)
        self.make_room(task.group)
        return task

    def make_room(self, group: Group) -> None:
        """Makes the group's dead letters and, where it writes to one, its table; its members are missed soon."""
        letters = DeclaredTopic(dead_letters_of(group.name), 1, compacted=True)
        create_topics({"bootstrap.servers": self.endpoints.kafka}, [letters], replicas=1)
        self._shorten_session(group.name)
        if isinstance(group.read_model, Table):
            tables = [DeclaredTable(group.read_model.name, group.read_model.key)]
            create_tables(
                self.adapters.stores.dynamodb,
                [*tables, DeclaredTable(REMOVALS.name, REMOVALS.key, expires_at=EXPIRES_AT)],
            )

    def _shorten_session(self, group: str) -> None:
        """Has the broker miss a member of the new protocol soon."""
        changed = {"consumer.session.timeout.ms": SESSION_MS, "consumer.heartbeat.interval.ms": SESSION_MS // 4}
        entries = [
            ConfigEntry(name, str(value), incremental_operation=AlterConfigOpType.SET)
            for name, value in changed.items()
        ]
        resource = ConfigResource(ResourceType.GROUP, group, incremental_configs=entries)
        admin = AdminClient({"bootstrap.servers": self.endpoints.kafka, "log_level": 0})
        admin.incremental_alter_configs([resource])[resource].result(30)

    def start(self, task: Task, **variables: str) -> Member:
        """A member at work."""
        protocol = {variable("kafka_group_protocol"): task.protocol}
        member = Member(task, {**os.environ, **self.variables, **protocol, **variables}, self.folder)
        self.members.append(member)
        return member

    def drained(self, task: Task) -> bool:
        """Whether the group stands at the end of its topic; where Kafka cannot say so, it does not."""
        log = self.adapters.log
        try:
            ends = {partition: end for partition, end in log.ends(task.topic).items() if end}
            return log.positions(task.name, task.topic) == ends
        except Outage:
            return False

    def standing(self, task: Task) -> str:
        """Where the group stands, and where its topic ends."""
        log = self.adapters.log
        return f"{log.positions(task.name, task.topic)} of {log.ends(task.topic)}; members {log.members(task.name)}"

    def documents(self, task: Task) -> dict[str, Any]:
        """What the group's read model holds, exactly."""
        read_model = open_read_model(task.group.read_model, self.adapters.stores)
        try:
            return {found.key: exact(exact_json(found.document)) for found in read_model.scan()}
        finally:
            read_model.close()

    def deliveries(self, topic: str) -> Iterator[Delivery]:
        """All that a topic holds."""
        log = self.adapters.log
        for partition, end in log.ends(topic).items():
            yield from log.read(topic, partition, 0, end)

    def places(self, chosen: Callable[[Delivery], bool]) -> set[str]:
        """Where in the place's topic the chosen ones are, as dead letters name it."""
        found = self.deliveries(self.topic.name)
        return {f"{one.topic}/{one.partition}/{one.offset}" for one in found if chosen(one)}

    def letters(self, task: Task) -> set[str]:
        """The places of the group's dead letters."""
        return {(letter.key or b"").decode() for letter in self.deliveries(dead_letters_of(task.name))}

    def assert_conserved(self, task: Task, expected: dict[str, Any], poison: Set[str] = frozenset()) -> None:
        """All accounts balance, the group is at the end, dead letters are the poison alone, the read model is true."""
        of_group = [member for member in self.members if member.task.name == task.name]
        reports = [report for member in of_group for report in member.reports()]
        assert reports
        assert [report for report in reports if report.unaccounted] == []
        assert self.drained(task)
        assert self.letters(task) == poison
        found = self.documents(task)
        assert found.keys() == expected.keys()
        assert {key: found[key] for key in found if found[key] != expected[key]} == {}


@contextmanager
def place_on(endpoints: Endpoints, table: str = "Users", item_record: str = "users") -> Iterator[Place]:
    """A place on these servers; its members are ended with it."""
    variables = {variable(name): getattr(endpoints, name) for name in endpoints.__struct_fields__}
    variables |= {variable("opensearch_replicas"): "0", variable("group_batch"): "200"}
    topic = Topic(table, f"faults-{uuid4().hex[:12]}.changes", item_record)
    settings = read_settings(Settings, variables)
    with ExitStack() as opened:
        adapters = opened.enter_context(kafka_adapters(settings, "servers", time.time))
        wanted = [DeclaredTopic(topic.name, topic.partitions, compacted=False)]
        letters = [
            DeclaredTopic(name, 1, compacted=True) for name in (dead_letters_of(topic.name), BRIDGE_DEAD_LETTERS)
        ]
        create_topics(settings.kafka.client(), [*wanted, *letters], replicas=1)
        assert isinstance(adapters.registry, HttpRegistry)
        adapters.registry.register(topic.subject, packaged(topic.item_record))
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="distributary-members-")))
        place = Place(endpoints, adapters, topic, variables, folder, opened)
        try:
            yield place
        finally:
            print(*place.members, sep="\n")  # noqa: T201 - what there is to go by where the test failed
            for member in place.members:
                member.kill()
