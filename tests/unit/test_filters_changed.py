"""What `changed` says of a record's two images."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.filters import compile_pattern
from tests.records import record


def new(**attributes: Any) -> dict[str, Any]:
    """A pattern of the new image."""
    return {"dynamodb": {"NewImage": attributes}}


def modified(before: dict[str, Any], after: dict[str, Any], view_type: str = "NEW_AND_OLD_IMAGES") -> dict[str, Any]:
    return record("MODIFY", before=before, after=after, view_type=view_type)


def one_sided(operation: str, image: dict[str, Any]) -> dict[str, Any]:
    return record(operation, before=image) if operation == "REMOVE" else record(operation, after=image)


def holds(pattern: dict[str, Any], value: dict[str, Any]) -> bool:
    return compile_pattern(pattern).matches(value)


ANYWHERE = {"dynamodb": {"NewImage": [{"changed": True}]}}
BUT_LOGIN = {"dynamodb": {"NewImage": [{"changed": {"except": ["LastLoginAt", "Visits"]}}]}}
STATUS = new(Status=[{"changed": True}])
STATUS_KEPT = new(Status=[{"changed": False}])
CITY = new(Address={"M": {"City": {"S": [{"changed": True}]}}})
TAG = new(Tags={"L": {"S": [{"changed": {"to": ["b"]}}]}})


def status(**sides: list[Any]) -> dict[str, Any]:
    """A pattern of the status, from one to another."""
    return new(Status={"S": [{"changed": {side.rstrip("_"): listed for side, listed in sides.items()}}]})


ACTIVATED = status(from_=["invited"], to=[{"prefix": "act"}])
APPEARED = status(from_=[{"exists": False}])
WENT = status(to=[{"exists": False}])


@pytest.mark.parametrize(
    ("pattern", "before", "after", "changed"),
    [
        (ANYWHERE, {"Undeclared": 1}, {"Undeclared": 2}, True),
        (ANYWHERE, {"Status": "a"}, {"Status": "a"}, False),
        (BUT_LOGIN, {"LastLoginAt": 1}, {"LastLoginAt": 2, "Visits": 1}, False),
        (BUT_LOGIN, {"LastLoginAt": 1, "Undeclared": "a"}, {"LastLoginAt": 2}, True),
        (BUT_LOGIN, {"LastLoginAt": 1}, {"LastLoginAt": 2, "Undeclared": None}, True),
        (STATUS, {"Status": "a"}, {"Status": "b"}, True),
        (STATUS, {}, {"Status": None}, True),
        (STATUS, {"Status": "a", "Name": "x"}, {"Status": "a", "Name": "y"}, False),
        (STATUS_KEPT, {"Status": "a", "Name": "x"}, {"Status": "a", "Name": "y"}, True),
        (STATUS_KEPT, {"Status": "a"}, {}, False),
        (CITY, {"Address": {"City": "a", "Zip": 1}}, {"Address": {"City": "a", "Zip": 2}}, False),
        (CITY, {"Address": {"City": "a"}}, {"Address": {"City": "b"}}, True),
        (CITY, {"Address": {"City": "a"}}, {"Address": "a"}, True),
        (new(**{"a.b": {"S": [{"changed": True}]}}), {"a.b": "x"}, {"a.b": "y"}, True),
        (new(Tags={"L": {"S": [{"changed": True}]}}), {"Tags": ["a", 1]}, {"Tags": [1, "a"]}, False),
        (TAG, {"Tags": ["a"]}, {"Tags": ["a", "b"]}, True),
        (TAG, {"Tags": ["a"]}, {"Tags": ["a", "c"]}, False),
        (new(Tags={"SS": [{"changed": {"from": ["a"]}}]}), {"Tags": {"a", "b"}}, {"Tags": {"b"}}, True),
        (ACTIVATED, {"Status": "invited"}, {"Status": "active"}, True),
        (ACTIVATED, {"Status": "invited"}, {"Status": "gone"}, False),
        (ACTIVATED, {"Status": "new"}, {"Status": "active"}, False),
        (ACTIVATED, {"Status": 1}, {"Status": "active"}, False),
        (status(from_=[{"prefix": "a"}], to=[{"prefix": "a"}]), {"Status": "a"}, {"Status": "a"}, False),
        (APPEARED, {}, {"Status": "a"}, True),
        (APPEARED, {"Status": "a"}, {"Status": "b"}, False),
        (WENT, {"Status": "a"}, {}, True),
        (WENT, {"Status": "a"}, {"Status": None}, True),
        (WENT, {"Status": "a"}, {"Status": "b"}, False),
        (status(to=[{"exists": False}, {"matches": "^b"}]), {"Status": "a"}, {"Status": "bc"}, True),
        (new(Age={"N": [{"changed": {"from": [{"number": ["<", 18]}]}}]}), {"Age": 17}, {"Age": 18}, True),
    ],
)
def test_a_modify_has_changed_where_its_images_differ_as_asked(
    pattern: dict[str, Any], before: dict[str, Any], after: dict[str, Any], changed: bool
) -> None:
    assert holds(pattern, modified(before, after)) is changed


@pytest.mark.parametrize("operation", ["INSERT", "REMOVE", "SNAPSHOT"])
def test_every_other_operation_counts_as_a_change(operation: str) -> None:
    whole = one_sided(operation, {"Status": "a"})
    assert all(holds(pattern, whole) for pattern in (ANYWHERE, BUT_LOGIN, STATUS, CITY))
    assert not holds(STATUS_KEPT, whole)


@pytest.mark.parametrize(
    ("operation", "pattern", "expected"),
    [
        ("INSERT", APPEARED, True),
        ("INSERT", ACTIVATED, False),
        ("INSERT", status(to=["active"]), True),
        ("INSERT", status(to=["gone"]), False),
        ("REMOVE", WENT, True),
        ("REMOVE", status(from_=["active"]), True),
        ("REMOVE", status(from_=["gone"]), False),
        ("REMOVE", status(to=["active"]), False),
        # What was there before a snapshot nobody knows.
        ("SNAPSHOT", APPEARED, True),
        ("SNAPSHOT", ACTIVATED, True),
        ("SNAPSHOT", status(to=["gone"]), False),
    ],
)
def test_from_and_to_ask_the_image_that_an_operation_has(operation: str, pattern: Any, expected: bool) -> None:
    whole = one_sided(operation, {"Status": "active"})
    assert holds(pattern, whole) is expected


@pytest.mark.parametrize(
    ("view_type", "passed", "refused"),
    [
        ("KEYS_ONLY", [ANYWHERE, BUT_LOGIN, STATUS, ACTIVATED, WENT], [STATUS_KEPT]),
        ("NEW_IMAGE", [ANYWHERE, BUT_LOGIN, STATUS, APPEARED, ACTIVATED], [STATUS_KEPT, WENT]),
        ("OLD_IMAGE", [ANYWHERE, BUT_LOGIN, STATUS, ACTIVATED, WENT], [STATUS_KEPT, APPEARED]),
    ],
)
def test_what_the_stream_does_not_carry_has_changed_and_takes_whatever_is_asked(
    view_type: str, passed: list[Any], refused: list[Any]
) -> None:
    whole = modified({"Status": "invited"}, {"Status": "active"}, view_type)
    assert [pattern for pattern in passed if not holds(pattern, whole)] == []
    assert [pattern for pattern in refused if holds(pattern, whole)] == []


def test_it_stands_beside_conditions_in_an_or_in_any_of_and_in_named_filters() -> None:
    name_changed = new(Name=[{"changed": True}])
    named = compile_pattern(STATUS)
    forms: list[dict[str, Any]] = [
        {"$or": [name_changed, STATUS]},
        {"any_of": [name_changed, "status"]},
        {"any_of": ["status", {"all_of": ["status", "status"]}, name_changed]},
        {"none_of": [{"none_of": ["status"]}, {"none_of": [STATUS]}]},
        # One path, asked for two things.
        {**new(Status={"S": ["b"]}), "$or": [new(Status={"S": [{"changed": {"from": ["a"]}}]}), name_changed]},
    ]
    for form in forms:
        either = compile_pattern(form, named={"status": named})
        assert either.matches(modified({"Status": "a"}, {"Status": "b"}))
        assert not either.matches(modified({"Status": "b", "Age": 1}, {"Status": "b", "Age": 2}))
    assert compile_pattern(STATUS).fields == {"eventName", "dynamodb"}
