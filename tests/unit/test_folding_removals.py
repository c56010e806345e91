"""What is removed stays removed, and what is written below what stood there loses nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from consumers.read_model import STALE, Replacement, WriteOutcome
from consumers.read_models.memory import MemoryReadModel
from consumers.writes import Remove, VersionedWrite
from distributary.folding.partition import Scope
from tests.events import event
from tests.unit.folding_world import AT_WORK, World, at, gone, long_ago, put, user


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_removal_that_was_forgotten_is_found_and_remembered_while_it_is_due(world: World) -> None:
    world.publish(gone(5))
    assert world.rebuild().counts == {"unremembered": 1}
    assert world.read_model.version("1") == at(5)
    assert world.check().counts == {}


def test_an_old_removal_is_left_forgotten_unless_its_key_is_named(world: World) -> None:
    old = event("REMOVE", 5, before={"Username": "x"})
    world.publish(long_ago(old))
    assert world.rebuild().counts == {}
    scope = Scope(keys=frozenset({b"1"}), every_removal=True)
    assert world.rebuild(scope=scope).counts == {"unremembered": 1}
    assert world.read_model.version("1") == at(5)


def test_an_item_that_stays_outside_where_needs_no_removal_above_the_one_that_took_it_there(world: World) -> None:
    world.publish(
        user(1, "ann", operation="INSERT"),
        user(2, "bea", 2, operation="INSERT", WorkplaceId="acme"),
        event("MODIFY", 3, user_id=2, before={"WorkplaceId": "acme"}, after={}),
        user(4, "bea", 2),
    )
    assert world.check(AT_WORK).counts == {"unremembered": 1}
    world.held(VersionedWrite(Remove("2"), at(3)))
    assert world.check(AT_WORK).counts == {}


class Meanwhile(MemoryReadModel):
    """Something happens before each of so many replacements."""

    def __init__(self, *happens: Callable[[], object]) -> None:
        super().__init__("names")
        self._happens = list(happens)

    def replace(self, replacements: Sequence[Replacement]) -> list[WriteOutcome]:
        """See `ReadModel.replace`."""
        if self._happens:
            self._happens.pop(0)()
        return super().replace(replacements)


def test_what_live_traffic_could_not_apply_to_a_document_above_it_is_applied_once_that_is_gone(world: World) -> None:
    def live() -> None:
        world.publish(user(3, "new"))
        assert world.read_model.apply([put(3, "new")]) == [STALE]

    world.read_model = Meanwhile(live)
    world.held(put(9, "of another log"))
    world.rebuild()
    assert world.documents() == {"1": "new"}


def test_a_removal_that_took_a_document_away_is_remembered_though_no_put_is_known(world: World) -> None:
    """A snapshot may have read the item before, and come into the log after."""
    world.publish(gone(5), event("MODIFY", 6, user_id=2, before={"WorkplaceId": "acme"}, after={}))
    assert world.rebuild(AT_WORK).counts == {"unremembered": 1}
    assert (world.read_model.version("1"), world.read_model.version("2")) == (None, at(6))


def test_a_removal_is_due_as_long_as_that_of_the_event_that_took_the_document_away(world: World) -> None:
    world.publish(
        *map(long_ago, (user(1, "ann", operation="INSERT", WorkplaceId="acme"),)),
        long_ago(event("MODIFY", 2, before={"WorkplaceId": "acme"}, after={})),
        user(3, "ann"),
    )
    assert world.check(AT_WORK).counts == {}
    scope = Scope(keys=frozenset({b"1"}), every_removal=True)
    assert world.check(AT_WORK, scope).counts == {"unremembered": 1}
