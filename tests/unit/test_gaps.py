"""Gaps in an item's chain of events: what came before an event is not what the one before it left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from consumers.delivery.prepare import Preparation
from consumers.groups import GROUPS
from distributary.folding.gaps_file import GapsFile
from schemas.change_event import ChangeEvent, ViewType
from schemas.codec import EventDecoder
from schemas.versions import repair_version, version
from tests.events import REGISTRY, delivery, event
from tests.records import LABEL

ANN, BEA, CLEO = ({"Username": name} for name in ("ann", "bea", "cleo"))


@pytest.fixture
def gaps_file(tmp_path: Path) -> Iterator[GapsFile]:
    preparation = Preparation(GROUPS[0], EventDecoder(REGISTRY), folding=True)
    with closing(GapsFile(tmp_path / "gaps", preparation)) as opened:
        yield opened


def gaps(file: GapsFile, *events: ChangeEvent) -> list[tuple[str, int, int]]:
    """The gaps of those events: the key and both sequence numbers."""
    deliveries = [delivery(one, offset) for offset, one in enumerate(events)]
    assert list(file.noting(iter(deliveries))) == deliveries
    return [(gap.key, _number(gap.previous), _number(gap.version)) for gap in file.gaps()]


def _number(text: str) -> int:
    return int(text.rpartition("#")[2])


def changed(number: int, before: dict[str, Any], after: dict[str, Any], user_id: int = 1) -> ChangeEvent:
    return event("MODIFY", number, user_id=user_id, before=before, after=after)


def repaired(after: dict[str, Any], number: int) -> ChangeEvent:
    return event("SNAPSHOT", number, after=after, version_text=repair_version(version(LABEL, str(number))))


def test_a_chain_without_a_gap_has_none(gaps_file: GapsFile) -> None:
    chain = [
        event("INSERT", 1, after=ANN),
        changed(2, ANN, BEA),
        event("REMOVE", 3, before=BEA),
        event("INSERT", 4, after=CLEO),
    ]
    assert gaps(gaps_file, *chain) == []


def test_a_lost_event_is_a_gap_before_the_next_one_whatever_the_order_in_the_log(gaps_file: GapsFile) -> None:
    found = gaps(gaps_file, changed(3, BEA, CLEO), event("INSERT", 1, after=ANN), changed(3, BEA, CLEO))
    assert found == [("1", 1, 3)]


def test_a_lost_removal_and_a_lost_insert_are_gaps(gaps_file: GapsFile) -> None:
    lost_removal = [event("INSERT", 1, after=ANN), event("INSERT", 3, after=ANN)]
    lost_insert = [event("REMOVE", 1, user_id=2, before=ANN), changed(3, ANN, BEA, user_id=2)]
    assert gaps(gaps_file, *lost_removal, *lost_insert) == [("1", 1, 3), ("2", 1, 3)]


def test_what_the_log_begins_with_is_no_gap(gaps_file: GapsFile) -> None:
    assert gaps(gaps_file, changed(7, ANN, BEA)) == []


def test_a_snapshot_is_no_part_of_the_chain(gaps_file: GapsFile) -> None:
    snapshot = event("SNAPSHOT", 1, after=CLEO, version_text="0")
    assert gaps(gaps_file, changed(7, ANN, BEA), snapshot) == []


def test_a_repair_mends_what_came_before_it_and_nothing_after(gaps_file: GapsFile) -> None:
    hidden = [event("INSERT", 1, after=ANN), changed(3, BEA, CLEO), repaired(CLEO, 3)]
    assert gaps(gaps_file, *hidden, changed(4, CLEO, BEA)) == []
    (gap,) = gaps(gaps_file, changed(6, ANN, CLEO))
    assert gap == ("1", 4, 6)


def test_an_image_that_is_not_carried_is_no_gap(gaps_file: GapsFile) -> None:
    chain = [
        event("INSERT", 1, after=ANN, view_type=ViewType.NEW_IMAGE),
        event("MODIFY", 3, after=CLEO, view_type=ViewType.NEW_IMAGE),
    ]
    assert gaps(gaps_file, *chain) == []
