"""Our own engine answers every case of the table, whichever way the pattern and the value come in."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from schemas.filters import PatternError, compile_pattern
from tests.filters.cases import CASES, Case, as_text
from tests.filters.json_text import read
from tests.filters.oracle import MATCH, REJECTED

ABOUT = sorted({case.about for case in CASES})


def of(about: str, *, refused: bool) -> list[Case]:
    return [case for case in CASES if case.about == about and (case.expect == REJECTED) is refused]


@pytest.mark.parametrize("about", ABOUT)
def test_a_pattern_that_is_refused_says_where_and_what_was_expected(about: str) -> None:
    for case in of(about, refused=True):
        with pytest.raises(PatternError) as caught:
            compile_pattern(case.pattern)
        error = caught.value
        assert error.path.startswith("$"), case
        assert error.found, case
        assert error.expected, case
        assert error.expected in str(error), case
        assert "\n" not in str(error), case


@pytest.mark.parametrize("about", ABOUT)
def test_a_pattern_matches_what_it_should_and_nothing_else(about: str) -> None:
    for case in of(about, refused=False):
        pattern = compile_pattern(case.pattern)
        assert pattern.matches(read(as_text(case.value))) == (case.expect == MATCH), case
        assert compile_pattern(as_text(case.pattern)) == pattern, case


@pytest.mark.parametrize("about", ABOUT)
def test_a_number_that_comes_as_a_decimal_answers_like_a_float(about: str) -> None:
    for case in of(about, refused=False):
        value = json.loads(as_text(case.value), parse_float=Decimal, parse_int=Decimal)
        assert compile_pattern(case.pattern).matches(value) == (case.expect == MATCH), case
