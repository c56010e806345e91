"""What a rebuild's world can do: records come in, a member delivers them and dies, its read model is rebuilt.

`RebuildWorld` is the port, `MemoryWorld` the one with a log in memory, beside whatever read model; the one on a real
log is `tests/faults/rebuilding_kafka.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

from bridge.publisher import ACKNOWLEDGED, Message, Publisher, Receipt
from bridge.relay import Relay, lines
from bridge.statements import Statement, Statements
from bridge.streams import Stream
from consumers.delivery.loop import Consumer, Pace
from consumers.delivery.memory import MemoryDeadLetters, MemoryLog, MemorySubscription
from consumers.delivery.prepare import Preparation
from consumers.group import Group
from consumers.read_model import Document, ReadModel, Replacement, State, WriteOutcome
from consumers.subscription import Log, Subscription
from distributary.folding.partition import Scope
from schemas.codec import EventDecoder
from schemas.registry import Registry
from schemas.topics import TOPICS, Topic
from schemas.versions import SNAPSHOT_VERSION
from tests.events import REGISTRY
from tests.faults.workload import send
from tests.records import arn, image
from tests.unit.folding_world import NOW, World

PUBLISH_SECONDS = 30.0


class Moment(Enum):
    """When something happens to a rebuild, told by what it asks of the read model."""

    READ = "it has read all of it; the log's ends are not fixed yet"
    LOOKING = "it is about to look at some keys again"
    LOOKED = "it has seen what stands under them, and not yet what the log wants by now"
    WRITING = "it is about to write what differed"


Happens = Callable[[Moment, Sequence[str]], None]
"""Lets happen what shall happen the next time that it is so far; the keys are those that are asked for."""


def quiet(_: Moment, __: Sequence[str]) -> None:
    """Nothing happens."""


class RebuildWorld(Protocol):
    """A table's log, one group on it with at most one member, and the group's read model."""

    log: Log
    decoder: EventDecoder
    read_model: ReadModel
    group: Group
    """As its latest member had it, on this log and read model."""
    source: Source

    def now(self) -> float:
        """When what happens next is committed, epoch seconds."""
        ...

    def begin(self, group: Group, batch: int) -> None:
        """The member dies, if there is one; another begins where the last position was committed."""
        ...

    def step(self, dies_at: int = 0) -> int:
        """The member takes a turn; how many deliveries it finished, 0 where none are left.

        `dies_at` 1: it dies before the first commit of that turn, 2: before the second; then another begins.
        """
        ...

    def rebuild(self, scope: Scope, happens: Happens) -> int:
        """The read model is made what the log says, while it `happens`; how many writes were sent."""
        ...

    def differences(self) -> dict[str, int]:
        """How many keys of each kind verify finds."""
        ...

    def close(self) -> None:
        """The end of this world."""
        ...


class Source:
    """The table, as far as its log knows: the bridge's relay, and what states items that were read."""

    def __init__(self, topic: Topic, registry: Registry, publisher: Publisher, clock: Callable[[], float]) -> None:
        (line,) = lines([topic], registry)
        self._relay = Relay([line], publisher, clock)
        self._statements = Statements(line, Stream(arn(topic.table), topic.view_type), publisher, clock)
        self._clock = clock

    def relay(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Brings a batch of stream records into the log."""
        send(self._relay, records)

    def state(self, item: Mapping[str, Any]) -> None:
        """States an item, of plain values, as a snapshot does."""
        attributes = image(**item)
        statement = Statement(attributes, attributes, SNAPSHOT_VERSION, self._clock())
        assert self._statements.publish([statement], PUBLISH_SECONDS) == [""]

    def close(self) -> None:
        """Lets go of the log."""
        self._relay.close()


class Died(BaseException):
    """A member died there and then; nothing that catches errors keeps it."""


class Mortal:
    """A member's subscription: it dies before the commit that it is told (1: the next one, 0: none)."""

    def __init__(self, subscription: Subscription) -> None:
        self.dies_at = 0
        self._subscription = subscription
        self.poll = subscription.poll
        self.revoked = subscription.revoked
        self.pause = subscription.pause
        self.resume = subscription.resume
        self.wake = subscription.wake
        self.close = subscription.close

    def commit(self, positions: Mapping[int, int]) -> None:
        """See `Subscription.commit`."""
        self.dies_at -= 1
        if self.dies_at == 0:
            raise Died
        self._subscription.commit(positions)


class Interrupted:
    """A read model in which something happens whenever a rebuild asks something of it."""

    def __init__(self, read_model: ReadModel, happens: Happens) -> None:
        self.name = read_model.name
        self.store = read_model.store
        self.apply = read_model.apply
        self.get = read_model.get
        self.version = read_model.version
        self.given_back = read_model.given_back
        self.close = read_model.close
        self._read_model = read_model
        self._happens = happens

    def scan(self) -> Iterator[Document]:
        """See `ReadModel.scan`."""
        yield from self._read_model.scan()
        self._happens(Moment.READ, [])

    def states(self, keys: Sequence[str]) -> list[State]:
        """See `ReadModel.states`."""
        self._happens(Moment.LOOKING, keys)
        states = self._read_model.states(keys)
        self._happens(Moment.LOOKED, keys)
        return states

    def replace(self, replacements: Sequence[Replacement]) -> list[WriteOutcome]:
        """See `ReadModel.replace`."""
        self._happens(Moment.WRITING, [one.seen.key for one in replacements])
        return self._read_model.replace(replacements)


class LogPublisher:
    """Publishes into a log in memory."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log

    def publish(self, messages: Sequence[Message], timeout: float) -> list[Receipt]:
        """See `Publisher.publish`."""
        for one in messages:
            self._log.append(one.topic, one.key, one.value, one.headers)
        return [ACKNOWLEDGED] * len(messages)

    def close(self) -> None:
        """See `Publisher.close`."""


class MemoryWorld:
    """See RebuildWorld. The read model may hold what other worlds have left in it."""

    def __init__(self, folder: Path, read_model: ReadModel, group: Group) -> None:
        folder.mkdir()
        self._world = World(folder)
        self._world.read_model = self.read_model = read_model
        self.log = self._world.log
        self.decoder = EventDecoder(REGISTRY)
        self.source = Source(TOPICS[0], REGISTRY, LogPublisher(self.log), self.now)
        self.begin(group, batch=3)

    def now(self) -> float:
        """See `RebuildWorld.now`."""
        return NOW

    def begin(self, group: Group, batch: int) -> None:
        """See `RebuildWorld.begin`."""
        self.group, self._batch = group, batch
        self._subscription = Mortal(MemorySubscription(self.log, group.name, group.topic))
        self._member = Consumer(
            Preparation(group, self.decoder),
            self._subscription,
            self.read_model,
            MemoryDeadLetters(),
            self.now,
            Pace(batch=batch),
        )

    def step(self, dies_at: int = 0) -> int:
        """See `RebuildWorld.step`."""
        self._subscription.dies_at = dies_at
        try:
            return self._member.step(0.0)
        except Died:
            self.begin(self.group, self._batch)
            return 0

    def rebuild(self, scope: Scope, happens: Happens) -> int:
        """See `RebuildWorld.rebuild`."""
        self._world.read_model = Interrupted(self.read_model, happens)
        try:
            self._world.rebuild(self.group, scope)
        finally:
            self._world.read_model = self.read_model
        return self._world.written.writes

    def differences(self) -> dict[str, int]:
        """See `RebuildWorld.differences`."""
        return self._world.check(self.group).counts

    def close(self) -> None:
        """See `RebuildWorld.close`."""
