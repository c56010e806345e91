"""Fields in arrays and under dotted keys: the same answer as the engine's way, which is written down here once more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.filters import compile_pattern
from tests.filter_patterns import patterns, values

Membership = dict[int, int]
Found = tuple[str, Any, Membership]


def fields(value: Any, path: str, membership: Membership, arrays: Iterator[int]) -> Iterator[Found]:
    """Every scalar with its dotted path, and of which arrays it is in which element."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from fields(inner, f"{path}.{key}", membership, arrays)
    elif isinstance(value, list):
        array = next(arrays)
        for index, element in enumerate(value):
            inside = isinstance(element, dict | list)
            yield from fields(element, path, {**membership, array: index} if inside else membership, arrays)
    else:
        yield path, value, membership


def conditions(pattern: dict[str, Any], path: str = "") -> Iterator[tuple[str, list[Any]]]:
    for key, inner in pattern.items():
        if isinstance(inner, dict):
            yield from conditions(inner, f"{path}.{key}")
        else:
            yield f"{path}.{key}", inner


def agree(one: Membership, other: Membership) -> bool:
    return all(other.get(array, index) == index for array, index in one.items())


def as_the_engine(asked: list[tuple[str, list[Any]]], found: list[Found], tied: Membership) -> bool:
    """The engine's search: condition by condition, in the order of their paths, tied to the elements so far."""
    if not asked:
        return True
    (path, listed), *others = asked
    here = [(value, membership) for name, value, membership in found if name == path and agree(tied, membership)]
    if {"exists": False} in listed and not here and as_the_engine(others, found, tied):
        return True
    return any(
        compile_pattern({"v": listed}).matches({"v": value}) and as_the_engine(others, found, {**tied, **membership})
        for value, membership in here
    )


def expected(pattern: dict[str, Any], value: dict[str, Any]) -> bool:
    found = list(fields(value, "", {}, iter(range(10_000))))
    return as_the_engine(sorted(conditions(pattern), key=lambda one: one[0][1:]), found, {})


def without_dots(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_dots(inner) for key, inner in value.items() if "." not in key}
    return [without_dots(element) for element in value] if isinstance(value, list) else value


few = st.sampled_from(["a", "b", 1])
small_lists = st.lists(few | st.builds(dict, exists=st.booleans()), min_size=1, max_size=2)
small_names = st.sampled_from(["a", "b", "c", "a-b", "a.b"])
small_patterns = st.dictionaries(
    small_names, small_lists | st.dictionaries(small_names, small_lists, min_size=1, max_size=3), min_size=1, max_size=3
).filter(lambda pattern: len({path for path, _ in conditions(pattern)}) == len(list(conditions(pattern))))
small_values = st.dictionaries(
    small_names,
    st.recursive(
        few,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(small_names, inner, max_size=3),
        max_leaves=12,
    ),
    max_size=3,
)


@pytest.mark.slow
@settings(max_examples=300)
@given(small_patterns, small_values)
def test_conditions_on_fields_in_arrays_are_tied_to_elements_as_the_engine_ties_them(
    pattern: dict[str, Any], value: dict[str, Any]
) -> None:
    plain = without_dots(value)
    assert compile_pattern(pattern).matches(plain) == expected(pattern, plain)


@given(patterns(), values(with_odd=False, with_arrays=False))
def test_a_dotted_key_is_the_same_path_as_its_steps(pattern: dict[str, Any], value: dict[str, Any]) -> None:
    assert compile_pattern(pattern).matches(value) == expected(pattern, value)


