"""What is legal in a pattern and hardly meant: each finding says what to write, and that is then in order."""

from __future__ import annotations

from typing import Any, TypeAlias

import pytest

from schemas.filters import compile_pattern

SCHEMA = {"UserId": "N", "Status": "S", "Age": "N", "Tags": "SS", "Notes": "L", "a.b": "S", "Any": "ANY"}
Pattern: TypeAlias = dict[str, Any]
Case: TypeAlias = tuple[Pattern, str, str, str, Pattern]


def after(operations: tuple[str, ...] = ("INSERT", "MODIFY"), side: str = "NewImage", **attributes: Any) -> Pattern:
    """A pattern of an image, of these operations alone; of none: of all."""
    return {**({"eventName": list(operations)} if operations else {}), "dynamodb": {side: attributes}}


def of_key(**attributes: Any) -> Pattern:
    return {"dynamodb": {"Keys": attributes}}


TEXT = {"S": ["active"]}
AT = "$.dynamodb.NewImage"
EITHER = {"$or": [after(Any={"S": ["a"]}), after(Any={"N": ["1"]})]}
# The pattern, the rule, the path, a part of the message, and the pattern that the message asks for.
CASES: list[Case] = [
    (
        after(Status=[{"exists": True}]),
        "no-type-letter",
        f"{AT}.Status",
        "true never matches, false always",
        after(Status={"S": [{"exists": True}]}),
    ),
    (after(Status=["active"]), "no-type-letter", f"{AT}.Status", 'write {"Status": {"S": [...]}}', after(Status=TEXT)),
    (after(Status={"s": ["x"]}), "no-type-letter", f"{AT}.Status.s", "s is no type of DynamoDB", after(Status=TEXT)),
    (after(Age={"S": ["5"]}), "another-type", f"{AT}.Age.S", "write N", after(Age={"N": ["5"]})),
    (
        after(Age={"N": [{"numeric": [">=", 5]}]}),
        "numeric-on-text",
        f"{AT}.Age.N",
        'write {"number": [">=", 5]}',
        after(Age={"N": [{"number": [">=", 5]}]}),
    ),
    (of_key(UserId={"N": [5]}), "numeric-on-text", "$.dynamodb.Keys.UserId.N", '"5"', of_key(UserId={"N": ["5"]})),
    (
        after(Age={"N": [{"changed": {"to": [5]}}]}),
        "numeric-on-text",
        f"{AT}.Age.N",
        '"5"',
        after(Age={"N": [{"changed": {"to": ["5"]}}]}),
    ),
    (
        after((), Status=TEXT),
        "drops-removes",
        f"{AT}.Status.S",
        'write "eventName": ["INSERT", "MODIFY"]',
        after(Status=TEXT),
    ),
    (
        after(Age={"N": [{"prefix": "1"}]}),
        "text-of-a-number",
        f"{AT}.Age.N",
        'write {"number": [">=", 1, "<", 2]}',
        after(Age={"N": [{"number": [">=", 1, "<", 2]}]}),
    ),
    ({"Age": [{"matches": "^1"}]}, "text-of-a-number", "$.Age", 'write {"number"', {"Age": [{"number": [">=", 1]}]}),
    (
        after(Statu=TEXT),
        "unknown-attribute",
        f"{AT}.Statu.S",
        "no attribute Statu; check its spelling (Age, Any, Notes, Status, Tags, UserId, a.b)",
        after(Status=TEXT),
    ),
    ({"Statu": ["active"]}, "unknown-attribute", "$.Statu", "no attribute Statu", {"Status": ["active"]}),
    (
        {"dynamodb": {"NewImage": [{"changed": {"except": ["Agee"]}}]}},
        "unknown-attribute",
        AT,
        "no attribute Agee",
        {"dynamodb": {"NewImage": [{"changed": {"except": ["Age"]}}]}},
    ),
    (
        {"eventname": ["INSERT"], **of_key(UserId={"N": ["5"]})},
        "unknown-field",
        "$.eventname",
        "no record has a field eventname; write one of awsRegion, dynamodb, eventID, eventName",
        {"eventName": ["INSERT"], **of_key(UserId={"N": ["5"]})},
    ),
    (
        {"eventName": ["REMOVE"]},
        "removes-only",
        "$.eventName",
        "a read model that hears of nothing else stays empty",
        {"eventName": ["REMOVE", "INSERT"]},
    ),
    ({"eventName": ["insert"]}, "never", "$.eventName", "no event is insert; write", {"eventName": ["INSERT"]}),
    (
        after(("INSERT", "SNAPSHOT"), "OldImage", Status=TEXT),
        "never",
        "$.dynamodb.OldImage.Status.S",
        "OldImage is in no INSERT or SNAPSHOT; ask NewImage",
        after(("INSERT", "SNAPSHOT"), Status=TEXT),
    ),
    (after(Any={"S": ["a"], "N": ["1"]}), "never", f"{AT}.Any.N", "put them in an $or", EITHER),
    (
        {"all_of": [{"Status": ["a", "b"]}, {"any_of": [{"Age": [1]}]}, {"Status": ["c"]}]},
        "never",
        "$.Status",
        "no value is all that the parts of all_of want of Status; take one out",
        {"all_of": [{"Status": ["a", "b"]}, {"any_of": [{"Age": [1]}]}]},
    ),
]


def found(pattern: Pattern) -> list[tuple[str, str]]:
    return [(warning.rule, warning.path) for warning in compile_pattern(pattern).lint(SCHEMA)]


@pytest.mark.parametrize(("pattern", "rule", "path", "says", "cured"), CASES, ids=[f"{case[1:3]}" for case in CASES])
def test_a_pattern_is_warned_of_once_and_its_cure_not_at_all(
    pattern: Pattern, rule: str, path: str, says: str, cured: Pattern
) -> None:
    (warning,) = compile_pattern(pattern).lint(SCHEMA)
    assert (warning.rule, warning.path) == (rule, path)
    assert says in warning.message
    assert found(cured) == []
