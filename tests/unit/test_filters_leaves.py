"""What each thing in a field's list takes, and that it costs no more than it should."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.filters import PatternError, compile_pattern
from schemas.filters.complexity import is_too_complex
from schemas.filters.numbers import Number
from schemas.filters.wildcard import Wildcard, parse_wildcard
from tests.filter_patterns import numbers, scalars, texts, wildcards


def takes(leaf: Any, value: Any) -> bool:
    return compile_pattern({"a": [leaf]}).matches({"a": value})


LEAVES_TAKE = [
    ("active", ["active"], ["Active", "activ", "", None, True, 0]),
    ("10.0.0.1", ["10.0.0.1", "010.0.0.01", "::ffff:a00:1"], ["10.0.0.2", "10.0.0.1 ", "a00:1::"]),
    ("::1", ["::1", "0:0:0:0:0:0:0:1", "0000::00001"], ["::2", ":1", "0.0.0.1"]),
    ("300.1.1.1", ["300.1.1.1"], ["44.1.1.1"]),
    ("12:30", ["12:30"], ["12:031"]),
    (300, [300, 300.0, Decimal("3.00E+2")], ["300", 301, True]),
    (1, [1, 1.0], [True, "1"]),
    (0, [0, -0.0, Decimal("-0")], [False, None, ""]),
    (0.1, [0.1, Decimal("0.10")], [Decimal("0.1000000000000000055511151231257827"), 0.2]),
    (2**53 + 1, [2**53 + 1, Decimal(2**53 + 1)], [2**53, float(2**53), str(2**53 + 1)]),
    (True, [True], [1, 1.0, "true", False, None]),
    (False, [False], [0, None, "false", True]),
    (None, [None], [False, 0, "", "null"]),
    ({"exactly": "10.0.0.1"}, ["10.0.0.1"], ["10.0.0.01"]),
    ({"prefix": "ab"}, ["ab", "abc"], ["a", "AB", 1, None]),
    ({"prefix": ""}, ["", "x"], [1, None, True]),
    ({"suffix": "ab"}, ["ab", "cab"], ["b", "AB", 1]),
    ({"prefix": {"equals-ignore-case": "aB"}}, ["Abc", "aB"], ["a", "xab", 1]),
    ({"suffix": {"equals-ignore-case": "aß"}}, ["xAß", "aSS"], ["ass", "Aßx", None]),
    ({"suffix": {"equals-ignore-case": ""}}, ["", "x"], [1]),
    ({"equals-ignore-case": "ÉaΣ😀"}, ["éAσ😀", "ÉaΣ😀"], ["éaς😀", "éAσ", 1]),
    ({"equals-ignore-case": "ǅ"}, ["ǆ", "Ǆ"], ["ǅ"]),
    ({"equals-ignore-case": "a.c"}, ["A.C"], ["abc"]),
    ({"wildcard": "*"}, ["", "x"], [1, None]),
    ({"wildcard": "a*b"}, ["ab", "a*b", "axxb", "abab"], ["a", "b", "aba", "xab", 1]),
    ({"wildcard": "*.p*g"}, ["x.png", ".pg"], ["xpng", "x.pngs"]),
    ({"wildcard": "ab*ba"}, ["abba", "abxba"], ["aba"]),
    ({"wildcard": "\\*\\\\*"}, ["*\\", "*\\x"], ["x\\", "*"]),
    ({"wildcard": "a\nb*"}, ["a\nbc"], ["a b"]),
    ({"numeric": ["=", 3.018e2]}, [301.8, Decimal("301.80")], ["301.8", 301]),
    ({"numeric": [">", 0, "<=", 5]}, [1, 5, 5.0, 0.001], [0, 5.001, "1", True, None, 2**53 + 1]),
    ({"numeric": [">=", 0, "<", 5]}, [0, -0.0, 4.9], [5, -1]),
    ({"numeric": ["<", 0]}, [-1, -1e300], [0, 1]),
    ({"numeric": [">", 0]}, [1, 1e300], [0, 2**53 + 1, Decimal("1e400"), float("inf"), float("nan")]),
    ({"exists": True}, ["", None, False, 0, "x"], [float("nan"), b"x", (), object()]),
    ({"cidr": "10.0.0.77/8"}, ["10.0.0.0", "10.255.255.255"], ["11.0.0.0", "10.0.0.256", "10.0.0", 10, "a00::"]),
    ({"cidr": "0.0.0.0/0"}, ["1.2.3.4", "::ffff:0:0"], ["::1", "x"]),
    ({"cidr": "2001:db8::/33"}, ["2001:DB8::1"], ["2001:db8:8000::", "2001:db7::"]),
    ({"cidr": "::1/127"}, ["::", "::1"], ["::2", "1.2.3.4"]),
    ({"anything-but": "x"}, ["y", 1, None, True, ""], ["x", b"y"]),
    ({"anything-but": ["x", "10.0.0.1"]}, ["10.0.0.01", 1], ["x", "10.0.0.1"]),
    ({"anything-but": [1, 2]}, ["1", 3, None, 2**53 + 1], [1, 2.0, Decimal("1.0")]),
    ({"anything-but": {"prefix": ["a", "b"]}}, ["c", 1, None], ["a", "bc"]),
    ({"anything-but": {"suffix": "a"}}, ["ab", True], ["ba"]),
    ({"anything-but": {"equals-ignore-case": ["a"]}}, ["b", 1], ["A", "a"]),
    ({"anything-but": {"wildcard": ["*a", "b*"]}}, ["c", 1], ["xa", "bx"]),
]


@pytest.mark.parametrize(("leaf", "taken", "refused"), LEAVES_TAKE, ids=[json.dumps(case[0]) for case in LEAVES_TAKE])
def test_a_leaf_takes_what_aws_takes(leaf: Any, taken: list[Any], refused: list[Any]) -> None:
    assert [value for value in taken if not takes(leaf, value)] == []
    assert [value for value in refused if takes(leaf, value)] == []


def test_the_absence_of_a_field_is_that_of_any_scalar_in_it() -> None:
    absent = compile_pattern({"a": {"b": [{"exists": False}]}})
    without: list[Any] = [1, None, {}, [], {"b": {"c": 1}}, {"b": []}, {"b": [[]]}, {"b": b"x"}]
    assert all(absent.matches({"a": value}) for value in without)
    assert absent.matches({})
    assert not absent.matches({"a": {"b": None}})
    assert not absent.matches({"a": [{"c": 1}, {"b": [[0]]}]})


@pytest.mark.parametrize("value", [None, "x", 1, [], [{"a": "x"}], b"", object()])
def test_what_is_no_object_matches_nothing(value: Any) -> None:
    assert not compile_pattern({"a": ["x"]}).matches(value)
    assert not compile_pattern({"a": [{"exists": False}]}).matches(value)


@given(st.lists(scalars | st.builds(dict, prefix=texts), min_size=1, max_size=5), scalars)
def test_a_list_takes_what_any_in_it_takes(listed: list[Any], value: Any) -> None:
    assert compile_pattern({"a": listed}).matches({"a": value}) == any(takes(leaf, value) for leaf in listed)


@given(st.lists(texts.filter(bool), min_size=1, max_size=4), scalars)
def test_anything_but_is_the_opposite_of_each_of_its_values(unwanted: list[str], value: Any) -> None:
    for operator in ("prefix", "suffix", "equals-ignore-case"):
        leaf = {"anything-but": {operator: unwanted}}
        assert takes(leaf, value) == (not any(takes({operator: text}, value) for text in unwanted))


@given(numbers, numbers)
def test_two_numbers_are_one_where_python_says_so_of_their_shortest_spellings(one: Any, other: Any) -> None:
    assert takes(one, other) == (Decimal(repr(one)) == Decimal(repr(other)))


@given(st.decimals(allow_nan=False, allow_infinity=False) | st.integers().map(Decimal))
def test_the_canonical_spelling_of_a_number_is_that_number_and_no_longer(number: Decimal) -> None:
    for text in (str(number), f"{number:e}", f"{number:f}" if -50 < number.adjusted() < 50 else "1.0"):
        spelled = Number(text.replace("e+", "e").replace("E+", "e"))
        assert Decimal(spelled.canonical) == Decimal(spelled.text)
        assert len(spelled.canonical) <= len(spelled.text)


def naive(tokens: list[str], value: str) -> bool:
    """Every way of it: what a wildcard means, in the fewest words."""
    if not tokens:
        return not value
    if tokens[0] == "*":
        return any(naive(tokens[1:], value[at:]) for at in range(len(value) + 1))
    return value[:1] == tokens[0][-1] and naive(tokens[1:], value[1:])


@given(st.lists(st.sampled_from(["a", "b", "*", "\\*", "\\\\"]), max_size=8), st.text("ab*\\", max_size=10))
def test_a_wildcard_takes_what_the_slow_and_obvious_matcher_takes(tokens: list[str], value: str) -> None:
    single = [token for at, token in enumerate(tokens) if token != "*" or tokens[at - 1 : at] != ["*"]]
    assert takes({"wildcard": "".join(single)}, value) == naive(single, value)


@given(wildcards)
def test_a_wildcard_is_refused_exactly_for_stars_side_by_side(text: str) -> None:
    unescaped = text.replace("\\\\", ".").replace("\\*", ".")
    try:
        compile_pattern({"a": [{"wildcard": text}]})
        assert "**" not in unescaped
    except PatternError:
        assert "**" in text


class CountedText(str):
    """A text that counts how many characters of it are searched."""

    __slots__ = ("searched",)
    searched: int

    def find(self, part: Any, start: Any = 0, end: Any = None) -> int:
        found = super().find(part, start, end)
        self.searched += (found + len(part) if found >= 0 else end) - start
        return found


@pytest.mark.parametrize("pattern", ["*a*a*a*a*b", "*a*a*b*a*", "*" + "ab*" * 20 + "c", "a*" * 30 + "b"])
def test_a_wildcard_searches_each_character_of_a_value_once_whatever_it_is(pattern: str) -> None:
    wildcard = parse_wildcard(pattern)
    assert isinstance(wildcard, Wildcard)
    for value in ("a" * 10_000, "ab" * 5_000, "a" * 9_999 + "b"):
        counted = CountedText(value)
        counted.searched = 0
        wildcard.matches(counted)
        assert counted.searched <= len(value)


@pytest.mark.parametrize(
    ("texts_", "complexity"),
    [
        (["*"], 2),
        (["abc"], 1),
        (["*ab"], 2),
        (["*aa"], 3),
        (["*a*a*a*"], 7),
        (["a*b*bb"], 5),
        (["ab*cd", "ab*wx", "ab*yz"], 6),
        (["ab*c", "x*xx"], 3),
        (["*abc", "*abcde"], 4),
        (["abc*", "abcde*"], 4),
        (["a*bcb"], 3),
    ],
)
def test_complexity_is_how_many_beginnings_one_value_can_match(
    texts_: list[str], complexity: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed = [parse_wildcard(text) for text in texts_]
    compiled = [wildcard for wildcard in parsed if isinstance(wildcard, Wildcard)]
    for limit, too_complex in ((complexity, True), (complexity + 1, False)):
        monkeypatch.setattr("schemas.filters.complexity.MAX_COMPLEXITY", limit)
        assert is_too_complex(compiled) is too_complex
