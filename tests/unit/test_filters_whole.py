"""Filters put together: what they mean, what they are called, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.filters import AWS, Filter, PatternError, compile_pattern
from tests.filter_patterns import patterns

X, Y = {"a": ["x"]}, {"b": [{"prefix": "y"}]}
NAMED = {"x": compile_pattern(X), "y": compile_pattern(Y)}
few = st.sampled_from(["x", "y", "yz", 1, None])
listed: st.SearchStrategy[list[Any]] = st.lists(few | st.builds(dict, exists=st.booleans()), min_size=1, max_size=2)
numbered = st.just([{"number": [">", 0]}])
names = st.sampled_from(["a", "b", "c"])
small = st.dictionaries(names, listed | numbered | st.dictionaries(names, listed, min_size=1), min_size=1, max_size=2)
values = st.dictionaries(names, few | st.lists(few | st.dictionaries(names, few), max_size=2), max_size=3)
together = st.recursive(
    small | st.sampled_from(["x", "y"]),
    lambda inner: st.dictionaries(
        st.sampled_from(["all_of", "any_of", "none_of"]),
        st.lists(inner, min_size=1, max_size=3),
        min_size=1,
        max_size=1,
    ),
    max_leaves=6,
).filter(lambda made: isinstance(made, dict))


def compiled(pattern: dict[str, Any]) -> Filter:
    return compile_pattern(pattern, named=NAMED)


def holds(pattern: dict[str, Any], value: dict[str, Any]) -> bool:
    return compiled(pattern).matches(value)


@given(st.lists(together, min_size=1, max_size=4), values)
def test_all_any_and_none_are_those_of_each_by_itself(parts: list[dict[str, Any]], value: dict[str, Any]) -> None:
    each = [holds(part, value) for part in parts]
    assert holds({"all_of": parts}, value) is all(each)
    assert holds({"any_of": parts}, value) is any(each)
    assert holds({"none_of": parts}, value) is not any(each)


@given(st.lists(together, min_size=1, max_size=3), values)
def test_none_of_all_is_any_of_none_and_none_of_any_is_all_of_none(
    parts: list[dict[str, Any]], value: dict[str, Any]
) -> None:
    nots: list[dict[str, Any]] = [{"none_of": [part]} for part in parts]
    assert holds({"none_of": [{"all_of": parts}]}, value) is holds({"any_of": nots}, value)
    assert holds({"none_of": [{"any_of": parts}]}, value) is holds({"all_of": nots}, value)
    assert holds({"none_of": nots[:1]}, value) is holds(parts[0], value)


@given(st.lists(patterns(), min_size=1, max_size=12), values)
def test_many_patterns_at_once_answer_as_each_by_itself(parts: list[dict[str, Any]], value: dict[str, Any]) -> None:
    assert holds({"any_of": parts}, value) is any(compile_pattern(part).matches(value) for part in parts)


@given(together, values)
def test_its_text_stands_by_itself_and_compiles_to_an_equal_filter(
    pattern: dict[str, Any], value: dict[str, Any]
) -> None:
    one = compiled(pattern)
    again = compile_pattern(one.text)
    assert again == one
    assert hash(again) == hash(one)
    assert again.fields == one.fields
    assert again.matches(value) is one.matches(value)


@given(together, values)
def test_it_looks_at_no_field_but_those_that_it_names(pattern: dict[str, Any], value: dict[str, Any]) -> None:
    one = compiled(pattern)
    assert one.matches({name: inner for name, inner in value.items() if name in one.fields}) is one.matches(value)


def test_a_name_stands_for_its_filter_in_the_text_and_a_field_may_have_the_name_too() -> None:
    one = compile_pattern({"any_of": ["x", {"x": ["x"]}, {"none_of": ["y"]}]}, named=NAMED)
    assert one.text == '{"any_of":[{"a":["x"]},{"x":["x"]},{"none_of":[{"b":[{"prefix":"y"}]}]}]}'
    assert one.matches({"a": "x", "b": "y"})
    assert one.matches({"x": "x", "b": "y"})
    assert not one.matches({"b": "y"})


def test_further_in_the_words_are_fields_as_any_others() -> None:
    field = compile_pattern({"a": {"any_of": ["x"], "all_of": ["y"]}})
    assert field.matches({"a": {"any_of": "x", "all_of": "y"}})
    assert compile_pattern({"any_of": ["x"]}, language=AWS).matches({"any_of": "x"})


@pytest.mark.parametrize(
    ("pattern", "path", "found"),
    [
        ({"all_of": []}, "$.all_of", "an empty list"),
        ({"any_of": X}, "$.any_of", 'an object with "a"'),
        ({"none_of": "x"}, "$.none_of", 'the text "x"'),
        ({"any_of": [X], "a": ["x"]}, "$", "any_of beside other fields"),
        ({"any_of": [X], "none_of": [Y]}, "$", "any_of beside other fields"),
        ({"all_of": [X, {}]}, "$.all_of[1]", "an empty object"),
        ({"all_of": [X, 1]}, "$.all_of[1]", "the number 1"),
        ({"all_of": [X, [Y]]}, "$.all_of[1]", "a list"),
        ({"all_of": [{"any_of": [{"a": [{"like": "x"}]}]}]}, "$.all_of[0].any_of[0].a[0]", 'the operator "like"'),
        ({"all_of": ["x", "z"]}, "$.all_of[1]", 'the name "z"'),
        ({"$or": [{"any_of": [X]}, Y]}, "$.$or[0].any_of[0]", 'the operator "a"'),
    ],
)
def test_what_puts_no_filters_together_is_refused(pattern: dict[str, Any], path: str, found: str) -> None:
    with pytest.raises(PatternError) as refused:
        compiled(pattern)
    assert (refused.value.path, refused.value.found) == (path, found)


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    with pytest.raises(PatternError, match=r'found the name "z", expected the name of a filter \(x, y\)'):
        compiled({"any_of": ["z"]})
    with pytest.raises(PatternError, match=r"the name of a filter \(there is none\)"):
        compile_pattern({"any_of": ["z"]})


def test_names_of_names_have_a_depth_and_a_length_where_they_end() -> None:
    deeper, longer = NAMED["x"], compile_pattern({"a": ["x" * 4000]})
    for _ in range(49):
        deeper = compile_pattern({"all_of": ["before"]}, named={"before": deeper})
    assert deeper.matches({"a": "x"})
    with pytest.raises(PatternError, match="more than 100 deep"):
        compile_pattern({"all_of": ["before"]}, named={"before": deeper})
    with pytest.raises(PatternError, match="characters with the filters that it names, expected at most 1000000"):
        compile_pattern({"any_of": ["long"] * 250}, named={"long": longer})
