"""`distributary rebuild`: a read model is made what its log says, while live traffic goes on (design section 9)."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from threading import Event
from uuid import uuid4

import msgspec

from consumers.errors import GroupBusy
from consumers.group import Group
from consumers.read_model import Preparable
from consumers.subscription import Log
from distributary.adapters import Adapters
from distributary.folding.checks import check_members
from distributary.folding.crew import WRITTEN, Counts, Reach, crew
from distributary.folding.dynamodb_runs import Member, Run, joined
from distributary.folding.findings import Findings
from distributary.folding.partition import Scope
from distributary.folding.worker import Task
from distributary.folding.writing import Written
from distributary.progress import Show, Stage
from distributary.verify import How, crew_size, folder, prepared, reading

LOOK_SECONDS = 0.5


class Rebuilt(msgspec.Struct):
    """What a rebuild found and wrote: `found` by this command, `written` by all that took part."""

    found: Findings
    written: Written


@dataclass(frozen=True, slots=True)
class Rebuild:
    """A rebuild of a group's read model, of all keys or a scope's.

    `approve` sees the plan before anything is written, and raises where it shall not be.
    """

    adapters: Adapters
    reach: Reach
    group: Group
    scope: Scope
    how: How
    show: Show
    approve: Callable[[Findings], None]

    def run(self) -> Rebuilt:
        """Writes what differs. Others that are asked for the same meanwhile, here or elsewhere, take part.

        Raises RunInProgress where they are at something else; LogIncomplete, OldMember, GroupRefused, Outage.
        """
        check_members(self.adapters.log, self.group)
        rebuilt = Rebuilt(Findings(), Written())
        client, name = self.adapters.stores.dynamodb, f"rebuild:{self.group.name}"
        with folder(self.reach.home) as place, joined(client, name, self._what(), *self._who()) as run:
            make_place(self.adapters, self.group)
            while True:
                # 1 read the read model, then fix the log's ends
                task = prepared(self.adapters, self.group, self.scope, self.how, place, self.show)
                # 2 fold what nobody else has, compare, look again; 3 write
                self._work(task, run, rebuilt)
                # 4 wait for the others, and take over from those who died
                if not self._may_take_over(run, [str(number) for number in task.ranges]):
                    break
            for result in run.results().values():
                rebuilt.written.add(msgspec.json.decode(result, type=Written))
        return rebuilt

    def _work(self, task: Task, run: Run, rebuilt: Rebuilt) -> None:
        """Folds the partitions that can be claimed, and writes what differs in them."""
        total = sum(end - start for start, end in task.ranges.values())
        found, mine = Findings(), list[int]()
        with crew(self.adapters, self.reach, self.group, task, crew_size(self.how, total, len(task.ranges))) as at_work:
            claimed = (number for number in task.ranges if run.claim(str(number)))
            for number, findings in at_work.check(claimed, lambda counts: self.show(reading(counts, total))):
                found.add(findings, task.scope.samples)
                mine.append(number)
            if not mine:
                return
            self.approve(found)
            rebuilt.found.add(found, task.scope.samples)
            wrong = found.to_write
            for number, written in at_work.write(mine, lambda counts: self.show(writing(counts, wrong))):
                if task.scope.keys is None:
                    set_position(self.adapters.log, self.group, number, task.ranges[number].end)
                run.done(str(number), msgspec.json.encode(written).decode())

    def _may_take_over(self, run: Run, parts: list[str]) -> bool:
        """Waits until every part is done, or one is free because its holder died: then there is more to do."""
        pause = Event()
        while (done := len(run.results())) < len(parts):
            self.show(Stage("partitions done", done, len(parts)))
            if run.free(parts):
                return True
            pause.wait(LOOK_SECONDS)
        return False

    def _what(self) -> str:
        said = f"version {self.group.projection_version}"
        if self.scope.keys is None:
            return f"{said}, all keys"
        digest = sha256(b"\n".join(sorted(self.scope.keys))).hexdigest()[:8]
        return f"{said}, {len(self.scope.keys)} keys ({digest})"

    def _who(self) -> tuple[Member, str]:
        """This command as others see it, and when it began."""
        member = Member(uuid4().hex, f"{socket.gethostname()}, process {os.getpid()}")
        return member, f"{datetime.fromtimestamp(self.adapters.clock(), UTC):%Y-%m-%d %H:%M:%S} UTC"


def make_place(adapters: Adapters, group: Group) -> None:
    """Makes the place of the group's read model where it makes it itself and there is none. Raises GroupRefused."""
    with closing(adapters.read_model(group)) as read_model:
        if isinstance(read_model, Preparable):
            read_model.prepare()


def set_position(log: Log, group: Group, partition: int, end: int) -> None:
    """Sets where a group that nobody runs begins, if it is not beyond that already."""
    if log.positions(group.name, group.topic).get(partition, -1) < end and not log.members(group.name):
        try:
            log.set_positions(group.name, group.topic, {partition: end})
        except GroupBusy:
            return  # somebody has just started: he has a position


def writing(counts: Counts, total: int) -> Stage:
    """How far the writing is."""
    return Stage("keys written", counts[WRITTEN], total)
