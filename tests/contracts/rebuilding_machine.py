"""Whatever happens to a few users, a member and rebuilds of its read model: as a state machine for Hypothesis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from consumers.delivery.loop import Consumer, Pace
from consumers.delivery.memory import MemoryDeadLetters, MemorySubscription
from consumers.delivery.prepare import Preparation
from consumers.group import Group
from consumers.read_model import ReadModel
from distributary.folding.partition import Scope
from schemas.change_event import ChangeEvent
from schemas.codec import EventDecoder
from schemas.versions import SNAPSHOT_VERSION
from tests.events import REGISTRY, event
from tests.unit.folding_world import NOW, TOPIC, World

USERS = range(3)
PLACES = (None, "acme", "shut")
_example = count()

users = st.sampled_from(USERS)
Item = dict[str, Any]


class Rebuilds(RuleBasedStateMachine):
    """One member at a time, of one of `groups`; a rebuild of all keys is due once another one has begun."""

    def __init__(self, read_model: ReadModel, folder: Path, groups: Sequence[Group], holds: Callable[..., Any]) -> None:
        super().__init__()
        self._example = next(_example)
        self._world = World(folder / str(self._example))
        self._world.folder.mkdir()
        self._world.read_model = read_model
        self._groups, self._group = groups, groups[0]
        self._holds = holds
        self._items: dict[int, Item] = {}
        self._events: list[ChangeEvent] = []
        self._sequence = 0
        self._member = self._begin()

    @rule(user=users, place=st.sampled_from(PLACES), named=st.booleans())
    def put(self, user: int, place: str | None, named: bool) -> None:
        """The user moves; or gets a new name too, else only logs in."""
        before = self._items.get(user)
        name = f"user {self._sequence}" if named or before is None else before["Username"]
        after: Item = {"Username": name, "LastLoginAt": self._sequence}
        if place is not None:
            after["WorkplaceId"] = place
        self._items[user] = after
        self._change("INSERT" if before is None else "MODIFY", user, before, after)

    @rule(user=users)
    def remove(self, user: int) -> None:
        """The user goes."""
        if (before := self._items.pop(user, None)) is not None:
            self._change("REMOVE", user, before, None)

    @rule(user=users, data=st.data())
    def snapshot(self, user: int, data: st.DataObject) -> None:
        """The user is stated as at some time before."""
        stated = [one.after for one in self._events if one.after is not None and self._is(one, user)]
        if stated:
            item = {name: value for name, value in data.draw(st.sampled_from(stated)).items() if name != "UserId"}
            self._world.publish(self._event("SNAPSHOT", user, None, item, SNAPSHOT_VERSION))

    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        """An event comes again."""
        if self._events:
            self._world.publish(data.draw(st.sampled_from(self._events)))

    @rule()
    def deliver(self) -> None:
        """The member takes a turn."""
        self._member.step(0.0)

    @rule(batch=st.integers(1, 5))
    def restart(self, batch: int) -> None:
        """The member dies, and another begins where the last position was committed."""
        self._member = self._begin(batch)

    @rule(group=st.integers(0, 100))
    def change_projection(self, group: int) -> None:
        """The member leaves, and one of another projection begins."""
        self._group = self._groups[group % len(self._groups)]
        self._member = self._begin()

    @rule(keys=st.none() | st.sets(users), meanwhile=st.lists(st.tuples(users, st.sampled_from(PLACES)), max_size=3))
    def rebuild(self, keys: set[int] | None, meanwhile: list[tuple[int, str | None]]) -> None:
        """All of the read model, or some of it, while changes come in and are delivered."""

        def happens() -> None:
            for user, place in meanwhile:
                self.put(user, place, named=True)
                self._member.step(0.0)

        scope = Scope() if keys is None else Scope(frozenset(str(self._id(key)).encode() for key in keys))
        self._world.rebuild(self._group, scope, meanwhile=happens)

    def teardown(self) -> None:
        """All is delivered and rebuilt; then it is as the log says."""
        while self._member.step(0.0):
            pass
        self._world.rebuild(self._group)
        self._holds(self._world, self._group)
        assert self._world.check(self._group).counts == {}

    def _begin(self, batch: int = 3) -> Consumer:
        subscription = MemorySubscription(self._world.log, "named", TOPIC)
        preparation = Preparation(self._group, EventDecoder(REGISTRY))
        pace = Pace(batch=batch)
        return Consumer(preparation, subscription, self._world.read_model, MemoryDeadLetters(), lambda: NOW, pace)

    def _change(self, operation: str, user: int, before: Item | None, after: Item | None) -> None:
        made = self._event(operation, user, before, after)
        self._events.append(made)
        self._world.publish(made)

    def _event(
        self, operation: str, user: int, before: Item | None, after: Item | None, version: str | None = None
    ) -> ChangeEvent:
        self._sequence += 1
        return event(
            operation, self._sequence, user_id=self._id(user), before=before, after=after, version_text=version
        )

    def _is(self, one: ChangeEvent, user: int) -> bool:
        return one.key_text == str(self._id(user))

    def _id(self, user: int) -> int:
        """Each example has users of its own: a store remembers removals of the ones before."""
        return 1000 * (self._example + 1) + user
