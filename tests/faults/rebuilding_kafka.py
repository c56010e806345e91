"""The world of `Rebuilds` on real servers: a topic that the bridge's relay fills, members of a Kafka group, a store."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, fields, replace
from pathlib import Path
from time import monotonic
from uuid import uuid4

import pytest

from bridge.dynamodb_runs import RUNS
from consumers.delivery.loop import Consumer, Pace
from consumers.group import Group
from consumers.groups import GROUPS
from consumers.read_model import Index, Preparable, ReadModel, Table
from distributary import letters
from distributary.adapters import Adapters
from distributary.folding.crew import Reach
from distributary.folding.partition import Scope
from distributary.rebuild import Rebuild
from distributary.settings import Endpoints, Settings
from distributary.tables import DeclaredTable, create_tables
from distributary.verify import How, verify
from schemas import topics
from schemas.codec import EventDecoder
from schemas.keys import KeyAttribute
from schemas.settings import read_settings
from tests.contracts.rebuilding_world import Died, Happens, Interrupted, Mortal, Source, quiet
from tests.faults.place import PATIENCE, place_on, until

POLL_SECONDS = 0.05
HOW = How(workers=1, patience=0.0)
"""In this process, and nobody waits for a member that takes no turn meanwhile."""


@dataclass(frozen=True)
class Interruptible(Adapters):
    """Adapters whose read models are `Interrupted`."""

    happens: Happens = quiet

    def read_model(self, group: Group) -> ReadModel:
        """See `Adapters.read_model`."""
        return Interrupted(Adapters.read_model(self, group), self.happens)


class KafkaWorld:
    """See RebuildWorld. Topic, group and read model are this world's alone, so an example is the same every time.

    A member joins with the first turn that has something to deliver, for joining is what takes long.
    """

    def __init__(self, endpoints: Endpoints, folder: Path, read_model: Table | Index, group: Group) -> None:
        self._opened = ExitStack()
        self._place = self._opened.enter_context(place_on(endpoints))
        self._name, self._read_model = f"rebuilt-{uuid4().hex[:12]}", read_model
        self._adapters, self.group = self._place.adapters, self._own(group)
        self._reach = Reach(folder, read_settings(Settings, self._place.variables), time.time)
        self._member: Consumer | None = None
        self._batch = 3
        # What folds knows topics and dead letters by what is declared.
        declared = self._opened.enter_context(pytest.MonkeyPatch.context())
        declared.setattr(topics, "TOPICS", (*topics.TOPICS, self._place.topic))
        declared.setattr(letters, "GROUPS", (*GROUPS, self.group))
        self._place.make_room(self.group)
        runs = DeclaredTable(RUNS, (KeyAttribute("run", "S"), KeyAttribute("part", "S")))
        create_tables(self._adapters.stores.dynamodb, [runs])
        self.log = self._adapters.log
        self.decoder = EventDecoder(self._adapters.registry)
        self.read_model = self._adapters.read_model(self.group)
        self._opened.callback(self.read_model.close)
        if isinstance(self.read_model, Preparable):
            self.read_model.prepare()
        self.source = Source(self._place.topic, self._adapters.registry, self._place.publisher(), time.time)
        # A group has begun before anything is rebuilt: one without a position is refused where it has documents.
        self.log.set_positions(self.group.name, self.group.topic, dict.fromkeys(range(self._place.topic.partitions), 0))

    def now(self) -> float:
        """See `RebuildWorld.now`."""
        return time.time()

    def begin(self, group: Group, batch: int) -> None:
        """See `RebuildWorld.begin`."""
        if self._member is not None:
            self._member.close()
            self._member = None
            until(lambda: not self.log.members(self._name), "the member has left")
        self.group, self._batch = self._own(group), batch

    def step(self, dies_at: int = 0) -> int:
        """See `RebuildWorld.step`."""
        deadline = monotonic() + PATIENCE
        while self._is_behind():
            assert monotonic() < deadline, f"nothing was delivered in {PATIENCE:g} s"
            member = self._member or self._join()
            self._subscription.dies_at = dies_at
            try:
                if finished := member.step(POLL_SECONDS):
                    return finished
            except Died:
                self.begin(self.group, self._batch)
                return 0
        return 0

    def rebuild(self, scope: Scope, happens: Happens) -> int:
        """See `RebuildWorld.rebuild`."""
        interrupted = Interruptible(
            **{each.name: getattr(self._adapters, each.name) for each in fields(self._adapters)}, happens=happens
        )
        written = Rebuild(interrupted, self._reach, self.group, scope, HOW, show=_unseen, approve=_unseen).run().written
        assert not written.refused, written.reasons
        return written.writes

    def differences(self) -> dict[str, int]:
        """See `RebuildWorld.differences`."""
        return verify(self._adapters, self._reach, self.group, Scope(), HOW, _unseen).counts

    def close(self) -> None:
        """See `RebuildWorld.close`."""
        if self._member is not None:
            self._member.close()
        self._opened.close()

    def _own(self, group: Group) -> Group:
        """The group, on this world's topic and read model."""
        return replace(group, family=self._name, topic=self._place.topic.name, read_model=self._read_model)

    def _join(self) -> Consumer:
        self._subscription = Mortal(self._adapters.subscription(self.group))
        adapters = replace(self._adapters, subscription=lambda _: self._subscription, pace=Pace(batch=self._batch))
        self._member = adapters.consumer(self.group, self._adapters.read_model(self.group))
        return self._member

    def _is_behind(self) -> bool:
        ends = self.log.ends(self.group.topic)
        positions = self.log.positions(self._name, self.group.topic)
        return any(positions.get(partition, 0) < end for partition, end in ends.items())


def _unseen(_: object) -> None:
    """Nobody watches."""
