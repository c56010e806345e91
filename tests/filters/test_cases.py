"""The table of cases is as AWS's engine answers, and whole."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.filters.cases import CASES, OPERATORS
from tests.filters.oracle import MATCH, NO_MATCH, REJECTED, Oracle


@pytest.mark.slow
def test_the_engine_agrees_with_every_case_but_those_that_say_why_not(oracle: Oracle) -> None:
    answers = oracle.answers([case.question for case in CASES])
    wrong = [
        f"{case} is: {answer}"
        for case, answer in zip(CASES, answers, strict=True)
        if answer.partition(":")[0] != (case.engine or case.expect)
    ]
    assert not wrong, "\n".join(wrong)


def test_a_difference_from_the_engine_is_one_and_gives_its_reason() -> None:
    for case in CASES:
        assert (case.engine is None) == (case.because is None), case
        assert case.engine != case.expect, case


def test_every_operator_has_a_match_a_no_match_and_a_rejection() -> None:
    found = Counter((case.about, case.expect) for case in CASES)
    assert len(CASES) >= 300
    expected = {(name, answer) for name in OPERATORS for answer in (MATCH, NO_MATCH, REJECTED)}
    assert expected - found.keys() == set()


def test_no_case_stands_twice_and_each_says_why() -> None:
    assert len({(case.question, type(case.pattern)) for case in CASES}) == len(CASES)
    assert all(case.why and case.expect in (MATCH, NO_MATCH, REJECTED) for case in CASES)
