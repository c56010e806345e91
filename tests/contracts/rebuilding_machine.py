"""Whatever happens to a few users, a member and rebuilds of its read model: as a state machine for Hypothesis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from consumers.group import Group
from distributary.folding.partition import Scope
from tests.contracts.fresh_group import assert_as_fresh
from tests.contracts.rebuilding_world import Moment, RebuildWorld, quiet
from tests.records import expired, record

USERS = range(3)
PLACES = (None, "acme", "shut")
_example = count()

users = st.sampled_from(USERS)
places = st.sampled_from(PLACES)
some = st.integers(0, 100)
"""One of those that there are by then: what is drawn is the same however far the member has come."""
changes = st.lists(st.tuples(st.sampled_from(Moment), users, places), max_size=4)
Item = dict[str, Any]
Change = tuple[Moment, int, str | None]


class Rebuilds(RuleBasedStateMachine):
    """One member at a time, of one of `groups`; a rebuild of all keys is due once another one has begun, and once only.

    `make_world` gets the example's number.
    """

    def __init__(self, make_world: Callable[[int], RebuildWorld], groups: Sequence[Group]) -> None:
        super().__init__()
        self._example = next(_example)
        self._world = make_world(self._example)
        self._groups = groups
        self._items: dict[int, Item] = {}
        self._records: list[dict[str, Any]] = []
        self._rebuild_due = True
        self._stated: dict[int, list[Item]] = {user: [] for user in USERS}

    @initialize(group=some, past=st.lists(st.tuples(users, places), min_size=len(USERS), max_size=2 * len(USERS)))
    def have_a_past(self, group: int, past: list[tuple[int, str | None]]) -> None:
        """There are users, and a group has delivered them: what a rebuild may find wrong is there from the start."""
        self.change_projection(group)
        for user, place in past:
            self.put(user, place, named=True)
        while self._world.step():
            pass

    @rule(user=users, place=places, named=st.booleans(), twice=st.booleans())
    def put(self, user: int, place: str | None, named: bool, twice: bool = False) -> None:
        """The user moves; or gets a new name too, else only logs in."""
        before, number = self._items.get(user), len(self._records)
        name = f"user {number}" if named or before is None else before["Username"]
        after: Item = {"Username": name, "LastLoginAt": number}
        if place is not None:
            after["WorkplaceId"] = place
        self._items[user] = after
        self._stated[user].append(after)
        self._relay(self._record("INSERT" if before is None else "MODIFY", user, before, after), twice)

    @rule(user=users, by_itself=st.booleans(), twice=st.booleans())
    def remove(self, user: int, by_itself: bool, twice: bool) -> None:
        """The user goes, removed by somebody or because the item's time is over."""
        if (before := self._items.pop(user, None)) is not None:
            removal = self._record("REMOVE", user, before, None)
            self._relay(expired(removal) if by_itself else removal, twice)

    @rule(user=users, when=some)
    def snapshot(self, user: int, when: int) -> None:
        """The user is stated as at some time before."""
        if stated := self._stated[user]:
            self._world.source.state({"UserId": self._id(user), **stated[when % len(stated)]})

    @rule(first=some, number=st.integers(1, 3))
    def send_again(self, first: int, number: int) -> None:
        """A few stream records, one after the other, are delivered to the relay again."""
        first %= len(self._records)
        self._world.source.relay(self._records[first : first + number])

    @rule()
    def deliver(self) -> None:
        """The member takes a turn."""
        self._world.step()

    @rule(batch=st.integers(1, 5), dies_at=st.integers(0, 2))
    def restart(self, batch: int, dies_at: int) -> None:
        """The member dies, between two turns or at a commit of one, and another begins at the last position."""
        if dies_at:
            self._world.step(dies_at)
        self._world.begin(self._world.group, batch)

    @rule(group=some)
    def change_projection(self, group: int) -> None:
        """The member leaves, and one of another projection begins."""
        self._world.begin(self._groups[group % len(self._groups)], batch=3)
        self._rebuild_due = True

    @rule(keys=st.none() | st.sets(users), meanwhile=changes, group=st.none() | some, settled=st.booleans())
    def rebuild(
        self, keys: set[int] | None, meanwhile: Sequence[Change], group: int | None = None, settled: bool = False
    ) -> None:
        """All of the read model, or some of it, while changes come in and are delivered; perhaps as another group."""
        if group is not None:
            self.change_projection(group)
        left = list(meanwhile)

        def happens(moment: Moment, asked: Sequence[str]) -> None:
            due = next((change for change in left if change[0] is moment), None)
            if due is not None:
                left.remove(due)
                self._move(
                    *due[1:], [user for user in USERS if self._key(user) in {key.split("|")[0] for key in asked}]
                )

        self._world.rebuild(
            Scope(None if keys is None else frozenset(self._key(key).encode() for key in keys)), happens
        )
        for _, user, place in left:
            self._move(user, place)
        self._rebuild_due &= keys is not None
        if settled:
            self.settle()

    @rule()
    def settle(self) -> None:
        """All is delivered. Then the read model is as the log says, if it was rebuilt since its projection changed."""
        while self._world.step():
            pass
        if not self._rebuild_due:
            self._check()

    def teardown(self) -> None:
        """All is delivered, and rebuilt if that is due; then it is as the log says, and nothing is left to do."""
        try:
            if self._rebuild_due:
                self.rebuild(None, [])
            self.settle()
            assert self._world.rebuild(Scope(), quiet) == 0
        finally:
            self._world.close()

    def _check(self) -> None:
        """Fails where the read model is not what a fresh group would have made, or verify says that it is not."""
        world = self._world
        assert_as_fresh(world.log, world.decoder, world.group, world.read_model)
        assert world.differences() == {}

    def _move(self, user: int, place: str | None, among: Sequence[int] = ()) -> None:
        """A change, of one of the users that matter just then, and its delivery."""
        self.put(among[user % len(among)] if among else user, place, named=True)
        self._world.step()

    def _relay(self, change: dict[str, Any], twice: bool) -> None:
        self._records.append(change)
        self._world.source.relay([change, change] if twice else [change])

    def _record(self, operation: str, user: int, before: Item | None, after: Item | None) -> dict[str, Any]:
        return record(
            operation,
            len(self._records) + 1,
            user_id=self._id(user),
            before=before,
            after=after,
            committed=self._world.now(),
        )

    def _key(self, user: int) -> str:
        return str(self._id(user))

    def _id(self, user: int) -> int:
        """Each example has users of its own: a store may remember removals of the ones before."""
        return 1000 * (self._example + 1) + user
