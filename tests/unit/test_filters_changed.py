"""`changed`: what differs between a record's images, and what counts as different because nobody can know."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.filters import PatternError, compile_pattern
from tests.records import record

ANY_LOGIN: dict[str, Any] = {"dynamodb": {"NewImage": [{"changed": {"except": ["LastLoginAt"]}}]}}
STATUS: dict[str, Any] = {"dynamodb": {"NewImage": {"Status": [{"changed": True}]}}}


def went(**sides: list[Any]) -> dict[str, Any]:
    return {"dynamodb": {"NewImage": {"Status": {"S": [{"changed": sides}]}}}}


def modified(before: dict[str, Any] | None, after: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    return record("MODIFY", before=before, after=after, **more)


@pytest.mark.parametrize(
    ("before", "after", "matches"),
    [
        ({"Status": "a"}, {"Status": "a"}, False),
        ({"Status": "a", "LastLoginAt": 1}, {"Status": "a", "LastLoginAt": 2}, False),
        ({"Status": "a"}, {"Status": "a", "LastLoginAt": 2}, False),
        ({"Status": "a"}, {"Status": "b", "LastLoginAt": 2}, True),
        ({"Status": "a"}, {"Status": "a", "Undeclared": 1}, True),
        ({"Status": "a", "Undeclared": 1}, {"Status": "a"}, True),
    ],
)
def test_something_else_differs(before: dict[str, Any], after: dict[str, Any], matches: bool) -> None:
    assert compile_pattern(ANY_LOGIN).matches(modified(before, after)) is matches


@pytest.mark.parametrize("pattern", [ANY_LOGIN, STATUS, went(to=["b"])])
@pytest.mark.parametrize("operation", ["INSERT", "SNAPSHOT"])
def test_an_item_that_was_not_there_has_changed(pattern: dict[str, Any], operation: str) -> None:
    assert compile_pattern(pattern).matches(record(operation, after={"Status": "b"}))


@pytest.mark.parametrize("pattern", [ANY_LOGIN, STATUS, went(**{"from": ["a"]})])
def test_an_item_that_is_no_more_has_changed(pattern: dict[str, Any]) -> None:
    assert compile_pattern(pattern).matches(record("REMOVE", before={"Status": "a"}))


@pytest.mark.parametrize("view_type", ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE"])
@pytest.mark.parametrize("pattern", [ANY_LOGIN, STATUS])
def test_what_the_stream_does_not_show_has_changed(pattern: dict[str, Any], view_type: str) -> None:
    same = {"Status": "a"}
    assert compile_pattern(pattern).matches(modified(same, same, view_type=view_type))


def test_a_side_that_the_stream_does_not_show_takes_whatever_is_asked() -> None:
    pattern = compile_pattern(went(**{"from": ["a"], "to": ["b"]}))
    assert pattern.matches(modified({"Status": "x"}, {"Status": "b"}, view_type="NEW_IMAGE"))
    assert not pattern.matches(modified({"Status": "x"}, {"Status": "c"}, view_type="NEW_IMAGE"))


def test_an_attribute_or_any_part_of_it_differs_or_does_not() -> None:
    same = {"Status": "a", "Preferences": {"theme": "dark", "size": 1}}
    other = {"Status": "a", "Preferences": {"theme": "dark", "size": 2}}
    theme = {"Preferences": {"M": {"theme": {"S": [{"changed": True}]}}}}
    for fields, matches in (({"Status": [{"changed": True}]}, False), (theme, False)):
        assert compile_pattern({"dynamodb": {"NewImage": fields}}).matches(modified(same, other)) is matches
    assert compile_pattern({"dynamodb": {"NewImage": {"Preferences": [{"changed": True}]}}}).matches(
        modified(same, other)
    )
    assert compile_pattern({"dynamodb": {"NewImage": {"Status": [{"changed": False}]}}}).matches(modified(same, other))


@pytest.mark.parametrize(
    ("sides", "before", "after", "matches"),
    [
        ({"from": ["a"], "to": ["b"]}, "a", "b", True),
        ({"from": ["a"], "to": ["b"]}, "b", "a", False),
        ({"from": ["a"], "to": ["a"]}, "a", "a", False),
        ({"from": [{"prefix": "in"}], "to": ["b", {"suffix": "ive"}]}, "invited", "active", True),
        ({"from": [{"exists": False}], "to": ["b"]}, None, "b", True),
        ({"from": [{"exists": False}]}, "a", "b", False),
        ({"to": [{"exists": False}]}, "a", None, True),
        ({"from": [{"anything-but": "a"}]}, "b", "c", True),
    ],
)
def test_it_went_from_one_to_the_other(
    sides: dict[str, Any], before: str | None, after: str | None, matches: bool
) -> None:
    images = [{} if status is None else {"Status": status} for status in (before, after)]
    assert compile_pattern(went(**sides)).matches(modified(*images)) is matches


def test_it_stands_wherever_a_field_may() -> None:
    alternatives = {
        "dynamodb": {"NewImage": {"$or": [{"Status": [{"changed": True}]}, {"Email": [{"changed": True}]}]}}
    }
    either = compile_pattern({"eventName": ["MODIFY"], **alternatives})
    assert either.matches(modified({"Email": "a"}, {"Email": "b"}))
    assert not either.matches(modified({"Phone": "a"}, {"Phone": "b"}))


def test_named_filters_that_ask_different_things_of_one_attribute_stay_apart() -> None:
    named = {name: compile_pattern(went(to=[name])) for name in ("a", "b")}
    named["same"] = compile_pattern({"dynamodb": {"NewImage": {"Status": [{"changed": False}]}}})
    either = compile_pattern({"any_of": ["a", "b"]}, named=named)
    assert either.matches(modified({"Status": "x"}, {"Status": "b"}))
    assert not either.matches(modified({"Status": "x"}, {"Status": "c"}))
    assert compile_pattern({"any_of": ["a", "same"]}, named=named).matches(modified({"Status": "c"}, {"Status": "c"}))


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ({"Status": [{"changed": True}]}, "$.Status[0].changed"),
        ({"dynamodb": {"OldImage": {"a": [{"changed": True}]}}}, "$.dynamodb.OldImage.a[0].changed"),
        ({"dynamodb": {"NewImage": {"a": [{"changed": True}, "x"]}}}, "$.dynamodb.NewImage.a"),
        ({"dynamodb": {"NewImage": {"a": [{"changed": {"except": ["b"]}}]}}}, "$.dynamodb.NewImage.a[0].changed"),
        ({"dynamodb": {"NewImage": [{"changed": {"except": []}}]}}, "$.dynamodb.NewImage[0].changed"),
        ({"dynamodb": {"NewImage": [{"changed": {"except": [1]}}]}}, "$.dynamodb.NewImage[0].changed.except[0]"),
        ({"dynamodb": {"NewImage": [{"changed": {"from": ["a"]}}]}}, "$.dynamodb.NewImage[0].changed"),
        (went(to=[]), "$.dynamodb.NewImage.Status.S[0].changed.to"),
        (went(to=[{"prefiks": "a"}]), "$.dynamodb.NewImage.Status.S[0].changed.to[0]"),
        ({"dynamodb": {"NewImage": {"a": [{"changed": {}}]}}}, "$.dynamodb.NewImage.a[0].changed"),
        ({"dynamodb": {"NewImage": {"a": [{"changed": "yes"}]}}}, "$.dynamodb.NewImage.a[0].changed"),
    ],
)
def test_what_cannot_be_asked_is_refused_where_it_stands(pattern: dict[str, Any], path: str) -> None:
    with pytest.raises(PatternError) as caught:
        compile_pattern(pattern)
    assert caught.value.path == path


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["S", "Status", "NewImage"]), inner),
    max_leaves=8,
)


@given(json_values, json_values, st.sampled_from(["INSERT", "MODIFY", "REMOVE", "SNAPSHOT", None]))
def test_no_value_makes_it_raise(old: Any, new: Any, operation: str | None) -> None:
    both: dict[str, list[Any]] = {"from": ["a"], "to": [{"exists": False}]}
    for pattern in (ANY_LOGIN, STATUS, went(**both)):
        compiled = compile_pattern(pattern)
        assert compiled.matches(
            {"eventName": operation, "dynamodb": {"OldImage": old, "NewImage": new}}
        ) in (True, False)  # fmt: skip
        assert compiled.matches({"eventName": operation, "dynamodb": old}) in (True, False)