@pytest.mark.parametrize(
    ("pattern", "value", "matches"),
    [
        ({"a": {"b": [1], "c": [2]}}, {"a": [{"b": 1, "c": 2}]}, True),
        ({"a": {"b": [1], "c": [2]}}, {"a": [{"b": 1}, {"c": 2}]}, False),
        ({"a": {"b": [1], "c": [2]}}, {"a": [[{"b": 1}], [{"c": 2}]]}, False),
        ({"a": {"b": [1], "c": [2]}}, {"a": [{"b": [1, 3], "c": [[2]]}]}, True),
        ({"a": {"b": [1]}, "c": {"b": [2]}}, {"a": [{"b": 1}], "c": [{}, {"b": 2}]}, True),
        ({"a": {"b": {"x": [1], "y": [2]}, "c": [3]}}, {"a": [{"b": [{"x": 1}, {"y": 2}], "c": 3}]}, False),
        ({"a": {"b": {"x": [1], "y": [2]}, "c": [3]}}, {"a": [{"b": [{"x": 1, "y": 2}], "c": 3}]}, True),
        # The absent field comes first, and is looked for in all elements.
        ({"a": {"b": [{"exists": False}], "c": [1]}}, {"a": [{"b": 1}, {"c": 1}]}, False),
        ({"a": {"b": [{"exists": False}], "c": [1]}}, {"a": [[{"b": 1}], [{"c": 1}]]}, False),
        ({"a": {"b": {"c": [{"exists": False}]}, "d": [1]}}, {"a": [{"b": {"c": 1}}, {"b": 5, "d": 1}]}, False),
        # First is what Java has first: an emoji, of two halves, before the private letters of Unicode.
        ({"a": {"😀": [{"exists": False}], "\ue000": [1]}}, {"a": [{"😀": 1}, {"\ue000": 1}]}, False),
        # It comes later, and is looked for in the element of the first.
        ({"a": {"b": [1], "c": [{"exists": False}]}}, {"a": [{"b": 1}, {"c": 1}]}, True),
        ({"a": {"b": [1], "c": [{"exists": False}]}}, {"a": [{"b": 1, "c": 1}, {"b": 2}]}, False),
        # A scalar of the array itself ties nothing; one of an array in it does.
        ({"a": ["x"], "a.b": [1]}, {"a": ["x", {"b": 1}]}, True),
        ({"a": ["x"], "a.b": [1]}, {"a": [["x"], {"b": 1}]}, False),
        ({"a": ["x"], "a.b": [1]}, {"a": [["x", {"b": 1}]]}, True),
        ({"a": [{"anything-but": "x"}]}, {"a": ["x", "y"]}, True),
        ({"a": [{"anything-but": "x"}]}, {"a": ["x", []]}, False),
        ({"a": {"b": [1], "c": [2]}}, {"a": [{"b": 1}], "a.c": 2}, True),
        ({"a.b": ["x"]}, {"a": {"b": "x"}}, True),
        ({"a.b.c": ["x"]}, {"a.b": [{"c": "x"}]}, True),
        ({"a": {"b": {"c": [1], "d": [2]}}}, {"a.b": {"c": 1}, "a": {"b.d": 2}}, True),
        ({"a.b": ["x"], "c": ["x"]}, {"a.b": "y", "a": {"b": "x"}, "c": "x"}, True),
        ({"a.b": [{"exists": False}]}, {"a": {}, "a.b": 1}, False),
        # A key beside one that begins with it and a dot, which has all there is.
        ({"a": ["x"], "a.b": {"c": [1], "d": [2]}}, {"a": "x", "a.b": [{"c": 1}, {"d": 2}]}, False),
        ({"a": ["x"], "a.b": {"c": [1], "d": [2]}}, {"a": "x", "a.b": [{"c": 1, "d": 2}]}, True),
        ({"a.b": [{"exists": False}]}, {"a": [], "a.b": []}, True),
        ({"": {"": ["x"]}}, {"": {"": "x"}}, True),
    ],
)
def test_arrays_and_dots(pattern: dict[str, Any], value: dict[str, Any], matches: bool) -> None:
    assert compile_pattern(pattern).matches(value) is matches


@given(st.lists(small_patterns, max_size=5), small_values)
def test_alternatives_are_the_same_as_each_by_itself(several: list[dict[str, Any]], value: dict[str, Any]) -> None:
    filters = [compile_pattern(pattern) for pattern in several]
    matching = tuple(each for each in filters if each.matches(value))
    if several:
        assert compile_pattern({"any_of": several}).matches(value) is bool(matching)
    if len(several) > 1:
        assert compile_pattern({"$or": several}).matches(value) is bool(matching)


def test_an_alternative_stands_beside_the_other_fields_and_inside_objects() -> None:
    pattern = {"a": [1], "b": {"$or": [{"c": [1]}, {"d": [2], "$or": [{"e": [3]}, {"f": [4]}]}]}}
    compiled = compile_pattern(pattern)
    assert compiled.matches({"a": 1, "b": {"c": 1}})
    assert compiled.matches({"a": 1, "b": {"d": 2, "f": 4}})
    assert not compiled.matches({"a": 1, "b": {"d": 2}})
    assert not compiled.matches({"b": {"c": 1}})
    assert not compiled.matches({"a": 1, "b": [{"d": 2}, {"e": 3}]})


@pytest.mark.parametrize("depth", [10, 100_000])
def test_no_depth_of_a_value_is_too_deep(depth: int) -> None:
    arrays: Any = "x"
    objects: Any = "x"
    for _ in range(depth):
        arrays, objects = [arrays], {"a": objects}
    for pattern in ({"a": ["x"]}, {"a": ["x"], "a.b": [{"exists": False}]}):
        compiled = compile_pattern(pattern)
        assert compiled.matches({"a": arrays}) is (depth == 10)
        assert not compiled.matches({"a": objects})


class CountedList(list[Any]):
    """A list that counts how often its elements are gone through."""

    reads = 0

    def __iter__(self) -> Iterator[Any]:
        CountedList.reads += 1
        return super().__iter__()


def test_elements_of_several_arrays_are_never_combined_with_one_another() -> None:
    names = "abcdefgh"
    pattern = {name: {"x": [1], "y": [1], "z": [{"exists": False}]} for name in names} | {"z": ["never"]}
    value = {name: CountedList({"x": 1, "y": 1} for _ in range(10)) for name in names} | {"z": "x"}
    CountedList.reads = 0
    assert not compile_pattern(pattern).matches(value)
    assert CountedList.reads <= 4 * len(names)
