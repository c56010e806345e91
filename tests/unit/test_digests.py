"""Digests of documents are equal where the documents are."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributary.folding.digests import digest
from schemas.attribute_values import Value

PAIRS: list[tuple[Value, Value]] = [
    (1, Decimal("1.0")),
    (100, Decimal("1E+2")),
    (Decimal("1.50"), Decimal("1.5")),
    (0, Decimal("-0")),
    (10**300, Decimal("1E+300")),
    (frozenset({1, 2}), frozenset({Decimal("2.0"), 1})),
]
NUMBERS = st.integers(-3, 3) | st.decimals(-3, 3, places=1)
SHAPES = st.recursive(
    st.none()
    | st.booleans()
    | NUMBERS
    | st.text(max_size=1)
    | st.binary(max_size=1)
    | st.frozensets(NUMBERS, max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("NBSM"), inner, max_size=2),
    max_leaves=4,
)
DIFFERENT: list[Value] = [
    None,
    True,
    1,
    "1",
    b"1",
    [],
    [1],
    {},
    {"N": "1"},
    {"B": "31"},
    {"S": ["1"]},
    {"M": {}},
    frozenset({1}),
    frozenset({"1"}),
    frozenset({b"1"}),
    Decimal("1.00000000000000000000000000000000000001"),
    Decimal("12345678901234567890123456789012345678"),
    Decimal("12345678901234567890123456789012345679"),
]


@pytest.mark.parametrize(("one", "same"), PAIRS)
def test_numbers_count_by_value(one: Value, same: Value) -> None:
    assert digest({"x": one}) == digest({"x": same})


def test_values_of_different_types_differ_whatever_they_look_like() -> None:
    assert len({digest({"x": value}) for value in DIFFERENT}) == len(DIFFERENT)


def test_the_order_of_fields_does_not_count_and_that_of_a_list_does() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest({"a": [1, 2]}) != digest({"a": [2, 1]})


@given(SHAPES, SHAPES)
def test_documents_have_the_same_digest_just_where_they_are_the_same(one: Value, other: Value) -> None:
    assert digest({"x": one}) == digest({"x": one})
    assert (digest({"x": one}) == digest({"x": other})) == _same(one, other)


def _same(one: Value, other: Value) -> bool:
    """Equality that tells a truth value from a number, at every depth."""
    match one, other:
        case (dict(), dict()):
            return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
        case (list(), list()):
            return len(one) == len(other) and all(map(_same, one, other))
        case _:
            return isinstance(one, bool) == isinstance(other, bool) and one == other
