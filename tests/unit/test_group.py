"""What a group makes of an event: filter and membership, in every combination (design section 6)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from consumers.errors import MissingImage
from consumers.group import Group
from consumers.projection import Projection, one_document
from consumers.read_model import Table
from consumers.writes import Put, Remove
from schemas.attribute_values import Item
from schemas.change_event import ChangeEvent, ViewType
from tests.events import event

IN: dict[str, Any] = {"WorkplaceId": "acme"}
OUT: dict[str, Any] = {"WorkplaceId": ""}
COPY = Projection("copy", version=1, project=one_document(dict))


def inside(item: Item, _at: datetime | None) -> bool:
    return bool(item.text("WorkplaceId"))


def nothing(_event: ChangeEvent) -> bool:
    return False


def what_becomes_of(change: ChangeEvent, group: Group) -> str:
    seen = group.look(change)
    if seen is None:
        return "filtered"
    (write,) = group.projection.project(seen)
    return {Put: "put", Remove: "remove"}[type(write)]


def group(**predicates: Any) -> Group:
    return Group("g", "users.changes", COPY, Table("T"), **predicates)


# operation, before, after: with `where`; with `where` and a filter that lets nothing pass.
TABLE: list[tuple[str, dict[str, Any] | None, dict[str, Any] | None, str, str]] = [
    ("INSERT", None, IN, "put", "put"),
    ("INSERT", None, OUT, "remove", "filtered"),
    ("MODIFY", IN, IN, "put", "filtered"),
    ("MODIFY", IN, OUT, "remove", "remove"),
    ("MODIFY", OUT, IN, "put", "put"),
    ("MODIFY", OUT, OUT, "filtered", "filtered"),
    ("MODIFY", None, IN, "put", "put"),
    ("MODIFY", None, OUT, "remove", "remove"),
    ("REMOVE", IN, None, "remove", "remove"),
    ("REMOVE", OUT, None, "filtered", "filtered"),
    ("REMOVE", None, None, "remove", "remove"),
]


@pytest.mark.parametrize(("operation", "before", "after", "by_where", "with_filter"), TABLE)
def test_membership_counts_before_the_filter(
    operation: str, before: dict[str, Any] | None, after: dict[str, Any] | None, by_where: str, with_filter: str
) -> None:
    change = event(operation, before=before, after=after)

    assert what_becomes_of(change, group(where=inside)) == by_where
    assert what_becomes_of(change, group(where=inside, filter=nothing)) == with_filter


@pytest.mark.parametrize(
    ("operation", "before", "after", "outcome"),
    [
        ("INSERT", None, IN, "put"),
        ("MODIFY", IN, OUT, "filtered"),
        ("MODIFY", None, OUT, "put"),
        ("REMOVE", IN, None, "remove"),
        ("REMOVE", None, None, "remove"),
    ],
)
def test_a_filter_alone_drops_nothing_but_changes_whose_before_it_has_seen(
    operation: str, before: dict[str, Any] | None, after: dict[str, Any] | None, outcome: str
) -> None:
    assert what_becomes_of(event(operation, before=before, after=after), group(filter=nothing)) == outcome


def test_a_snapshot_outside_where_writes_nothing_and_inside_passes_every_filter() -> None:
    picky = group(where=inside, filter=nothing)
    assert what_becomes_of(event("SNAPSHOT", after=OUT, version_text="0"), picky) == "filtered"
    assert what_becomes_of(event("SNAPSHOT", after=IN, version_text="0"), picky) == "put"


def test_a_repair_passes_every_filter_and_removes_what_is_outside_where() -> None:
    picky = group(where=inside, filter=nothing)
    assert what_becomes_of(event("SNAPSHOT", after=IN, version_text="0~"), picky) == "put"
    assert what_becomes_of(event("SNAPSHOT", after=OUT, version_text="0~"), picky) == "remove"
    assert what_becomes_of(event("REMOVE", before=OUT, version_text="x#1~"), picky) == "remove"


@pytest.mark.parametrize("operation", ["INSERT", "MODIFY", "SNAPSHOT"])
def test_a_missing_after_that_the_group_needs_is_an_error_that_names_it(operation: str) -> None:
    with pytest.raises(MissingImage, match=r"carries no after, which the group g needs"):
        group().look(event(operation, before=IN, view_type=ViewType.OLD_IMAGE))


def test_a_where_needs_the_after_whatever_the_projection_needs() -> None:
    keys_only = Projection("keys", version=1, project=COPY.project, needs=frozenset())
    with pytest.raises(MissingImage):
        Group("g", "users.changes", keys_only, Table("T"), where=inside).look(event("MODIFY"))


def test_a_group_that_needs_no_image_sees_every_change() -> None:
    keys = Projection("keys", version=1, project=lambda seen: [Put(seen.key_text, {})], needs=frozenset())
    seen = Group("g", "users.changes", keys, Table("T"), filter=nothing).look(event("MODIFY"))
    assert seen is not None
    assert seen.operation == "MODIFY"


def test_the_same_scenario_under_all_four_view_types() -> None:
    """A user joins, changes, leaves and is removed; what each view type lets a group see of it."""
    history = [("INSERT", None, IN), ("MODIFY", IN, {**IN, "x": 1}), ("MODIFY", IN, OUT), ("REMOVE", OUT, None)]
    seen: dict[ViewType, list[str]] = {}
    for view_type in ViewType:
        outcomes = []
        for operation, before, after in history:
            carried = event(
                operation,
                before=before if "before" in view_type.images else None,
                after=after if "after" in view_type.images else None,
                view_type=view_type,
            )
            try:
                outcomes.append(what_becomes_of(carried, group(where=inside)))
            except MissingImage:
                outcomes.append("dead letter")
        seen[view_type] = outcomes

    assert seen == {
        ViewType.NEW_AND_OLD_IMAGES: ["put", "put", "remove", "filtered"],
        ViewType.NEW_IMAGE: ["put", "put", "remove", "remove"],
        ViewType.OLD_IMAGE: ["dead letter", "dead letter", "dead letter", "filtered"],
        ViewType.KEYS_ONLY: ["dead letter", "dead letter", "dead letter", "remove"],
    }
