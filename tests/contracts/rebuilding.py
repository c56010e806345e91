"""What every read model comes to when its group's projection changed: what a fresh group would have made of it.

A subclass says how its store is made, as for `ReadModelContract`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from consumers.group import Group
from consumers.groups import GROUPS
from consumers.patterns import events, items
from consumers.projection import Projection
from consumers.read_model import ReadModel
from consumers.writes import Fields, Put, Remove, Write
from distributary.folding.partition import Scope
from schemas.attribute_values import Item
from schemas.change_event import ChangeEvent
from schemas.codec import EventDecoder
from schemas.keys import KeyAttribute, KeySchema
from tests.contracts.fresh_group import assert_as_fresh, deliver, holds, logged
from tests.contracts.read_model import Store
from tests.contracts.rebuilding_machine import Rebuilds
from tests.contracts.rebuilding_world import MemoryWorld
from tests.events import REGISTRY, event
from tests.unit.folding_world import TOPIC, World

KEY = (KeyAttribute("UserId", "N"), KeyAttribute("Turn", "S"))
"""One under which a projection chooses the second part."""
USERS: dict[int, list[dict[str, Any] | None]] = {
    1: [{"Username": "Ann", "WorkplaceId": "acme"}],
    2: [{"Username": "Bea"}, {"Username": "Bea", "WorkplaceId": "acme"}, {"Username": "Bea B.", "WorkplaceId": "acme"}],
    3: [{"Username": "Cleo", "WorkplaceId": "acme"}, {"Username": "Cleo", "WorkplaceId": "shut"}],
    4: [{"Username": "Dee", "WorkplaceId": "acme"}, {"Username": "Dee", "WorkplaceId": "acme", "LastLoginAt": 5}],
    5: [{"Username": "Eve", "WorkplaceId": "shut"}, {"Username": "Eve E.", "WorkplaceId": "shut"}, None],
    6: [{"Username": "Fay", "WorkplaceId": "acme"}, None, {"Username": "Fay F.", "WorkplaceId": "acme"}],
    7: [{"Username": "Gil", "WorkplaceId": "acme"}, {"Username": "Gil"}, {"Username": "Gil G.", "LastLoginAt": 6}],
    8: [{"Username": "Hal", "WorkplaceId": "shut"}, {"Username": "Hal"}, {"Username": "Hal", "WorkplaceId": "acme"}],
}
"""What became of each, change by change; None: it was removed."""


def projection(number: int, *, part: str = "a", **fields: Callable[[Item], Any]) -> Projection:
    """One that puts those fields under the item key and `part`."""

    def project(change: ChangeEvent) -> Iterator[Write]:
        key = f"{change.key_text}|{part}"
        if change.after is None:
            yield Remove(key)
            return
        document: Fields = {"UserId": change.after["UserId"], "Turn": part}
        yield Put(key, document | {name: value(change.after) for name, value in fields.items()})

    return Projection("named", number, project)


def at_places(*places: str) -> Any:
    """The `where` that holds those who work there."""
    return items({"WorkplaceId": list(places)})


def changed(*but: str) -> Any:
    """The `filter` that looks for a change of anything but those attributes."""
    return events({"dynamodb": {"NewImage": [{"changed": {"except": list(but)}}]}})


NAMED = projection(1, Name=lambda user: user["Username"])
ACME = Group("named", TOPIC, NAMED, GROUPS[0].read_model, where=at_places("acme"))
CHANGES = {
    "a new field": (
        ACME,
        replace(ACME, projection=projection(2, Name=lambda user: user["Username"], Phone=lambda _: "none")),
    ),
    "another normalisation": (
        ACME,
        replace(ACME, projection=projection(2, Name=lambda user: str(user["Username"]).upper())),
    ),
    "another key": (ACME, replace(ACME, projection=projection(2, part="b", Name=lambda user: user["Username"]))),
    "a narrower where": (replace(ACME, where=at_places("acme", "shut")), ACME),
    "a where where there was none": (replace(ACME, where=None), ACME),
    "a wider where": (ACME, replace(ACME, where=at_places("acme", "shut"))),
    "no where any more": (ACME, replace(ACME, where=None)),
    "a narrower filter": (ACME, replace(ACME, filter=changed("LastLoginAt"))),
    "a wider filter": (replace(ACME, filter=changed("LastLoginAt", "Username")), ACME),
    "another where and filter": (
        replace(ACME, where=at_places("shut"), filter=changed("LastLoginAt")),
        replace(ACME, filter=changed("Username")),
    ),
}
EVERY_GROUP = tuple(dict.fromkeys(group for pair in CHANGES.values() for group in pair))


class RebuildingContract:
    """The tests."""

    rebuilding_examples: ClassVar[int] = 5

    def test_whatever_happens_it_ends_as_a_fresh_group_would_have_made_it(
        self, make_store: Callable[[KeySchema], Store], tmp_path: Path
    ) -> None:
        read_model = make_store(KEY)()
        assert len({group.projection_version for group in EVERY_GROUP}) > 6

        def make_world(example: int) -> MemoryWorld:
            return MemoryWorld(tmp_path / str(example), read_model, EVERY_GROUP[0])

        run_state_machine_as_test(
            partial(Rebuilds, make_world, EVERY_GROUP),  # type: ignore[arg-type] # called, no more
            settings=settings(max_examples=self.rebuilding_examples, stateful_step_count=20),
        )

    def test_an_item_may_be_named_whose_documents_stand_under_keys_that_contain_its_own(
        self, make_store: Callable[[KeySchema], Store], tmp_path: Path
    ) -> None:
        world = World(tmp_path)
        world.publish(*_history())
        world.read_model = make_store(KEY)()
        assert world.rebuild(ACME, Scope(frozenset({b"1", b"99"}))).counts == {"missing": 1}
        assert list(holds(world.read_model)) == ["1|a"]

    @pytest.mark.parametrize("change", CHANGES)
    def test_rebuilt_after_its_projection_changed_it_is_as_a_fresh_group_would_have_made_it(
        self, make_store: Callable[[KeySchema], Store], tmp_path: Path, change: str
    ) -> None:
        former, present = CHANGES[change]
        world = World(tmp_path / "rebuild")
        world.folder.mkdir()
        world.publish(*_history())
        world.read_model = read_model = make_store(KEY)()
        deliver_all(world, former, read_model)
        assert world.rebuild(present).counts
        as_fresh(world, present)
        # nothing is left to do, and nothing that is delivered again changes anything
        assert world.rebuild(present).counts == {}
        deliver_all(world, present, read_model, together=1)
        as_fresh(world, present)


def as_fresh(world: World, group: Group) -> None:
    """Fails where the read model does not hold what the group would have made from the beginning."""
    assert_as_fresh(world.log, EventDecoder(REGISTRY), group, world.read_model)


def deliver_all(world: World, group: Group, read_model: ReadModel, *, together: int = 5) -> None:
    """Lets a member of the group deliver all of the log, so many at a time."""
    deliver(logged(world.log, TOPIC), EventDecoder(REGISTRY), group, read_model, together=together)


def _history() -> Iterator[ChangeEvent]:
    """The users' changes, each user's in order, taking turns."""
    sequence = 0
    for turn in range(max(map(len, USERS.values()))):
        for user_id, changes in USERS.items():
            if turn < len(changes):
                sequence += 1
                before, after = changes[turn - 1] if turn else None, changes[turn]
                operation = "REMOVE" if after is None else "INSERT" if before is None else "MODIFY"
                yield event(operation, sequence, user_id=user_id, before=before, after=after)
