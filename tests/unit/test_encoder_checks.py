"""The encoder is the check of an image: it stumbles over what is no attribute value, and says the same of it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.obvious import ObviousCodec
from schemas.attribute_checks import MAX_DEPTH, check_attributes
from schemas.errors import InvalidAttributeValue
from schemas.event_encoder import EventEncoder
from tests.items import DECLARED, FIELDS, Attribute, event, items, schema_text

RICH = schema_text(*FIELDS)
FRAME = b"\0\0\0\0\1"
ENCODER, OBVIOUS = EventEncoder(1, RICH), ObviousCodec(RICH)
KEY: dict[str, Attribute] = {"Hash": {"N": "1"}, "Range": {"S": "r"}}
SCALARS: list[Any] = [None, True, 1, 1.5, float("inf"), "", "S", "SS", "é"]
CONTENTS: list[Any] = [
    *SCALARS,
    *("\ud800", "1x", "1" * 39, "1" * 5000, "١", "YQ", "YR==", "Y Q=", "true"),
    *([], ["S"], [1], [None], [True], ["a", "a"], ["1", "1.0"], ["1", "01"], ["YQ==", "YQ=="], [["a"]], [{}]),
    *([{"S": "a", "N": "1"}], [{"S": 1}], [{"N": "1"}, {"N": "x"}], [{"M": {"a": {"B": "YQ"}}}], [{"M": []}]),
    *({}, {"": {"S": ""}}, {"a": 1}, {"a": {"NULL": 1}}, {"a": {"S": "a"}, "b": {}}, {"\ud800": {"S": ""}}),
    {"x" * 65_536: {"S": ""}},
]
LETTERS = ("S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M", "X", "")
DEEP: Any = {"S": ""}
for _ in range(MAX_DEPTH):
    DEEP = {"L": [DEEP]}

contents = st.sampled_from(CONTENTS) | st.just([DEEP]) | st.just({"a": DEEP})
broken = st.sampled_from([*SCALARS, [], {}, {"S": "a", "N": "1"}, DEEP]) | st.builds(
    lambda letter, content: {letter: content}, st.sampled_from(LETTERS), contents
)
names = st.sampled_from([*DECLARED, "undeclared", "", "\ud800", "x" * 65_536])


def outcome(item: Any) -> Any:
    """What the encoder makes of an image."""
    try:
        return ENCODER.encode(event(KEY, None, item))
    except InvalidAttributeValue as error:
        return error.path, error.found, error.expected


def expected(item: Any) -> Any:
    """The same by two steps, each of them obvious."""
    try:
        check_attributes(item, "after")
        return FRAME + OBVIOUS.encode(event(KEY, None, item))
    except InvalidAttributeValue as error:
        return error.path, error.found, error.expected


@given(items, st.dictionaries(names, broken, min_size=1, max_size=2))
def test_whatever_stands_in_an_image_is_written_or_refused_as_by_a_check_before(item: Any, more: Any) -> None:
    assert outcome(item | more) == expected(item | more)
    assert outcome(more | item) == expected(more | item)


@pytest.mark.parametrize("letter", LETTERS)
@pytest.mark.parametrize("name", [*DECLARED, "undeclared"])
def test_every_content_under_every_letter_of_every_field(name: str, letter: str) -> None:
    for content in (*CONTENTS, [DEEP], {"a": DEEP}):
        item = {name: {letter: content}}
        assert outcome(item) == expected(item)


@pytest.mark.parametrize("image", [*SCALARS[1:], [], ["Text"]])
def test_an_image_that_is_none_is_refused(image: Any) -> None:
    assert isinstance(outcome(image), tuple)


def test_what_was_seen_once_is_no_licence_for_what_only_compares_equal() -> None:
    for name in ("Anything", "undeclared", "MapOfAnything"):
        good: Any = {"M": {"a": {"BOOL": True}}}
        bad: Any = {"M": {"a": {"BOOL": 1}}}
        assert isinstance(outcome({name: good}), bytes)
        assert outcome({name: bad}) == (f"after.{name}.a", "1", "true or false")


def test_a_value_that_nests_deeper_than_the_stack_is_refused() -> None:
    deep: Any = {"S": ""}
    for _ in range(100_000):
        deep = {"L": [deep]}
    found = outcome({"undeclared": deep})
    assert found[1] == f"nested more than {MAX_DEPTH} deep"
    while isinstance(deep, dict) and "L" in deep:
        deep = deep["L"].pop()


def test_small_values_without_end_are_not_kept_without_end() -> None:
    from schemas import json_values

    for at in range(10_000):
        json_values.as_json({"S": f"{at}"})
        json_values.from_json(msgspec.json.encode({"N": f"{at}"}))
    assert len(json_values.SEEN) <= json_values._KEPT
