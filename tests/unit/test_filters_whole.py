"""Whole filters put together, by patterns and by names; and why a value does not match."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.filters import AWS, PatternError, compile_pattern

leaves = st.sampled_from(["x", "y", 1, True, None, {"exists": True}, {"exists": False}, {"prefix": "x"}])
lists = st.lists(leaves, min_size=1, max_size=2)
fields = st.dictionaries(
    st.sampled_from(["a", "b", "c"]),
    st.lists(leaves, min_size=1, max_size=2)
    | st.dictionaries(st.sampled_from("de"), st.lists(leaves, min_size=1), min_size=1),
    min_size=1,
    max_size=2,
)
filters = st.recursive(
    fields,
    lambda inner: st.sampled_from(["all_of", "any_of", "none_of"]).flatmap(
        lambda word: st.lists(inner, min_size=1, max_size=3).map(lambda parts: {word: parts})
    ),
    max_leaves=5,
)
scalars = st.sampled_from(["x", "xx", "y", 1, True, None])
values = st.dictionaries(
    st.sampled_from(["a", "b", "c"]),
    scalars | st.lists(scalars, max_size=2) | st.dictionaries(st.sampled_from("de"), scalars),
)


@given(st.lists(filters, min_size=1, max_size=3), values)
def test_together_they_are_what_logic_says(parts: list[dict[str, Any]], value: dict[str, Any]) -> None:
    each = [compile_pattern(part).matches(value) for part in parts]
    assert compile_pattern({"all_of": parts}).matches(value) is all(each)
    assert compile_pattern({"any_of": parts}).matches(value) is any(each)
    assert compile_pattern({"none_of": parts}).matches(value) is not any(each)


@given(st.lists(filters, min_size=1, max_size=3), values)
def test_a_name_stands_for_its_filter_and_the_text_needs_no_names(
    parts: list[dict[str, Any]], value: dict[str, Any]
) -> None:
    named = {f"filter {number}": compile_pattern(part) for number, part in enumerate(parts)}
    by_name = compile_pattern({"none_of": [*named, {"a": ["x"]}]}, named=named)
    in_full = compile_pattern({"none_of": [*parts, {"a": ["x"]}]})
    assert by_name == in_full == compile_pattern(by_name.text)
    assert by_name.matches(value) is in_full.matches(value)


@given(filters, values)
def test_there_is_a_reason_exactly_where_there_is_no_match(pattern: dict[str, Any], value: dict[str, Any]) -> None:
    compiled = compile_pattern(pattern)
    assert bool(compiled.misses(value)) is not compiled.matches(value)


@pytest.mark.parametrize(
    ("pattern", "path", "found"),
    [
        ({"all_of": [{"a": ["x"]}], "b": ["y"]}, "$", "all_of beside other fields"),
        ({"any_of": []}, "$.any_of", "an empty list"),
        ({"any_of": {"a": ["x"]}}, "$.any_of", 'an object with "a"'),
        ({"none_of": ["nobody"]}, "$.none_of[0]", 'the name "nobody"'),
        ({"none_of": [5]}, "$.none_of[0]", "the number 5"),
        ({"none_of": [{"a": [{"any_of": ["x"]}]}]}, "$.none_of[0].a[0]", 'the operator "any_of"'),
        ({"all_of": [{"any_of": [{"a": []}]}]}, "$.all_of[0].any_of[0].a", "an empty list"),
    ],
)
def test_what_cannot_be_put_together_is_refused_where_it_stands(pattern: dict[str, Any], path: str, found: str) -> None:
    with pytest.raises(PatternError) as caught:
        compile_pattern(pattern)
    assert (caught.value.path, caught.value.found) == (path, found)


def test_to_aws_they_are_fields_like_any_other() -> None:
    assert compile_pattern({"any_of": ["x"], "b": ["y"]}, language=AWS).matches({"any_of": "x", "b": "y"})
    with pytest.raises(PatternError, match=r"any_of\[0\]: found a list"):
        compile_pattern({"any_of": [["x"]]}, language=AWS)


@pytest.mark.parametrize(
    ("pattern", "sentences"),
    [
        ({"a": ["x", {"prefix": "y"}]}, ['a is "z", the pattern wants ["x",{"prefix":"y"}]']),
        ({"b": {"d": ["x"]}}, ['b.d is not there, the pattern wants ["x"]']),
        ({"c": [2]}, ["c is 1 and 3, the pattern wants [2]"]),
        ({"a": ["z"], "b": ["x"]}, ['b is not there, the pattern wants ["x"]']),
        ({"$or": [{"a": ["x"]}, {"a": ["y"], "b": ["x"]}]}, ['a is "z", the pattern wants ["x"]']),
        (
            {"any_of": [{"a": ["x"]}, {"b": ["x"]}]},
            [
                'alternative 1: a is "z", the pattern wants ["x"]',
                'alternative 2: b is not there, the pattern wants ["x"]',
            ],
        ),
        ({"none_of": [{"a": ["x"]}, {"a": ["z"]}]}, ["none_of: number 2 of its filters matches"]),
        (
            {"e": {"f": [1], "g": [2]}},
            ["each condition holds, but not in one and the same element of an array"],
        ),
    ],
)
def test_a_miss_is_a_sentence_of_what_is_there_and_what_is_wanted(
    pattern: dict[str, Any], sentences: list[str]
) -> None:
    value = {"a": "z", "c": [1, 3], "e": [{"f": 1, "g": 3}, {"f": 3, "g": 2}]}
    assert compile_pattern(pattern).misses(value) == sentences
