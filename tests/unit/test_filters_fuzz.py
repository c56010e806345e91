"""Whatever pattern with our own operators in it, and whatever value: an answer, or a PatternError."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.filters import Filter, PatternError, compile_pattern
from schemas.filters.export import filter_criteria
from tests.filter_patterns import lists, odd, scalars, values

NAMED = {"named": compile_pattern({"a": [{"time": ["within", "1h"]}]})}
OURS = ["matches", "number", "time", "changed", "from", "to", "except", "all_of", "any_of", "none_of", "$or"]
PLACES = ["dynamodb", "NewImage", "OldImage", "eventName", "a", "b", "S", "N", "M", "a.b", "dynamodb.NewImage"]
words = st.sampled_from(
    ["named", "within", "before", "after", "now", "-1h", "1h", "2027-01-15", "=", ">", "<", "!=", "(a|b)*", "a{9}", "("]
)
leaves = st.one_of(
    st.fixed_dictionaries({"matches": words | st.text("ab()[]*+?{}\\^$|.<P=\n\ud800", max_size=8)}),
    st.fixed_dictionaries({"number": st.lists(words | st.integers() | st.decimals() | odd, max_size=4)}),
    st.fixed_dictionaries({"time": st.lists(words, max_size=4)}),
    st.tuples(st.sampled_from(["before", "after"]), st.sampled_from(["now", "-1h", "2027-01-15"])).map(
        lambda bound: {"time": list(bound)}
    ),
    st.tuples(st.sampled_from(["=", "<", ">="]), st.integers(-9, 9)).map(lambda bound: {"number": list(bound)}),
)
changes = st.one_of(
    st.booleans(),
    st.dictionaries(st.sampled_from(["from", "to"]), st.lists(leaves | scalars, max_size=2), min_size=1),
    st.fixed_dictionaries({"except": st.lists(st.sampled_from("abc"), max_size=2)}),
).map(lambda operand: [{"changed": operand}])
likely = st.recursive(
    st.dictionaries(st.sampled_from(["a", "b"]), st.lists(leaves | scalars, min_size=1, max_size=3), min_size=1)
    | (changes | st.dictionaries(st.sampled_from(["a", "b"]), changes, min_size=1)).map(
        lambda inner: {"dynamodb": {"NewImage": inner}}
    ),
    lambda inner: st.dictionaries(
        st.sampled_from(["all_of", "any_of", "none_of", "$or"]),
        st.lists(inner | st.just("named"), min_size=1, max_size=3),
        min_size=1,
        max_size=1,
    ),
    max_leaves=4,
)
anything = st.recursive(
    scalars | odd | words | lists | leaves | changes,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*OURS, *PLACES]), inner, max_size=3),
    max_leaves=12,
)
images = st.dictionaries(
    st.sampled_from(["a", "b", "a.b"]), values() | odd | scalars | st.lists(scalars | odd), max_size=3
)
records = st.fixed_dictionaries(
    {
        "eventName": st.sampled_from(["INSERT", "MODIFY", "REMOVE", "SNAPSHOT"]),
        "dynamodb": st.dictionaries(st.sampled_from(["NewImage", "OldImage"]), images) | odd,
    }
)
looked_at = records | images | values()


def compiled(pattern: Any) -> Filter | None:
    """The filter; None where the pattern is refused."""
    try:
        return compile_pattern(pattern, named=NAMED)
    except PatternError as error:
        refused = error
    assert refused.path.startswith("$")
    assert "\n" not in str(refused)
    return None


def ask_everything(whole: Filter, value: Any) -> None:
    answer = whole.matches(value, now=1.8e9)
    assert answer in (True, False)
    assert (whole.misses(value, now=1.8e9) == []) is answer
    assert compile_pattern(whole.text) == whole
    assert all(warning.message for warning in whole.lint({"a": "N", "b": "S"}))
    try:
        filter_criteria(whole)
    except PatternError as error:
        assert error.path.startswith("$")  # noqa: PT017 - most are refused, some are not


@settings(max_examples=200)
@given(likely, looked_at)
def test_a_pattern_nearly_right_compiles_or_is_refused_and_what_compiles_answers_whatever_it_is_asked(
    pattern: Any, value: Any
) -> None:
    whole = compiled(pattern)
    if whole is not None:
        ask_everything(whole, value)


@given(anything, looked_at)
def test_whatever_else_compiles_or_is_refused(pattern: Any, value: Any) -> None:
    whole = compiled(pattern)
    if whole is not None:
        ask_everything(whole, value)


@settings(max_examples=200)
@given(likely.map(lambda pattern: json.dumps(pattern, default=str)), st.data())
def test_a_text_with_something_cut_out_or_put_in_compiles_or_is_refused(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 5)))
    put_in = data.draw(st.text('{}[]",:\\0e9.-', max_size=3) | words | st.sampled_from(OURS))
    whole = compiled(text[:start] + put_in + text[end:])
    if whole is not None:
        ask_everything(whole, {"a": "a", "b": ["1"]})
