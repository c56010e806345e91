"""Promote, rollback and retire end right in every interleaving with live traffic, and only because of their rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from consumers.group import Group
from distributary import generations, promotion
from distributary.adapters import Adapters
from distributary.generations import Target
from tests.unit.rebuild_histories import PRESENT, Case, as_it_happened, at, histories, in_regions
from tests.unit.rebuild_store import Held, Store
from tests.unit.rebuild_told import Told, tell
from tests.unit.switching_model import COMMANDS, Command, Run, explore
from tests.unit.switching_world import AS_IT_IS, FIRST, SECOND, Build, Place, Rules, World, Wrong

BEFORE = PRESENT
AFTER = Group(
    PRESENT.family,
    PRESENT.topic,
    replace(PRESENT.projection, version=2),
    PRESENT.read_model,
    where=in_regions("both"),
    generation=SECOND,
)
GROUPS = {FIRST: BEFORE, SECOND: AFTER}
"""The second generation holds less than the first one, and looks at more."""
AN_INSTANT = 1e-9
STRANGER: Held = (at(99), (0, 0))
"""A document that the log says nothing of, above all that comes."""


@pytest.fixture(autouse=True)
def _two_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command looks twice whether a group has caught up, and does not wait in between."""
    monkeypatch.setattr(generations, "GROUPS", (BEFORE, AFTER))
    monkeypatch.setattr(promotion, "_LOOK_SECONDS", AN_INSTANT)
    monkeypatch.setattr(promotion, "CATCH_UP_SECONDS", AN_INSTANT)


def told(longest: int) -> Iterator[dict[int, Told]]:
    """What the histories up to that length come to, for both generations."""
    case = Case(BEFORE, None, ("both", "present"), ("name",))
    for history in histories(case, longest):
        for log in as_it_happened(history):
            # `tell` knows only what the first one holds of the table.
            yield {FIRST: tell(case, log), SECOND: tell(case._replace(present=AFTER), log._replace(told=False))}


def places(longest: int, rules: Rules = AS_IT_IS) -> Iterator[Place]:
    """Each begins with an empty log, and the second generation beside the first or read after it; or the second one is
    wrong, by a stranger's document or an event that it has lost.
    """
    for each in told(longest):
        for two_rows in (False, True):
            empty = Build(0, Store(two_rows))
            both = {FIRST: empty, SECOND: empty}
            stranger = {FIRST: empty, SECOND: Build(0, Store(two_rows, STRANGER))}
            behind_it = {FIRST: empty, SECOND: Build(1, Store(two_rows))}
            for start in (
                World(0, both, FIRST),
                World(0, both, SECOND, FIRST),
                World(0, stranger, FIRST),
                World(1, behind_it, FIRST),
            ):
                yield Place(each, GROUPS, start, rules)


def is_caught(rules: Rules = AS_IT_IS) -> bool:
    """Whether any way ends wrong."""
    for place in places(2, rules):
        for command in COMMANDS.values():
            try:
                explore(place, command)
            except Wrong:
                return True
    return False


each_command = pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())


@each_command
def test_in_every_interleaving_people_read_a_whole_generation_that_ends_as_the_log_says(command: Command) -> None:
    assert sum(explore(place, command) for place in places(1)) > 1_000


@each_command
@pytest.mark.slow
def test_so_they_do_with_two_changes(command: Command) -> None:
    assert sum(explore(place, command) for place in places(2)) > 30_000


@pytest.mark.parametrize(
    "rules",
    [Rules(one_step=False), Rules(own_positions=False), Rules(before=False)],
    ids=["a switch in two steps", "positions that generations share", "any generation for the one before"],
)
def test_the_model_finds_a_wrong_ending_of(rules: Rules) -> None:
    assert is_caught(rules)


def test_the_model_finds_that_nobody_asks_how_far_a_generation_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promotion, "behind", lambda *_: None)
    assert is_caught()


def test_the_model_finds_that_nobody_verifies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Run, "verify", lambda *_: 0)
    assert is_caught()


def test_the_model_finds_that_nobody_asks_again_after_verifying(monkeypatch: pytest.MonkeyPatch) -> None:
    objections = promotion._objections

    def until_verified(adapters: Adapters, chosen: Target, verify: promotion.Verify) -> Iterator[str]:
        verified: list[Group] = []

        def verifies(adapters: Adapters, group: Group) -> int:
            verified.append(group)
            return verify(adapters, group)

        for objection in objections(adapters, chosen, verifies):
            if not verified or objection.startswith("verify finds"):
                yield objection

    monkeypatch.setattr(promotion, "_objections", until_verified)
    assert is_caught()
