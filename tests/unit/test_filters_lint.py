"""Lints fire on what is hardly meant, say what to write instead, and are silent about just that; and the export."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.filters import AWS, PatternError, compile_pattern
from schemas.filters.export import filter_criteria, undocumented
from tests.records import record

SCHEMA = {"UserId": "N", "Status": "S", "Age": "N", "Roles": "SS", "Preferences": "M"}


def new(**fields: Any) -> dict[str, Any]:
    return {"eventName": ["INSERT", "MODIFY"], "dynamodb": {"NewImage": fields}}


def rules(pattern: dict[str, Any]) -> set[str]:
    return {warning.rule for warning in compile_pattern(pattern).lint(SCHEMA)}


@pytest.mark.parametrize(
    ("rule", "meant_otherwise", "cured", "cure"),
    [
        (
            "no-type-letter",
            new(Status=[{"exists": True}]),
            new(Status={"S": [{"exists": True}]}),
            '{"Status": {"S": [...]}}',
        ),
        ("no-type-letter", new(Status=["active"]), new(Status={"S": ["active"]}), '{"Status": {"S": [...]}}'),
        ("no-type-letter", new(Status={"s": ["active"]}), new(Status={"S": ["active"]}), "one of B, BOOL"),
        (
            "numeric-on-text",
            new(Age={"N": [{"numeric": [">", 5]}]}),
            new(Age={"N": [{"number": [">", 5]}]}),
            '"number"',
        ),
        ("numeric-on-text", new(Age={"N": [5]}), new(Age={"N": ["5"]}), 'such as "5"'),
        (
            "drops-removes",
            {"dynamodb": {"NewImage": {"Status": {"S": ["a"]}}}},
            new(Status={"S": ["a"]}),
            '"eventName": ["INSERT", "MODIFY"]',
        ),
        ("text-of-a-number", new(Age={"N": [{"prefix": "1"}]}), new(Age={"N": [{"number": ["=", 1]}]}), '{"number"'),
        ("text-of-a-number", {"Age": [{"prefix": "1"}]}, {"Age": [{"numeric": ["=", 1]}]}, '{"number"'),
        ("unknown-attribute", new(Statos={"S": ["a"]}), new(Status={"S": ["a"]}), "check its spelling"),
        ("unknown-attribute", {"Statos": ["a"]}, {"Status": ["a"]}, "check its spelling"),
        (
            "unknown-attribute",
            {"dynamodb": {"NewImage": [{"changed": {"except": ["Stat"]}}]}},
            {"dynamodb": {"NewImage": [{"changed": {"except": ["Status"]}}]}},
            "no attribute Stat;",
        ),
        ("another-type", new(Status={"N": ["1"]}), new(Status={"S": ["1"]}), "write S"),
        ("removes-only", {"eventName": ["REMOVE"]}, {"eventName": ["REMOVE", "INSERT"]}, "`where`"),
        (
            "never",
            {"eventName": ["INSERT"], "dynamodb": {"OldImage": {"Status": {"S": ["a"]}}}},
            {"eventName": ["MODIFY"], "dynamodb": {"OldImage": {"Status": {"S": ["a"]}}}},
            "ask NewImage",
        ),
        ("never", {"eventName": ["Modify"]}, {"eventName": ["MODIFY"]}, "one of INSERT, MODIFY, REMOVE"),
        ("never", {"all_of": [{"Status": ["a"]}, {"Status": ["b"]}]}, {"Status": ["a", "b"]}, "take one out"),
        (
            "never",
            new(Preferences={"M": {"x": {"S": ["a"]}}, "S": ["a"]}),
            new(**{"$or": [{"Preferences": {"M": {"x": {"S": ["a"]}}}}, {"Status": {"S": ["a"]}}]}),
            "put them in an $or",
        ),
    ],
)
def test_a_lint_fires_says_the_cure_and_is_silent_once_that_is_taken(
    rule: str, meant_otherwise: dict[str, Any], cured: dict[str, Any], cure: str
) -> None:
    found = [warning for warning in compile_pattern(meant_otherwise).lint(SCHEMA) if warning.rule == rule]
    assert found
    assert all(cure in warning.message and warning.path.startswith("$.") for warning in found)
    assert rules(cured) == set()


def test_what_a_pattern_says_in_one_alternative_is_not_held_against_another() -> None:
    sides = [{"eventName": ["REMOVE"]}, {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"Status": {"S": ["a"]}}}}]
    assert rules({"$or": sides}) == {"removes-only"}


def test_a_filter_without_a_table_schema_is_not_held_against_one() -> None:
    assert compile_pattern(new(Anything={"S": ["a"]})).lint({}) == []


def test_what_aws_can_say_is_exported_and_matches_the_same() -> None:
    wanted = compile_pattern({"any_of": [new(Status={"S": ["a"]}), {"eventName": ["REMOVE"]}]})
    patterns = [compile_pattern(each["Pattern"], language=AWS) for each in filter_criteria(wanted)["Filters"]]
    for one in (record(after={"Status": "a"}), record(after={"Status": "b"}), record("REMOVE", before={})):
        assert any(pattern.matches(one) for pattern in patterns) is wanted.matches(one)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ({"dynamodb": {"NewImage": {"a": [{"changed": True}]}}}, "$.dynamodb.NewImage.a[0].changed"),
        ({"eventID": [{"matches": "a"}]}, "$.eventID[0].matches"),
        ({"dynamodb": {"$or": [{"a": ["x"]}, {"b": [{"number": ["=", 1]}]}]}}, "$.dynamodb.$or[1].b[0].number"),
        ({"dynamodb": {"ApproximateCreationDateTime": [{"time": ["within", "1h"]}]}}, "$.dynamodb.Appr"),
        ({"all_of": [{"eventName": ["REMOVE"]}]}, "$.all_of"),
        ({"any_of": [{"eventName": ["REMOVE"]}, {"none_of": [{"eventID": ["x"]}]}]}, "$.any_of[1].none_of"),
        ({"source": {"table": ["Users"]}}, "$.source"),
        ({"metadata": {"team": ["a"]}}, "$.metadata"),
        ({"any_of": [{"eventID": [str(number)]} for number in range(6)]}, "$.any_of"),
    ],
)
def test_what_aws_cannot_say_is_refused_by_name_and_place(pattern: dict[str, Any], path: str) -> None:
    compiled = compile_pattern(pattern)
    with pytest.raises(PatternError) as caught:
        filter_criteria(compiled)
    assert caught.value.path.startswith(path)


def test_attributes_that_are_called_like_our_operators_are_none() -> None:
    fields = {name: {"S": ["x"]} for name in ("time", "number", "matches", "changed", "any_of")}
    sides = [{"time": {"S": ["y"]}}, {"number": {"S": ["y"]}}]
    for image in (fields, {"$or": sides}):
        (only,) = filter_criteria(compile_pattern({"dynamodb": {"NewImage": image}}))["Filters"]
        assert json.loads(only["Pattern"]) == {"dynamodb": {"NewImage": image}}


def test_what_lambdas_documentation_does_not_name_is_named() -> None:
    leaves = [{"wildcard": "a*"}, {"anything-but": {"prefix": "a"}}, {"prefix": "b"}]
    sides = [{"eventID": leaves}, {"eventSource": [{"cidr": "10.0.0.0/8"}]}]
    criteria = filter_criteria(compile_pattern({"$or": sides}))
    assert undocumented(criteria) == ["anything-but of prefix", "cidr", "wildcard"]
