"""Whatever the text, the object or the value: a filter, a yes or no, or a PatternError."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.filters import PatternError, compile_pattern
from tests.filters.breakage import WRONG_LEAVES, broken, spoilt_text
from tests.filters.json_text import Spelled
from tests.filters.pairs import free_pattern, record_pattern, value_near

WORDS = (
    *("$or", "exactly", "prefix", "suffix", "equals-ignore-case", "wildcard", "anything-but", "numeric", "exists"),
    *("cidr", "=", "<", "<=", ">", ">=", "10.0.0.0/8", "::/0", "*", "**", "\\", "a", "", ".", "\x00", "\ud800", "😀"),
)
"""What patterns are made of, so that arbitrary JSON often comes near one."""

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(WORDS)
    | st.text(st.characters(exclude_categories=()), max_size=5)
)
keys = st.sampled_from(WORDS) | st.text(max_size=3)
jsons = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4))
objects = st.dictionaries(keys, jsons, max_size=4)
leaves = st.sampled_from([leaf for leaf in WRONG_LEAVES if "Spelled" not in repr(leaf)]) | jsons
near_patterns = st.dictionaries(keys, st.lists(leaves, min_size=1, max_size=3) | objects, min_size=1, max_size=3)
odd_values = st.sampled_from(
    (
        b"a",
        (1, 2),
        {1},
        object(),
        Decimal("NaN"),
        Decimal("Infinity"),
        Decimal("1E+999999"),
        10**5_000,
        1j,
        Spelled("1"),
    )
)
randoms = st.integers(0, 2**32).map(Random)


def ask(pattern: str | dict[str, Any], *values: Any) -> None:
    """Compiles, and asks where that went well; only a PatternError is forgiven."""
    with suppress(PatternError):
        compiled = compile_pattern(pattern)
        assert {type(compiled.matches(value)) for value in values} <= {bool}


@given(st.text(st.characters(exclude_categories=())), objects)
@example('{"a":' * 100_000, {})
@example('{"a":[' * 100_000, {})
@example('{"a":[' + "[" * 100_000, {})
@example('{"a":[1' + "0" * 5_000 + "]}", {"a": 1})
@example('{"a":[1e999999999999999999999]}', {"a": 1})
@example('{"a":[{"numeric":["=",1e999999999999999999999]}]}', {"a": 1})
@example('{"a":[{"cidr":"1.1.1.1/' + "9" * 4_000 + '"}]}', {"a": "1.1.1.1"})
@example('{"a":["\ud800"]}', {"a": "\ud800"})
def test_any_text_is_a_filter_or_a_pattern_error(text: str, value: dict[str, Any]) -> None:
    ask(text, value)


@given(objects | near_patterns, objects)
def test_any_object_and_its_text_is_a_filter_or_a_pattern_error(pattern: dict[str, Any], value: dict[str, Any]) -> None:
    ask(pattern, value, pattern)
    ask(json.dumps(pattern), value, pattern)


@given(randoms, st.integers(1, 3))
def test_a_valid_pattern_spoilt_again_and_again_is_a_filter_or_a_pattern_error(random: Random, times: int) -> None:
    pattern = random.choice((free_pattern, record_pattern))(random)
    text = broken(random, pattern)
    for _ in range(times - 1):
        text = spoilt_text(random, text)
    ask(text, value_near(random, pattern))


@given(randoms, st.dictionaries(keys, odd_values | st.lists(odd_values | jsons, max_size=3), max_size=3))
def test_a_value_that_no_json_text_gives_is_asked_like_any_other(random: Random, value: dict[str, Any]) -> None:
    leaf = random.choice(({"anything-but": "x"}, {"numeric": ["<", 1]}, {"prefix": "x"}, {"exists": False}, 1))
    ask({key: [leaf] for key in value}, value)


@pytest.mark.parametrize("depth", [100, 10_000, 100_000])
def test_a_value_however_deep_is_asked_like_any_other(depth: int) -> None:
    objects_in_objects: Any = "x"
    arrays_in_arrays: Any = "x"
    for _ in range(depth):
        objects_in_objects, arrays_in_arrays = {"a": objects_in_objects}, [arrays_in_arrays]
    values = (objects_in_objects, {"a": arrays_in_arrays}, {"a": {"a": arrays_in_arrays}})
    ask({"a": {"a": ["x"]}}, *values)
    ask({"a": [{"exists": False}]}, *values)
    ask(objects_in_objects)
