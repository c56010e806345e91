"""The work on partitions: fold, compare, judge, write; each partition by itself, whoever does it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from threading import Event
from time import monotonic
from typing import NamedTuple

from consumers.delivery.prepare import Preparation
from consumers.generations import FIRST
from consumers.group import Group
from consumers.read_model import ReadModel
from consumers.subscription import Log
from distributary.adapters import Adapters
from distributary.folding.findings import Findings
from distributary.folding.held_file import HeldFile
from distributary.folding.partition import Ground, Partition, Scope, Tell
from distributary.folding.replaying import Replayed, Replaying
from distributary.folding.sending import Sending
from distributary.folding.writing import Writing, Written
from schemas.codec import EventDecoder
from schemas.event_schema import item_key_of
from schemas.topics import topic_named

LOOK_SECONDS = 0.2


class Range(NamedTuple):
    """Offsets of a partition, from `start` up to but not including `end`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be done with the partitions of a group's topic; it can be sent to another process.

    `held` is the file of what the read model held (None: it is not compared, every key is looked at). `patience` is for
    how many seconds a group that stands still is waited for. `into`: another name for the read model.
    """

    group: str
    scope: Scope
    folder: Path
    ranges: Mapping[int, Range]
    open_letters: frozenset[str] = frozenset()
    held: Path | None = None
    patience: float = 5.0
    writes_per_second: float | None = None
    into: str | None = None

    def of(self, group: Group) -> Group:
        """The group as the task means it."""
        if self.into is None:
            return group
        return replace(group, read_model=replace(group.read_model, name=self.into), generation=FIRST)


@dataclass(frozen=True, slots=True)
class Tellings:
    """Who hears how many more events were read, keys looked at and keys written. Each may raise, to stop the work."""

    events: Tell
    looked: Tell
    written: Tell


class Work(StrEnum):
    """What is done with a partition; the value is the worker's method."""

    CHECK = "check"
    WRITE = "write"
    REPLAY = "replay"


class Worker:
    """Does a task, one partition at a time."""

    def __init__(self, ground: Ground, read_model: ReadModel, task: Task, tell: Tellings) -> None:
        self._ground = ground
        self._read_model = read_model
        self._task = task
        self._tell = tell
        self._held = None if task.held is None else HeldFile(task.held)
        self._patience = task.patience
        self._sending = Sending(read_model.store, ground.clock, task.writes_per_second, tell.written)

    def do(self, work: Work, number: int) -> Findings | Written | Replayed:
        """What comes of that work on a partition. Raises Outage."""
        match work:
            case Work.CHECK:
                return self.check(number)
            case Work.WRITE:
                return self.write(number)
            case Work.REPLAY:
                return self.replay(number)

    def check(self, number: int) -> Findings:
        """What differs in a partition; it is noted in its file. Raises Outage."""
        with closing(self._partition(number, anew=True)) as partition:
            # 1 fold the log up to its end as it was fixed
            partition.fold(self._tell.events)
            # 2 compare with what was held before that
            partition.compare(self._held)
            # 3 once the group has had all of it, look again at what seems to differ
            position = self._delivered(number)
            return partition.judge(position, self._tell.looked)

    def write(self, number: int) -> Written:
        """Puts right what `check` found in a partition. Raises Outage."""
        writing = Writing(self._read_model, self._sending)
        with closing(self._partition(number, anew=False)) as partition:
            writing.write(partition)
        return writing.written

    def replay(self, number: int) -> Replayed:
        """What becomes of a partition's writes under the version guard. Raises Outage."""
        replaying = Replaying(self._read_model, self._sending, self._ground.clock)
        with closing(self._partition(number, anew=True)) as partition:
            partition.fold(self._tell.events)
            replaying.replay(partition)
        return replaying.replayed

    def close(self) -> None:
        """Closes its files."""
        if self._held is not None:
            self._held.close()

    def _partition(self, number: int, *, anew: bool) -> Partition:
        return Partition(self._ground, number, *self._task.ranges[number], anew=anew)

    def _delivered(self, number: int) -> int:
        end = self._task.ranges[number].end
        if self._task.scope.of_the_past:
            return end
        position = delivered(self._ground.log, self._ground.preparation.group, number, end, self._patience)
        if position < end:
            self._patience = 0.0  # a group that stands still is waited for once
        return position


@contextmanager
def working(adapters: Adapters, group: Group, task: Task, tell: Tellings) -> Iterator[Worker]:
    """A worker on these adapters. Raises SettingsError."""
    meant = task.of(group)
    with ExitStack() as opened:
        read_model = opened.enter_context(closing(adapters.read_model(meant)))
        ground = Ground(
            log=adapters.log,
            preparation=Preparation(meant, EventDecoder(adapters.registry), folding=True),
            stand=read_model,
            clock=adapters.clock,
            item_key_parts=item_key_parts(meant.topic),
            open_letters=task.open_letters,
            folder=task.folder,
            scope=task.scope,
        )
        yield opened.enter_context(closing(Worker(ground, read_model, task, tell)))


def item_key_parts(topic: str) -> int:
    """How many attributes the item key of a topic's table has. Raises UnknownTopic."""
    return len(item_key_of(topic_named(topic)))


def delivered(log: Log, group: Group, partition: int, end: int, patience: float) -> int:
    """The group's position in a partition, once it has come to `end` or stood still for `patience` seconds."""
    pause, seen, since = Event(), -1, monotonic()
    while True:
        position = log.positions(group.name, group.topic).get(partition, 0)
        if position != seen:
            seen, since = position, monotonic()
        if position >= end or monotonic() - since >= patience:
            return position
        pause.wait(min(LOOK_SECONDS, patience))
