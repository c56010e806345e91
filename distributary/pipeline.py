"""What runs, whatever it runs on: pollers and consumers in threads of their own, and whether they are done."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event, Thread
from typing import Protocol

from bridge.handler import Handler
from consumers.delivery.outcomes import Outcomes
from consumers.delivery.retries import Waiting
from consumers.group import Group
from consumers.read_model import ReadModel
from consumers.subscription import Log
from distributary.ledger import Ledger
from distributary.turns import Turns
from distributary.upkeep import Upkeep
from schemas.topics import TOPICS, Topic

logger = logging.getLogger("distributary")


class PollerPart(Protocol):
    """A table's poller, in this process or in another one. See `Poller`."""

    @property
    def topic(self) -> Topic:
        """Whose table it polls."""
        ...

    @property
    def trimmed(self) -> int:
        """How often records left the stream before they were read."""
        ...

    def run(self, stop: Event) -> None:
        """Works until `stop` is set. Raises what it cannot go on for."""
        ...

    def wait_for_empty_pass(self, timeout: float) -> bool:
        """Whether all that was written to the table before the call has been relayed, and nothing is left to relay."""
        ...

    def wait_until_passed(self, timeout: float) -> bool:
        """Whether all that was written to the table before the call has been relayed."""
        ...


class GroupPart(Protocol):
    """A member of a group, in this process or in another one. See `Consumer`."""

    @property
    def group(self) -> Group:
        """The group."""
        ...

    @property
    def read_model(self) -> ReadModel:
        """What it keeps current."""
        ...

    @property
    def outcomes(self) -> Outcomes:
        """What its deliveries ended in."""
        ...

    @property
    def waiting(self) -> Waiting | None:
        """What it waits for in an outage."""
        ...

    @property
    def retries(self) -> int:
        """How many turns an outage ended."""
        ...

    @property
    def unaccounted(self) -> int:
        """The difference of its accounts: 0."""
        ...

    def run(self, stop: Event) -> None:
        """Works until `stop` is set. Raises what it cannot go on for."""
        ...

    def wake(self) -> None:
        """Lets what it waits for in `run` end at once."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """A pipeline, or a part of one, built and not yet running. `handler` is what fed records pass through, if any are.

    `ledger` is the bridge's accounts, `turns` what the groups' turns took.
    """

    on: str
    log: Log
    ledger: Ledger
    turns: Turns
    clock: Callable[[], float]
    pollers: Sequence[PollerPart] = ()
    consumers: Sequence[GroupPart] = ()
    handler: Handler | None = None


class Pipeline:
    """The parts, running. The first that cannot go on is `failure`, and sets `ended`, which others may set too.

    `feeding`, while set, says that records are still being handed over: then it is not drained.
    """

    def __init__(self, parts: Parts, ended: Event) -> None:
        self.parts = parts
        self.ended = ended
        self.failure: Exception | None = None
        self.stopped: dict[str, str] = {}
        self.feeding = False
        self._stop = Event()
        upkeep = Upkeep([consumer.read_model for consumer in parts.consumers], parts.clock)
        self._threads = [
            *(Thread(target=self._work, args=(f"poller of {p.topic.table}", p.run)) for p in parts.pollers),
            *(Thread(target=self._work, args=(c.group.name, c.run)) for c in parts.consumers),
            Thread(target=self._work, args=("upkeep", upkeep.run)),
        ]

    def start(self) -> None:
        """Starts every part."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stops every part after its turn, and waits for it."""
        self._stop.set()
        for consumer in self.parts.consumers:
            consumer.wake()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def drained(self, timeout: float) -> bool:
        """Whether everything written to a table before the call has reached every read model.

        True only if the groups stood at the end of every topic, then every stream was read to its end by a pass begun
        after that, and the topics had not grown meanwhile: then nobody was left who could write.
        """
        ends = self._ends()
        if self.feeding or not self._at(ends):
            return False
        if not all(poller.wait_for_empty_pass(timeout) for poller in self.parts.pollers):
            return False
        return self._ends() == ends

    def passed(self, timeout: float) -> bool:
        """Whether every stream has been read to its end, and relayed, by a pass begun after the call.

        Not so where there is no poller: nothing passes here then. `timeout` is what each poller may take.
        """
        pollers = self.parts.pollers
        return bool(pollers) and all(poller.wait_until_passed(timeout) for poller in pollers)

    def _ends(self) -> dict[str, dict[int, int]]:
        return {topic.name: self.parts.log.ends(topic.name) for topic in TOPICS}

    def _at(self, ends: dict[str, dict[int, int]]) -> bool:
        for consumer in self.parts.consumers:
            group = consumer.group
            positions = self.parts.log.positions(group.name, group.topic)
            if any(positions.get(partition, 0) < end for partition, end in ends[group.topic].items()):
                return False
        return True

    def _work(self, name: str, run: Callable[[Event], None]) -> None:
        try:
            run(self._stop)
        except Exception as error:
            logger.debug("%s stopped", name, exc_info=True)
            self.stopped[name] = str(error)
            self.failure = self.failure or error
            self.ended.set()
