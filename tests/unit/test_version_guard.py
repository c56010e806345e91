"""The version guard holds in every interleaving, and only because of every one of its conditions."""

from __future__ import annotations

import pytest

from consumers.read_model import STALE
from consumers.read_models.version_guard import (
    DELETE,
    FINISH,
    INSERT,
    RECORD_REMOVAL,
    REVISE,
    UPDATE,
    Action,
    Condition,
    Found,
    Part,
    Place,
    Step,
)
from consumers.writes import Remove, VersionedWrite
from tests.contracts.dynamodb_tables import on_the_model
from tests.unit.version_guard_model import Search, Store, Variant, histories


def without(step: Step, place: Place, condition: Condition, *, revising: bool = False) -> Variant:
    """The protocol with a condition taken out of a step."""
    broken = tuple(_without(part, condition) if part.place is place else part for part in step)
    return Variant({step: broken}, revising=revising)


def _without(part: Part, condition: Condition) -> Part:
    assert condition in part.conditions
    return part._replace(conditions=tuple(kept for kept in part.conditions if kept is not condition))


BROKEN = {
    "an update that does not look whether the item is there": without(UPDATE, Place.ITEM, Condition.PRESENT),
    "an update that does not compare versions": without(UPDATE, Place.ITEM, Condition.OLDER),
    "an insert that does not look at the removal": without(INSERT, Place.REMOVAL, Condition.OLDER),
    "an insert that does not look whether the item is there": without(INSERT, Place.ITEM, Condition.ABSENT),
    "a removal recorded without comparing versions": without(RECORD_REMOVAL, Place.REMOVAL, Condition.NOT_NEWER),
    "a removal that is neither recorded again nor finished": Variant(
        {
            RECORD_REMOVAL: (Part(Action.PUT, Place.REMOVAL, (Condition.OLDER,)),),
            FINISH: (Part(Action.CHECK, Place.ITEM, (Condition.OURS_OLDER,)),),
        }
    ),
    "a delete that does not compare versions": without(DELETE, Place.ITEM, Condition.OLDER),
    "a delete before its removal is recorded": Variant({RECORD_REMOVAL: DELETE, DELETE: RECORD_REMOVAL}),
    "an insert that looks at the removal first and puts afterwards": Variant(transactions=False),
    "a statement that does not compare versions": without(REVISE, Place.ITEM, Condition.OURS_OLDER, revising=True),
    "a statement that takes somebody else's item over": Variant(
        {REVISE: (Part(Action.UPDATE, Place.ITEM, (Condition.PRESENT, Condition.OLDER)),)}, revising=True
    ),
    "an insert after a statement that does not look at the removal": without(
        INSERT, Place.REMOVAL, Condition.OLDER, revising=True
    ),
}


def visited(longest: int, zombies: int = 1, *, revising: bool = False) -> int:
    """How many states all histories up to that length lead to; fails at the first wrong ending."""
    count = 0
    for history in histories(longest):
        search = Search(history, Variant(revising=revising), zombies)
        assert search.wrong is None, search.wrong
        count += search.visited
    return count


one_by_one_and_in_batches = pytest.mark.parametrize("revising", [False, True], ids=["one by one", "in batches"])


@one_by_one_and_in_batches
def test_every_interleaving_of_up_to_four_changes_with_a_zombie_ends_as_the_history_says(revising: bool) -> None:
    assert visited(longest=4, revising=revising) > 50_000


@pytest.mark.slow
@one_by_one_and_in_batches
def test_every_interleaving_of_up_to_five_changes_with_a_zombie_ends_as_the_history_says(revising: bool) -> None:
    assert visited(longest=5, revising=revising) > 400_000


@pytest.mark.slow
@one_by_one_and_in_batches
def test_every_interleaving_of_up_to_three_changes_with_two_zombies_ends_as_the_history_says(revising: bool) -> None:
    assert visited(longest=3, zombies=2, revising=revising) > 100_000


@pytest.mark.parametrize("variant", BROKEN.values(), ids=BROKEN.keys())
def test_the_search_finds_a_wrong_ending_of(variant: Variant) -> None:
    assert any(Search(history, variant).wrong for history in histories(longest=4))


def test_an_older_removal_deletes_what_a_later_one_has_left_to_delete() -> None:
    """Its writer died; and its event, into which it had folded others, may be skipped by whoever follows."""
    store = Store(item=Found("1"), removal=Found("3"))
    outcome, left = on_the_model(VersionedWrite(Remove("key"), "2"), store)
    assert (outcome, left) == (STALE, Store(item=None, removal=Found("3")))


FOUND = {
    "nothing": None,
    "somebody else's": Found(None),
    "older": Found("1"),
    "the same": Found("2"),
    "newer": Found("3"),
}


@pytest.mark.parametrize(
    ("condition", "held"),
    [
        (Condition.PRESENT, ["somebody else's", "older", "the same", "newer"]),
        (Condition.ABSENT, ["nothing"]),
        (Condition.OURS_OLDER, ["older"]),
        (Condition.OLDER, ["nothing", "somebody else's", "older"]),
        (Condition.NOT_NEWER, ["nothing", "somebody else's", "older", "the same"]),
    ],
)
def test_a_condition_holds_where_it_should(condition: Condition, held: list[str]) -> None:
    assert [name for name, found in FOUND.items() if condition.holds(found, "2")] == held
