"""Our own engine answers every case of the table, whichever way the pattern and the value come in."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from schemas.filters import PatternError, compile_pattern
from tests.filters.cases import CASES, Case, as_text
from tests.filters.json_text import read
from tests.filters.oracle import MATCH, REJECTED


def _name(case: Case) -> str:
    return f"{case.about}: {case.why}"


@pytest.mark.parametrize("case", [case for case in CASES if case.expect == REJECTED], ids=_name)
def test_a_pattern_that_is_refused_says_where_and_what_was_expected(case: Case) -> None:
    with pytest.raises(PatternError) as caught:
        compile_pattern(case.pattern)
    error = caught.value
    assert error.path.startswith("$")
    assert error.found
    assert error.expected
    assert error.expected in str(error)
    assert "\n" not in str(error)


@pytest.mark.parametrize("case", [case for case in CASES if case.expect != REJECTED], ids=_name)
def test_a_pattern_matches_what_it_should_and_nothing_else(case: Case) -> None:
    value = as_text(case.value)
    pattern = compile_pattern(case.pattern)
    assert pattern.matches(read(value)) == (case.expect == MATCH)
    assert compile_pattern(as_text(case.pattern)) == pattern


@pytest.mark.parametrize("case", [case for case in CASES if case.expect != REJECTED], ids=_name)
def test_a_number_that_comes_as_a_decimal_answers_like_a_float(case: Case) -> None:
    value = json.loads(as_text(case.value), parse_float=Decimal, parse_int=Decimal)
    assert compile_pattern(case.pattern).matches(value) == (case.expect == MATCH)
