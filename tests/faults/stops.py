"""The ports of a member, wrapped: at a step that it is told, the process sends itself a signal."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from consumers.delivery.dead_letters import DeadLetters
from consumers.group import Group
from consumers.read_model import Document, ReadModel, Replacement, State, WriteOutcome
from consumers.subscription import Delivery, Subscription
from consumers.writes import Fields, Put, VersionedWrite, Write
from schemas.change_event import ChangeEvent
from schemas.codec import EventDecoder
from schemas.dead_letters import DeadLetter
from schemas.registry import Registry
from tests.faults.task import Task


class Stops:
    """Counts how often the process comes to its task's step; `tell` is told before the signal is sent."""

    def __init__(self, task: Task, tell: Callable[[str], None]) -> None:
        self._task = task
        self._left = task.times
        self._tell = tell

    def at(self, step: str) -> None:
        """The process is at the step."""
        if step == self._task.step:
            self._left -= 1
            if self._left == 0:
                self._tell(step)
                os.kill(os.getpid(), self._task.signal)

    def in_group(self, group: Group) -> Group:
        """The group, with stops in its filter (or its `where`, if it has none) and its projection."""

        def project(event: ChangeEvent) -> Iterable[Write]:
            self.at("project")
            return group.projection.project(event)

        def keeps(event: ChangeEvent) -> bool:
            self.at("filter")
            return group.filter is None or group.filter(event)

        return replace(group, filter=keeps, projection=replace(group.projection, project=project))


class StoppingDecoder(EventDecoder):
    """Stops at `decode`."""

    def __init__(self, registry: Registry, stops: Stops) -> None:
        super().__init__(registry)
        self._stops = stops

    def decode(self, data: bytes) -> ChangeEvent:
        self._stops.at("decode")
        return super().decode(data)


class StoppingSubscription:
    """Stops after a poll that gave something, and around commits; `turn` is called before each poll."""

    def __init__(self, subscription: Subscription, stops: Stops, turn: Callable[[], None]) -> None:
        self._subscription = subscription
        self._stops = stops
        self._turn = turn
        self.revoked = subscription.revoked
        self.pause = subscription.pause
        self.resume = subscription.resume
        self.wake = subscription.wake
        self.close = subscription.close

    def poll(self, limit: int, timeout: float) -> list[Delivery]:
        self._turn()
        polled = self._subscription.poll(limit, timeout)
        if polled:
            self._stops.at("poll")
        return polled

    def commit(self, positions: Mapping[int, int]) -> None:
        self._stops.at("before commit")
        self._subscription.commit(positions)
        self._stops.at("after commit")


class StoppingReadModel:
    """Stops before, in the middle of and after `apply`."""

    def __init__(self, read_model: ReadModel, stops: Stops) -> None:
        self._read_model = read_model
        self._stops = stops
        self.name = read_model.name
        self.store = read_model.store

    def apply(self, writes: Sequence[VersionedWrite]) -> list[WriteOutcome]:
        half = len(writes) // 2
        self._stops.at("before apply")
        outcomes = self._read_model.apply(writes[:half])
        self._stops.at("half applied")
        outcomes += self._read_model.apply(writes[half:])
        self._stops.at("after apply")
        return outcomes

    def get(self, key: str) -> Document | None:
        return self._read_model.get(key)

    def version(self, key: str) -> str | None:
        return self._read_model.version(key)

    def scan(self) -> Iterator[Document]:
        return self._read_model.scan()

    def states(self, keys: Sequence[str]) -> list[State]:
        return self._read_model.states(keys)

    def replace(self, replacements: Sequence[Replacement]) -> list[WriteOutcome]:
        return self._read_model.replace(replacements)

    def given_back(self, put: Put) -> Fields:
        return self._read_model.given_back(put)

    def close(self) -> None:
        self._read_model.close()


class StoppingLetters:
    """Stops before and after a dead letter."""

    def __init__(self, letters: DeadLetters, stops: Stops) -> None:
        self._letters = letters
        self._stops = stops
        self.resolve = letters.resolve
        self.close = letters.close

    def record(self, letter: DeadLetter) -> None:
        self._stops.at("before letter")
        self._letters.record(letter)
        self._stops.at("after letter")
