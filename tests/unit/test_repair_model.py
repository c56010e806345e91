"""A repair against a bridge that lags ends equal to the table, whatever happens meanwhile; each step is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.statements import Statement
from distributary import repair as module
from distributary.repair import Fate, Repair, Verdict
from schemas.attribute_values import Attributes
from schemas.versions import repair_version
from tests.unit.repair_model import Act, World, repaired

CALLS = 5
"""A round's calls of its ports: before each, something may happen."""
SETTLED = (Fate.REPAIRED, Fate.REMOVED, Fate.NOTHING_TO_DO)
CHANGES = (Act.PUT, Act.DELETE)


def begun(history: tuple[tuple[Act, bool], ...], relayed: int, acts: tuple[Act, ...], *, waits: bool = True) -> World:
    """A world in which this has happened: changes, each lost to the bridge or not, so many of the rest relayed."""
    world = World(acts, waits)
    for act, lost in history:
        world.change(act, lost=lost)
    world.relay(relayed)
    return world


def histories() -> Iterator[tuple[tuple[tuple[Act, bool], ...], int]]:
    """Histories of up to three changes, and how many of them were relayed."""
    for length in range(4):
        for history in product(product(CHANGES, (False, True)), repeat=length):
            for relayed in range(length + 1):
                yield history, relayed


def interleavings(happenings: int) -> Iterator[tuple[Act, ...]]:
    """What may happen before the calls of two rounds."""
    for number in range(happenings + 1):
        for places in combinations(range(2 * CALLS), number):
            for acts in product((*CHANGES, Act.RELAY, Act.PUT_THROUGH), repeat=number):
                happening = dict(zip(places, acts, strict=True))
                yield tuple(happening.get(place, Act.NOTHING) for place in range(2 * CALLS))


def ends_wrong(kind: Callable[..., Repair] = Repair, *, waits: bool = True, happenings: int = 1) -> list[World]:
    """The worlds that do not end equal to their table."""
    wrong = []
    for (history, relayed), acts in product(histories(), interleavings(happenings)):
        world = begun(history, relayed, acts, waits=waits)
        assert repaired(world, kind).fate in SETTLED
        if world.holds() != world.item:
            wrong.append(world)
    return wrong


@pytest.mark.slow
def test_whatever_happens_between_its_steps_the_key_ends_equal_to_the_table() -> None:
    assert ends_wrong(happenings=2) == []


@given(
    history=st.lists(st.tuples(st.sampled_from(CHANGES), st.booleans()), max_size=6).map(tuple),
    relayed=st.integers(0, 6),
    acts=st.lists(st.sampled_from(list(Act)), max_size=4 * CALLS).map(tuple),
)
def test_so_it_does_in_long_histories(
    history: tuple[tuple[Act, bool], ...], relayed: int, acts: tuple[Act, ...]
) -> None:
    world = begun(history, relayed, acts)
    assert repaired(world).fate in SETTLED
    assert world.holds() == world.item


class OneLook(Repair):
    """Looks at the version once, after the bridge has passed, and begins nothing again."""

    def _round(self, batch: Mapping[str, Attributes]) -> list[Verdict]:
        (key,), (item,) = batch, self._read(batch).values()
        self._passed()
        self._versions.read_on()
        compared = self._versions.of(key.encode())
        if item is not None or compared is not None:
            self._statements.publish([Statement(batch[key], item, repair_version(compared), 0.0)], 1.0)
        return [Verdict(key, Fate.REPAIRED)]


class ItemFirst(Repair):
    """Reads the item before it looks at the version for the first time."""

    _found: dict[str, Attributes | None] | None = None

    def _round(self, batch: Mapping[str, Attributes]) -> list[Verdict]:
        self._found = super()._read(batch)
        return super()._round(batch)

    def _read(self, batch: Mapping[str, Attributes]) -> dict[str, Attributes | None]:
        assert self._found is not None
        return self._found


@pytest.mark.parametrize(
    "left_out",
    [
        partial(ends_wrong, OneLook),
        partial(ends_wrong, ItemFirst),
        partial(ends_wrong, waits=False),
    ],
    ids=["the first look at the version", "the order of version and item", "the wait for the bridge"],
)
def test_each_step_is_needed(left_out: Callable[[], list[World]]) -> None:
    assert left_out()


def test_a_repair_has_to_stand_right_above_what_it_was_compared_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "repair_version", lambda compared: compared or "0")
    assert ends_wrong()


def test_a_key_that_changes_in_every_round_is_given_up() -> None:
    world = World([act for _ in range(module.ROUNDS) for act in (Act.NOTHING, Act.NOTHING, Act.PUT, Act.NOTHING)])
    world.change(Act.PUT)
    verdict = repaired(world)
    assert (verdict.fate, verdict.reason) == (Fate.KEPT_CHANGING, "in each of 10 rounds")
    assert world.holds() == world.item
