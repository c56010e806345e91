"""Why a value does not match: a sentence for each condition that it fails, and none where it matches."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.filters import compile_pattern
from tests.filter_patterns import patterns, values
from tests.records import record

X, Y = {"a": ["x"]}, {"b": ["y"]}
CHANGED = {"dynamodb": {"NewImage": {"Status": [{"changed": True}]}}}


@pytest.mark.parametrize(
    ("pattern", "value", "sentences"),
    [
        (X, {"a": "x"}, []),
        (X, {"a": "y"}, ['a is "y", the pattern wants ["x"]']),
        (X, {}, ['a is not there, the pattern wants ["x"]']),
        (X, {"a": ["y", "z"]}, ['a is "y" and "z", the pattern wants ["x"]']),
        ({"a": {"b": [1, 2.50]}}, {"a": [{"b": 3}, {"c": 1}]}, ["a.b is 3, the pattern wants [1,2.5]"]),
        ({"a": {"b": ["x"]}}, {"a.b": "y", "a": {"b": "z"}}, ['a.b is "z" and "y", the pattern wants ["x"]']),
        ({"a": [{"exists": False}]}, {"a": None}, ['a is null, the pattern wants [{"exists":false}]']),
        ({**X, **Y}, {"b": "z"}, ['a is not there, the pattern wants ["x"]', 'b is "z", the pattern wants ["y"]']),
        # Of several alternatives the one that is nearest.
        ({"$or": [{**X, **Y}, {"c": ["z"]}]}, {"a": 1}, ['c is not there, the pattern wants ["z"]']),
        (
            {"a": {"b": [1], "c": [2]}},
            {"a": [{"b": 1}, {"c": 2}]},
            ["each condition holds, but not in one and the same element of an array"],
        ),
        ({"all_of": [X, Y]}, {"a": "x"}, ['b is not there, the pattern wants ["y"]']),
        (
            {"any_of": [X, {"all_of": [X, Y]}]},
            {"b": "y"},
            [
                'alternative 1: a is not there, the pattern wants ["x"]',
                'alternative 2: a is not there, the pattern wants ["x"]',
            ],
        ),
        (
            {"none_of": [X, {"c": [1]}, Y]},
            {"a": "x", "b": "y"},
            ["none_of: number 1 of its filters matches", "none_of: number 3 of its filters matches"],
        ),
        (X, {"a": "y" * 200}, ['a is "' + "y" * 99 + '..., the pattern wants ["x"]']),
    ],
)
def test_each_condition_that_fails_has_a_sentence(pattern: Any, value: Any, sentences: list[str]) -> None:
    assert compile_pattern(pattern).misses(value) == sentences


def test_a_change_that_has_not_happened_is_named_with_its_attribute() -> None:
    same = record("MODIFY", before={"Status": "a"}, after={"Status": "a"})
    sentence = 'dynamodb.NewImage.Status: what [{"changed":true}] asks for has not happened'
    assert compile_pattern(CHANGED).misses(same) == [sentence]


def test_a_time_is_asked_at_the_now_that_is_told() -> None:
    past_hour = compile_pattern({"a": [{"time": ["within", "-1h"]}]})
    assert past_hour.misses({"a": 0}, now=0) == []
    assert past_hour.misses({"a": 0}, now=1e9) == ['a is 0, the pattern wants [{"time":["within","-1h"]}]']


deep: Any = 1
for _ in range(100_000):
    deep = {"b": [deep]}
loop: dict[Any, Any] = {}
loop["b"] = loop
arrays: Any = 1
for _ in range(100_000):
    arrays = [arrays]


@pytest.mark.parametrize("hostile", [deep, loop, {(1, 2): 3}, 10**5000, float("nan")], ids=type)
def test_what_json_cannot_write_is_named_by_its_type_or_shown_as_it_is(hostile: Any) -> None:
    (sentence,) = compile_pattern(X).misses({"a": hostile})
    shown = "NaN" if isinstance(hostile, float) else f"a value of type {type(hostile).__name__} that JSON cannot write"
    assert sentence == f'a is {shown}, the pattern wants ["x"]'


@pytest.mark.parametrize("value", [[], "x", None, [{"a": "x"}]])
def test_what_is_no_object_matches_no_filter_and_that_is_why(value: Any) -> None:
    for pattern in (X, {"none_of": [X]}, {"a": [{"exists": False}]}, CHANGED):
        assert not compile_pattern(pattern).matches(value)
        assert compile_pattern(pattern).misses(value) == ["the value is no object"]


def test_arrays_without_end_have_nothing_to_show() -> None:
    assert compile_pattern(X).misses({"a": arrays}) == ['a is not there, the pattern wants ["x"]']


parts: st.SearchStrategy[dict[str, Any]] = st.recursive(
    patterns(),
    lambda inner: st.dictionaries(
        st.sampled_from(["all_of", "any_of", "none_of"]),
        st.lists(inner, min_size=1, max_size=3),
        min_size=1,
        max_size=1,
    ),
    max_leaves=4,
)


@given(parts, values() | st.just({"a": Decimal("sNaN")}))
def test_there_is_nothing_to_say_exactly_where_the_value_matches(pattern: dict[str, Any], value: Any) -> None:
    whole = compile_pattern(pattern)
    sentences = whole.misses(value)
    assert (sentences == []) is whole.matches(value)
    assert all(sentence and "\n" not in sentence for sentence in sentences)
