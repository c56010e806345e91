"""What `number` takes: numbers, and texts of numbers, to the last of their digits."""

from __future__ import annotations

import operator
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.filters import AWS, PatternError, compile_pattern
from tests.filter_patterns import odd, values

DIGITS = 12_345_678_901_234_567_890_123_456_789_012_345_678
COMPARE = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def takes(operand: list[Any], value: Any) -> bool:
    return compile_pattern({"N": [{"number": operand}]}).matches({"N": value})


@pytest.mark.parametrize(
    ("operand", "taken", "refused"),
    [
        (["=", 5], ["5", "5.0", "+5", "05", "0.5e1", "50E-1", 5, 5.0, Decimal("5.00")], ["5.01", "-5", "4", 4.99]),
        (["=", 0], ["0", "-0", "0e9", 0, -0.0], ["", "0.1", False, None]),
        (["=", 0.1], ["0.1", 0.1, ".1", "1e-1", Decimal("0.1")], ["0.1000000000000000055511151231257827"]),
        (["!=", 5], ["4", "5.1"], ["5", "5.0", "five", None]),
        ([">=", 18, "<", 65], ["18", "64.999", 18], ["17.999", "65"]),
        ([">", 0, "!=", 3, "!=", 4], ["1", "3.5"], ["0", "3", "4.0"]),
        (["=", DIGITS], [str(DIGITS), DIGITS, f"{DIGITS}.0"], [str(DIGITS + 1), float(DIGITS)]),
        ([">", DIGITS, "<", DIGITS + 2], [str(DIGITS + 1), f"{DIGITS + 1}.5"], [str(DIGITS), str(DIGITS + 2)]),
        ([">", 10**40], [str(10**40 + 1), "1e41"], [str(10**40), "1e40"]),
        (["<", -(10**40)], [str(-(10**40) - 1)], [str(-(10**40))]),
        ([">", Decimal("9.9e125")], ["9.91e125", "1e9999"], ["9.9E+125", "-1e9999"]),
        (["<", Decimal("1e-130"), ">", Decimal("-1e-130")], ["0", "1e-131"], ["1e-130"]),
        ([">", Decimal("1e99999999")], [], ["1e9999"]),
    ],
)
def test_a_number_is_compared_by_its_value_however_it_is_written(
    operand: list[Any], taken: list[Any], refused: list[Any]
) -> None:
    assert [value for value in taken if not takes(operand, value)] == []
    assert [value for value in refused if takes(operand, value)] == []


@pytest.mark.parametrize(
    "text",
    [
        *("", " 5", "5 ", "5\n", "1_000", "1,5", "0x5", "five", "٥", "NaN", "Infinity", "e5", ".", "5e", "5e99999"),
        *("\ud800", "5" * 1001, True, None, b"5", object, float("nan"), Decimal("sNaN"), {"N": "5"}, []),
    ],
    ids=repr,
)
def test_what_is_no_number_is_neither_like_nor_unlike_one(text: Any) -> None:
    assert not any(takes([name, 5], text) for name in COMPARE)


def test_any_member_of_a_set_of_numbers_will_do() -> None:
    adult = compile_pattern({"Ages": {"NS": [{"number": [">=", 18]}]}})
    assert adult.matches({"Ages": {"NS": ["3", "18"]}})
    assert not adult.matches({"Ages": {"NS": ["3", "17.9"]}})


@pytest.mark.parametrize(
    "operand",
    [
        ["=", 1, "=", 2],
        ["=", 1, "!=", 1],
        [">", 5, "<", 5],
        [">=", 5, "<", 5],
        [">", 5, "<=", 5],
        [">", DIGITS + 1, "<", DIGITS],
        [">=", 5, "<=", 5, "!=", 5],
        ["<", 0, ">", 10**40],
    ],
)
def test_comparisons_that_no_number_meets_are_refused(operand: list[Any]) -> None:
    with pytest.raises(PatternError) as refused:
        compile_pattern({"N": [{"number": operand}]})
    assert (refused.value.path, refused.value.found) == ("$.N[0].number", "comparisons that hold for no number")


@pytest.mark.parametrize(
    ("operand", "path", "found"),
    [
        (5, "", "the number 5"),
        ([], "", "an empty list"),
        (["="], "", "a list"),
        (["=", 5, ">"], "", "a list"),
        (["==", 5], "[0]", 'the text "==" and the number 5'),
        (["=", "5"], "[0]", 'the text "=" and the text "5"'),
        (["=", True], "[0]", 'the text "=" and true'),
        ([">", 1, 2, "<"], "[2]", 'the number 2 and the text "<"'),
    ],
)
def test_what_is_no_comparison_is_refused(operand: Any, path: str, found: str) -> None:
    with pytest.raises(PatternError) as refused:
        compile_pattern({"N": [{"number": operand}]})
    assert (refused.value.path, refused.value.found) == (f"$.N[0].number{path}", found)
    with pytest.raises(PatternError, match='the operator "number"'):
        compile_pattern({"N": [{"number": ["=", 5]}]}, language=AWS)


def test_a_number_with_an_exponent_beyond_all_is_refused() -> None:
    with pytest.raises(PatternError, match="the number 1e9999999999999999999"):
        compile_pattern('{"N": [{"number": ["<", 1e9999999999999999999]}]}')


bounds = st.sampled_from([0, 1, -1, DIGITS, DIGITS + 1, 10**40]) | st.decimals(-9, 9, places=1)


@given(st.lists(st.tuples(st.sampled_from(list(COMPARE)), bounds), min_size=1, max_size=4), bounds)
def test_it_is_refused_exactly_where_nothing_could_match_and_answers_as_exact_arithmetic_does(
    comparisons: list[tuple[str, Any]], value: Any
) -> None:
    def meant(number: Fraction) -> bool:
        return all(COMPARE[name](number, Fraction(bound)) for name, bound in comparisons)

    exact = sorted(Fraction(bound) for _, bound in comparisons)
    between = [(low + high) / 2 for low, high in pairwise(exact)]
    # A number that all comparisons take, if there is any, is a bound, or beside one.
    possible = any(map(meant, [*exact, *between, exact[0] - 1, exact[-1] + 1]))
    try:
        answer = takes([part for pair in comparisons for part in pair], str(value))
    except PatternError:
        assert not possible
    else:
        assert possible
        assert answer is meant(Fraction(value))


@given(st.text() | st.from_regex(r"[+-]?[0-9.]{0,9}[eE]?[+-]?[0-9]{0,9}", fullmatch=True) | odd | values())
def test_no_value_makes_it_raise(value: Any) -> None:
    assert {takes([name, DIGITS], value) for name in COMPARE} <= {True, False}
