"""What a lint has nothing to say of: the patterns that look like the ones it warns of, and are meant."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from schemas.filters import compile_pattern
from tests.filter_patterns import patterns
from tests.records import image, record
from tests.unit.test_filters_lint import after, found

DOTTED: dict[str, Any] = {"a.b": {"S": ["x"]}}
BLANK: dict[str, Any] = {"a b": {"S": ["x"]}}


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": {"table": ["Users"]}},
        {"eventName": ["INSERT"], "metadata": {"team": ["search"]}},
        {"all_of": [{"eventName": ["INSERT"]}, {"userIdentity": {"type": [{"exists": False}]}}]},
        after(**DOTTED),
        {"eventName": ["MODIFY"], "dynamodb.OldImage": {"Status": {"S": ["x"]}}},
        after((), Status={"S": ["x", {"exists": False}]}),
        after((), Status=[{"changed": True}]),
        {"dynamodb": {"NewImage": [{"changed": True}]}},
        {**after((), Status={"S": ["x"]}), "eventName": [{"anything-but": "REMOVE"}]},
        {**after((), Status={"S": ["x"]}), "eventName": [{"prefix": "M"}]},
        after(("MODIFY", "REMOVE"), "OldImage", Status={"S": ["x"]}),
        after(Any={"S": [{"changed": True}], "N": [{"changed": True}]}),
        after(Any={"S": ["x"], "N": [{"exists": False}]}),
        {"all_of": [{"Tags": ["a"]}, {"Tags": ["b"]}]},
        {"all_of": [after(Tags={"SS": ["a"]}), after(Tags={"SS": ["b"]})]},
        {"all_of": [after(Notes={"L": {"S": ["a"]}}), after(Notes={"L": {"S": ["b"]}})]},
        {"all_of": [{"Status": ["a", "b"]}, {"Status": ["b", "c"]}, {"Status": [{"prefix": "d"}]}]},
        {"any_of": [{"Status": ["a"]}, {"Status": ["b"]}]},
        {"Age": [5, {"numeric": [">", 5]}], "Status": [{"prefix": "a"}]},
        after(Tags={"SS": [{"prefix": "a"}]}, Age={"N": ["5", {"time": ["within", "1h"]}]}),
    ],
)
def test_a_pattern_that_may_well_be_meant_is_let_alone(pattern: dict[str, Any]) -> None:
    assert found(pattern) == []


def test_an_attribute_named_like_a_field_of_records_is_an_attribute_where_the_schema_has_it() -> None:
    item = compile_pattern({"source": ["web"], "Stats": ["a"]})
    (warning,) = item.lint({"source": "S", "Status": "S"})
    assert warning.message.startswith("the table's schema has no attribute Stats")


def test_without_a_schema_no_attribute_is_unknown() -> None:
    assert compile_pattern({"Whatever": ["x"]}).lint({}) == []
    assert compile_pattern(after(Whatever={"N": ["5"]})).lint({}) == []


def test_what_several_branches_have_in_common_is_said_once_and_by_the_path_in_json() -> None:
    pattern = {"$or": [{"eventName": ["INSERT"]}, {"eventName": ["MODIFY"]}], **after((), **BLANK)}
    assert found(pattern) == [("unknown-attribute", '$.dynamodb.NewImage["a b"].S')]


def test_what_a_lint_says_never_matches_does_not() -> None:
    user = record("MODIFY", before={"Age": 4, "Status": "a"}, after={"Age": 5, "Status": "a"})
    assert user["dynamodb"]["NewImage"] == image(UserId=1, Age=5, Status="a")
    for never in (after(Status=[{"exists": True}]), after(Age={"N": [5]}), after(Age={"N": [{"numeric": ["=", 5]}]})):
        assert found(never)
        assert not compile_pattern(never).matches(user)
    assert compile_pattern(after(Status=[{"exists": False}])).matches(user)


@given(patterns())
def test_any_pattern_at_all_can_be_looked_over(pattern: dict[str, Any]) -> None:
    for whole in (pattern, {"all_of": [pattern, {"none_of": [pattern]}]}, {"dynamodb": {"NewImage": pattern}}):
        for warning in compile_pattern(whole).lint({"a": "N", "b": "SS"}):
            assert warning.path.startswith(("$.", "$["))
            assert warning.message
