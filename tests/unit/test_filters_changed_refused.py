"""Where `changed` may not stand, what it does not take, and that no value is too odd for it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.filters import PatternError, compile_pattern
from tests.filter_patterns import odd, values

IMAGE, STATUS = "$.dynamodb.NewImage", "$.dynamodb.NewImage.Status.S"


def on_status(*listed: Any) -> dict[str, Any]:
    return {"dynamodb": {"NewImage": {"Status": {"S": list(listed)}}}}


@pytest.mark.parametrize(
    ("pattern", "path", "found"),
    [
        ({"Status": [{"changed": True}]}, "$.Status[0].changed", "changed on Status"),
        (
            {"dynamodb": {"OldImage": [{"changed": True}]}},
            "$.dynamodb.OldImage[0].changed",
            "changed on dynamodb.OldImage",
        ),
        (on_status({"changed": True}, "x"), STATUS, "changed beside others in its list"),
        (on_status({"changed": 1}), f"{STATUS}[0].changed", "the number 1"),
        (on_status({"changed": {}}), f"{STATUS}[0].changed", "an empty object"),
        (on_status({"changed": {"except": ["a"]}}), f"{STATUS}[0].changed", 'an object with "except"'),
        (on_status({"changed": {"from": "a"}}), f"{STATUS}[0].changed.from", 'the text "a"'),
        (on_status({"changed": {"to": []}}), f"{STATUS}[0].changed.to", "an empty list"),
        (on_status({"changed": {"to": [{"like": "a"}]}}), f"{STATUS}[0].changed.to[0]", 'the operator "like"'),
        (on_status({"changed": {"to": [{"changed": True}]}}), f"{STATUS}[0].changed.to[0]", 'the operator "changed"'),
        (on_status({"changed": True, "prefix": "a"}), f"{STATUS}[0]", 'an object with "changed" and "prefix"'),
        (on_status({"anything-but": {"changed": True}}), f"{STATUS}[0].anything-but", 'the operator "changed"'),
        (
            {"dynamodb": {"NewImage": [{"changed": {"from": ["a"]}}]}},
            f"{IMAGE}[0].changed",
            'an object with "from"',
        ),
        ({"dynamodb": {"NewImage": [{"changed": {"except": []}}]}}, f"{IMAGE}[0].changed", 'an object with "except"'),
        ({"dynamodb": {"NewImage": [{"changed": {"except": [1]}}]}}, f"{IMAGE}[0].changed.except[0]", "the number 1"),
        (
            {**on_status({"changed": True}), "dynamodb.NewImage.Status.S": [{"changed": True}]},
            '$["dynamodb.NewImage.Status.S"]',
            "the field dynamodb.NewImage.Status.S a second time",
        ),
    ],
)
def test_it_is_refused_with_the_place_where_it_stands(pattern: dict[str, Any], path: str, found: str) -> None:
    with pytest.raises(PatternError) as refused:
        compile_pattern(pattern)
    assert (refused.value.path, refused.value.found) == (path, found)


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = {"M": value}
    return value


EVERY_FORM = [
    compile_pattern(pattern)
    for pattern in (
        {"dynamodb": {"NewImage": [{"changed": True}]}},
        {"dynamodb": {"NewImage": [{"changed": {"except": ["a"]}}]}},
        {"dynamodb": {"NewImage": {"b": [{"changed": False}]}}},
        {"dynamodb": {"NewImage": {"b": {"c": [{"changed": {"from": [1], "to": [{"exists": False}]}}]}}}},
    )
]


@pytest.mark.parametrize("make", [lambda: nested(100_000), lambda: Decimal("sNaN")], ids=["deep", "no number"])
def test_images_that_cannot_be_compared_have_changed(make: Callable[[], Any]) -> None:
    value = {"eventName": "MODIFY", "dynamodb": {"OldImage": {"b": make()}, "NewImage": {"b": make()}}}
    assert [whole.matches(value) for whole in EVERY_FORM[:3]] == [True, True, False]


images = st.none() | odd | values() | st.dictionaries(st.sampled_from("abc"), values(), max_size=2)


@given(st.sampled_from(["MODIFY", "INSERT", "REMOVE", "SNAPSHOT", None, 1]), images, images)
def test_no_image_makes_it_raise(operation: Any, old: Any, new: Any) -> None:
    value = {"eventName": operation, "dynamodb": {"OldImage": old, "NewImage": new}}
    for whole in EVERY_FORM:
        assert whole.matches(value) in (True, False)


@pytest.mark.parametrize("value", [{}, {"eventName": "MODIFY"}, {"eventName": "MODIFY", "dynamodb": []}])
def test_a_record_without_images_has_changed_as_far_as_anybody_knows(value: dict[str, Any]) -> None:
    assert [whole.matches(value) for whole in EVERY_FORM] == [True, True, False, True]


def test_a_field_name_with_a_line_break_does_not_break_the_sentence() -> None:
    with pytest.raises(PatternError) as refused:
        compile_pattern({"\namodb": [{"changed": True}]})
    assert "\n" not in str(refused.value)
    assert "changed on \\namodb" in str(refused.value)
