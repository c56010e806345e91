"""Which shards may be read: a parent to its end before its children."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bridge.shards import Shard, readable

PARENT, LEFT, RIGHT = Shard("parent"), Shard("left", "parent"), Shard("right", "parent")


@st.composite
def lineages(draw: st.DrawFn) -> list[Shard]:
    """Shards of a stream that rolled and split, the oldest trimmed, in any order."""
    count = draw(st.integers(1, 12))
    shards = [Shard("s0")]
    for number in range(1, count):
        parent = draw(st.none() | st.integers(0, number - 1))
        shards.append(Shard(f"s{number}", None if parent is None else f"s{parent}"))
    return draw(st.permutations(shards[draw(st.integers(0, count - 1)) :]))


def test_a_shard_without_a_parent_may_be_read() -> None:
    assert readable([PARENT], finished=()) == [PARENT]


def test_children_wait_until_their_parent_is_finished() -> None:
    assert readable([LEFT, PARENT, RIGHT], finished=()) == [PARENT]
    assert readable([LEFT, PARENT, RIGHT], finished={"parent"}) == [LEFT, RIGHT]


def test_a_grandchild_waits_for_its_own_parent() -> None:
    grandchild = Shard("grandchild", "left")
    assert readable([PARENT, LEFT, grandchild], finished={"parent"}) == [LEFT]


def test_a_parent_that_is_not_listed_has_been_trimmed_and_counts_as_finished() -> None:
    assert readable([LEFT, RIGHT], finished=()) == [LEFT, RIGHT]


def test_a_finished_shard_is_not_read_again() -> None:
    assert readable([PARENT], finished={"parent"}) == []


def test_a_shard_listed_twice_is_read_once() -> None:
    assert readable([PARENT, PARENT], finished=()) == [PARENT]


@given(lineages(), st.data())
def test_every_shard_is_read_in_the_end_and_none_before_its_parent(shards: list[Shard], data: st.DataObject) -> None:
    finished: list[str] = []
    while ready := readable(shards, finished):
        finished.append(data.draw(st.sampled_from(ready)).shard_id)

    assert sorted(finished) == sorted(shard.shard_id for shard in shards)
    for shard in shards:
        if shard.parent in finished:
            assert finished.index(shard.parent) < finished.index(shard.shard_id)
