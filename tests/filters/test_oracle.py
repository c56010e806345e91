"""The oracle answers every line, whatever the line does to the engine."""

from __future__ import annotations

import pytest

from distributary.local.servers.artifacts import sums_of
from tests.filters.oracle import EVENT_RULER, MATCH, NO_MATCH, Oracle, Question


def test_the_engine_and_all_that_it_needs_are_checked_by_their_sums() -> None:
    assert "event-ruler-2.1.0.jar" in sums_of(EVENT_RULER)
    assert len(sums_of(EVENT_RULER)) == 6


def test_each_question_is_answered_in_its_order(oracle: Oracle) -> None:
    questions = [Question(f'{{"a": [{number % 7}]}}', f'{{"a": {number % 3}}}') for number in range(5_000)]
    expected = [MATCH if number % 7 == number % 3 else NO_MATCH for number in range(5_000)]
    assert oracle.answers(questions) == expected


@pytest.mark.slow
@pytest.mark.parametrize(
    "pattern", ["", "[]", '{"a": [', '{"a": 1}', '{"a": [{"x": 1}]}', '{"a":' * 100_000, '{"a": ["\ud800"', "\n\n"]
)
def test_a_pattern_that_breaks_the_engine_is_an_answer_and_the_next_one_is_read(oracle: Oracle, pattern: str) -> None:
    first, second = oracle.answers([Question(pattern, "{}"), Question('{"a": ["x"]}', '{"a": "x"}')])
    assert first.startswith("rejected: ")
    assert second == MATCH


def test_a_value_that_is_no_object_is_an_error_of_the_test(oracle: Oracle) -> None:
    with pytest.raises(AssertionError, match=r"unreadable value: .*must be a JSON object"):
        oracle.answers([Question('{"a": ["x"]}', "[]")])
