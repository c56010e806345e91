"""The table in docs/filters.md: what becomes of an event, by operation, view type, membership and filter."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from consumers.errors import MissingImage
from consumers.group import Group
from consumers.patterns import events, items
from consumers.projection import Projection, one_document
from consumers.read_model import Table
from consumers.writes import Put
from schemas.change_event import ViewType
from tests.events import event

DOCS = Path(__file__).parents[2] / "docs" / "filters.md"
ITEM: dict[str, dict[str, Any] | None] = {"-": None, "inside": {"WorkplaceId": "acme"}, "outside": {"WorkplaceId": ""}}
VERSIONS = {"snapshot": "0", "repair": "0~", "repair, removed": "0~"}
OPERATIONS = {"repair": "SNAPSHOT", "snapshot": "SNAPSHOT", "repair, removed": "REMOVE"}
FILTERS = {"matches": events({"source": {"table": ["Users"]}}), "does not": events({"source": {"table": ["Orders"]}})}
COPY = Projection("copy", version=1, project=one_document(dict))
HEADER = [(view_type, answer) for view_type in ViewType for answer in FILTERS]


def what_becomes_of(operation: str, before: str, after: str, view_type: ViewType, answer: str) -> str:
    """In a group with a `where` and a filter that gives this answer: write, remove, filtered or dead letter."""
    carried = event(
        OPERATIONS.get(operation, operation),
        before=ITEM[before] if "before" in view_type.images else None,
        after=ITEM[after] if "after" in view_type.images or operation in VERSIONS else None,
        version_text=VERSIONS.get(operation),
        view_type=view_type,
    )
    where = items({"none_of": [{"WorkplaceId": ["", None, {"exists": False}]}]})
    try:
        seen = Group("g", "users.changes", COPY, Table("T"), FILTERS[answer], where).look(carried)
    except MissingImage:
        return "dead letter"
    if seen is None:
        return "filtered"
    (write,) = COPY.project(seen)
    return "write" if isinstance(write, Put) else "remove"


def rows() -> list[list[str]]:
    """The cells of the table's rows: operation, before, after, and by view type and answer what becomes of it."""
    kinds = re.compile(r"\| (INSERT|MODIFY|REMOVE|snapshot|repair)")
    lines = [line for line in DOCS.read_text("utf-8").splitlines() if kinds.match(line)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("row", rows(), ids=lambda row: " ".join(row[:3]))
def test_each_row_of_the_table_is_what_a_group_does(row: list[str]) -> None:
    operation, before, after, *expected = row
    assert len(expected) == len(HEADER)
    assert [what_becomes_of(operation, before, after, *column) for column in HEADER] == expected


def test_the_table_has_every_combination() -> None:
    sides = ("inside", "outside")
    wanted = {("INSERT", "-", side) for side in sides} | {("REMOVE", side, "-") for side in sides}
    wanted |= {("MODIFY", before, after) for before in sides for after in sides}
    wanted |= {(kind, "-", side) for kind in ("snapshot", "repair") for side in sides} | {("repair, removed", "-", "-")}
    assert {tuple(row[:3]) for row in rows()} == wanted
    assert len(rows()) == len(wanted)
