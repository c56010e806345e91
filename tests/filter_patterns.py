"""Event patterns and values, at random: few names and few letters, so that they meet."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

NAMES = st.sampled_from(["a", "b", "a.b", "c", "", "é"])
texts = st.text("abB*\\é", max_size=4)
numbers = st.sampled_from([0, 1, -1, 300, 2**53 + 1, 0.1, 1e300, 1.5e-7]) | st.integers() | st.floats(-1e9, 1e9)
scalars = st.none() | st.booleans() | texts | numbers
odd = st.sampled_from([b"a", float("nan"), Decimal("Infinity"), Decimal("1e400"), (1,), {1}, object, -(10**400)])
some_texts = st.text("abBé", min_size=1, max_size=3)
wildcards = st.lists(st.sampled_from(["a", "b", "*a", "b*", "\\*", "\\\\"]), max_size=3).map("".join)
operators = st.one_of(
    st.fixed_dictionaries({"exists": st.booleans()}),
    st.fixed_dictionaries({"prefix": texts | st.fixed_dictionaries({"equals-ignore-case": texts})}),
    st.fixed_dictionaries({"suffix": texts | st.fixed_dictionaries({"equals-ignore-case": texts})}),
    st.fixed_dictionaries({"equals-ignore-case": texts}),
    st.fixed_dictionaries({"wildcard": wildcards.filter(lambda text: "**" not in text)}),
    st.fixed_dictionaries({"numeric": st.tuples(st.sampled_from(["<", ">=", "="]), st.integers(-9, 9)).map(list)}),
    st.fixed_dictionaries({"cidr": st.sampled_from(["10.0.0.0/8", "::/1"])}),
    st.fixed_dictionaries({"anything-but": some_texts | st.lists(some_texts, min_size=1, max_size=2)}),
    st.fixed_dictionaries({"anything-but": st.fixed_dictionaries({"prefix": some_texts})}),
)
lists = st.lists(scalars | operators, min_size=1, max_size=3)


def patterns() -> st.SearchStrategy[dict[str, Any]]:
    """Patterns that compile: each path once."""
    names = st.sampled_from(["a", "b", "c", "", "é"])
    return st.recursive(
        st.dictionaries(names, lists, min_size=1, max_size=3),
        lambda inner: st.dictionaries(names, lists | inner, min_size=1, max_size=3),
        max_leaves=6,
    )


def broken_patterns() -> st.SearchStrategy[Any]:
    """Objects that may or may not be patterns."""
    keys = NAMES | st.sampled_from(["$or", "prefix", "numeric", "anything-but", "wildcard", "cidr", "exists"])
    return st.recursive(
        scalars | odd | lists,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
        max_leaves=10,
    )


def values(*, with_odd: bool = True, with_arrays: bool = True) -> st.SearchStrategy[Any]:
    """Objects as an event may have them, and (`with_odd`) what JSON has not."""
    return st.dictionaries(
        NAMES,
        st.recursive(
            scalars | odd if with_odd else scalars,
            lambda inner: (
                (st.lists(inner, max_size=3) if with_arrays else inner) | st.dictionaries(NAMES, inner, max_size=3)
            ),
            max_leaves=10,
        ),
        max_size=4,
    )
