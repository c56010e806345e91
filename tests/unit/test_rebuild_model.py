"""A rebuild ends right in every interleaving with live traffic, and only because of every one of its rules."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest

from consumers.group import Group
from distributary.folding.judge import judge, moments, nothing
from schemas.change_event import ChangeEvent, Operation
from tests.unit.rebuild_histories import (
    CASES,
    KEY,
    Case,
    Logs,
    Repairing,
    Snapshot,
    as_it_happened,
    histories,
    long_ago,
    lost,
    sent_again,
)
from tests.unit.rebuild_model import AS_IT_IS, RULE, Rebuilding, Search, state_of
from tests.unit.rebuild_store import Compare, Store
from tests.unit.rebuild_told import Told, given_back, tell

LOGS: dict[str, Logs] = {
    "as it happened": as_it_happened,
    "lost": lost,
    "long ago": long_ago,
    "repaired": Repairing(),
    "sent again or late": sent_again,
    "a snapshot": Snapshot(),
}
MINUTES = {
    *product(("nothing changed", "without a filter"), ("sent again or late", "a snapshot")),
    ("the old where was wider", "a snapshot"),
}
"""What of three changes leads to millions of moments."""
ONE_ROW_OR_TWO = (False, True)

each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
each_log = pytest.mark.parametrize("logs", LOGS.values(), ids=LOGS.keys())


def told(case: Case, logs: Logs, longest: int, folds: type[Group] = Group) -> Iterator[Told]:
    """What the logs of all histories up to that length come to, each once."""
    yield from dict.fromkeys(tell(case, log, folds) for history in histories(case, longest) for log in logs(history))


def visited(case: Case, logs: Logs, longest: int) -> int:
    """How many moments they lead to; fails at the first wrong one."""
    count = 0
    for each in told(case, logs, longest):
        for two_rows in ONE_ROW_OR_TWO:
            for strangers in (False, True) if case.former is None else (False,):
                search = Search(each, two_rows=two_rows, strangers=strangers)
                assert search.wrong is None, search.wrong
                count += search.visited
    return count


def is_caught(rebuilding: Rebuilding, folds: type[Group] = Group, *, longest: int = 2) -> bool:
    """Whether any search ends wrong, of those that nothing is left out of."""
    return any(
        Search(each, rebuilding, two_rows=two_rows, strangers=strangers).wrong
        for logs in LOGS.values()
        for case in CASES.values()
        for each in told(case, logs, longest, folds)
        for two_rows, strangers in product(ONE_ROW_OR_TWO, (False, True))
    )


@each_case
@each_log
def test_every_interleaving_of_one_change_ends_as_a_fresh_group_and_the_table(case: Case, logs: Logs) -> None:
    assert visited(case, logs, longest=1) > 5


@pytest.mark.slow
@each_case
@each_log
def test_every_interleaving_of_up_to_two_changes_ends_so(case: Case, logs: Logs) -> None:
    assert visited(case, logs, longest=2) > 200


@pytest.mark.slow
@each_case
def test_every_interleaving_of_three_changes_as_they_happened_ends_so(case: Case) -> None:
    assert visited(case, as_it_happened, longest=3) > 5_000


@pytest.mark.slow
@pytest.mark.parametrize(("case", "logs"), [pair for pair in product(CASES, LOGS) if pair not in MINUTES])
def test_every_interleaving_of_up_to_three_changes_ends_so(case: str, logs: str) -> None:
    assert visited(CASES[case], LOGS[logs], longest=3) > 1_000


@each_case
@each_log
def test_what_a_group_has_delivered_whole_is_right(case: Case, logs: Logs) -> None:
    for each in told(case, logs, longest=3):
        for two_rows in ONE_ROW_OR_TWO if each.told else ():
            store = Store(two_rows)
            for said in filter(None, each.live):
                *_, store = store.apply(said)
            forgotten = store._replace(removal=None) if store.removal in each.gone else store
            want = moments(nothing(KEY), each.wants(0, len(each.live)))[-1]
            assert judge(want, state_of(forgotten), given_back(want.write), RULE) is None, each


BROKEN = {
    "a write like live traffic's": Rebuilding(compare=Compare.GUARD),
    "a write that is no lower": Rebuilding(compare=Compare.NOT_LOWER),
    "a write that compares nothing": Rebuilding(compare=Compare.NONE),
    "a write that does not compare the removal": Rebuilding(compare=Compare.DOCUMENT),
    "no removals": Rebuilding(remembers=False),
    "the log's end before what is read": Rebuilding(reads_first=False),
    "the log read no further than the fold": Rebuilding(reads_on=False),
    "no look after a write that lowers": Rebuilding(looks_after=False),
    "a former member that has not left": Rebuilding(waits_for_former=False),
}


@pytest.mark.parametrize("rebuilding", BROKEN.values(), ids=BROKEN.keys())
def test_the_search_finds_a_wrong_ending_of(rebuilding: Rebuilding) -> None:
    assert is_caught(rebuilding)


class SkipsOutside(Group):
    """Folds as live traffic looks."""

    def look(self, event: ChangeEvent, *, for_others: bool = False, folding: bool = False) -> ChangeEvent | None:
        """See `Group.look`."""
        return super().look(event, for_others=for_others)


class FiltersFirst(Group):
    """Lets the filter drop a change of membership."""

    def look(self, event: ChangeEvent, *, for_others: bool = False, folding: bool = False) -> ChangeEvent | None:
        """See `Group.look`."""
        stated = event.is_repair or event.operation is Operation.SNAPSHOT
        if not stated and self.filter is not None and not self.filter(event):
            return None
        return super().look(event, for_others=for_others, folding=folding)


class DropsRepairs(Group):
    """Takes a repair outside `where` for a snapshot."""

    def look(self, event: ChangeEvent, *, for_others: bool = False, folding: bool = False) -> ChangeEvent | None:
        """See `Group.look`."""
        if event.is_repair and not self.holds(event):
            return None
        return super().look(event, for_others=for_others, folding=folding)


class LastPut(Group):
    """Remembers removals from the last put on."""

    def matters(self, event: ChangeEvent) -> bool:
        """See `Group.matters`."""
        return self.holds(event)


@pytest.mark.parametrize(
    "folds", [pytest.param(SkipsOutside, marks=pytest.mark.slow), FiltersFirst, DropsRepairs, LastPut]
)
def test_the_search_finds_a_wrong_ending_of_a_fold_that(folds: type[Group]) -> None:
    assert is_caught(AS_IT_IS, folds, longest=3 if folds is SkipsOutside else 2)


@pytest.mark.parametrize(
    "logs",
    [Repairing(waits=False), Repairing(checks=False), Snapshot("3")],
    ids=["does not wait for the bridge", "does not look at the version again", "stands above the stream"],
)
def test_a_log_is_not_what_the_table_is_where_what_is_stated(logs: Logs) -> None:
    with pytest.raises(AssertionError):
        list(told(CASES["nothing changed"], logs, longest=3))


def test_what_comes_into_the_log_behind_a_removal_of_a_narrower_where_needs_another_rebuild() -> None:
    """A read model remembers no removal lower than before: end the snapshot first, and what is redriven."""
    case = CASES["the old where was narrower"]._replace(hides=False)
    assert any(Search(each).wrong for each in told(case, Snapshot(), longest=2))


def test_scanning_before_the_ends_are_fixed_only_saves_looks() -> None:
    """Whatever the scan told, a key is looked at again in the right order."""
    for case in CASES.values():
        for each in told(case, as_it_happened, longest=2):
            assert Search(each, Rebuilding(scans_first=False)).wrong is None
