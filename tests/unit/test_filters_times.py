"""`time`, `number` and `matches`: leaves that AWS has not."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.filters import PatternError, compile_pattern

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC).timestamp()
HOUR = 3600


def takes(leaf: dict[str, Any], value: Any, now: float = NOW) -> bool:
    return compile_pattern({"a": [leaf]}).matches({"a": value}, now)


@pytest.mark.parametrize(
    ("span", "seconds", "matches"),
    [
        ("-1h", -HOUR, True), ("-1h", -HOUR - 1, False), ("-1h", 0, True), ("-1h", 1, False),
        ("+1h", HOUR, True), ("+1h", HOUR + 1, False), ("+1h", 0, True), ("+1h", -1, False),
        ("1h", HOUR, True), ("1h", -HOUR, True), ("1h", HOUR + 1, False), ("1d12h", 36 * HOUR, True),
        ("90s", 91, False), ("2w", 14 * 24 * HOUR, True),
    ],
)  # fmt: skip
def test_within_a_span_of_now_both_ends_included(span: str, seconds: int, matches: bool) -> None:
    for value in (NOW + seconds, str(int(NOW + seconds)), datetime.fromtimestamp(NOW + seconds, UTC).isoformat()):
        assert takes({"time": ["within", span]}, value) is matches


@pytest.mark.parametrize(
    ("operand", "value", "matches"),
    [
        (["before", "2026-06-01T12:00:00Z"], NOW - 1, True),
        (["before", "2026-06-01T12:00:00"], NOW, False),
        (["after", "2026-06-01"], "2026-06-01T00:00:01", True),
        (["after", "2026-06-01T14:00:00+02:00"], NOW, False),
        (["after", "now"], NOW + 1, True),
        (["before", "now"], NOW, False),
        (["after", "-1h", "before", "+1h"], NOW, True),
        (["after", "-30d", "before", "2026-06-01T12:00:01Z"], str(NOW), True),
    ],
)
def test_before_and_after_instants_and_spans(operand: list[str], value: Any, matches: bool) -> None:
    assert takes({"time": operand}, value) is matches


@pytest.mark.parametrize("value", [None, True, "soon", "", "2026-13-01", [], {}, "9" * 5000, float("nan"), "1e999"])
def test_what_says_no_time_is_never_taken(value: Any) -> None:
    assert not takes({"time": ["within", "1h"]}, value)


def test_now_is_told_to_each_call_and_known_to_its_thread_alone() -> None:
    pattern = compile_pattern({"a": [{"time": ["within", "-1h"]}]})
    answers: list[bool] = []
    threads = [Thread(target=lambda now=now: answers.append(pattern.matches({"a": NOW}, now))) for now in (NOW, 0.0)]
    for thread in threads:
        thread.start()
        thread.join()
    assert answers == [True, False]
    with pytest.raises(ValueError, match="nobody says when that is"):
        pattern.matches({"a": NOW})
    assert compile_pattern({"a": [{"time": ["before", "2026-01-01"]}]}).matches({"a": 0})


@pytest.mark.parametrize(
    "operand",
    [
        [], ["within"], ["within", "x"], ["within", "1y"], ["within", 5], ["within", "h"], "1h", {"within": "1h"},
        ["before", "1h"], ["since", "now"], ["before", "now", "after", "now"], ["after", "now", "before", "-1h"],
        ["after", "2026-02-01", "before", "2026-01-01"], ["within", "9999999999999w"], ["after", "2026-02-30"],
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused_where_it_stands(operand: Any) -> None:
    with pytest.raises(PatternError, match=r"^\$\.a\[0\]\.time"):
        compile_pattern({"a": [{"time": operand}]})


@pytest.mark.parametrize(
    ("operand", "value", "matches"),
    [
        ([">=", 18], "18", True), ([">=", 18], "17.9", False), ([">", 0, "<=", 5], "5.0", True),
        (["=", 5], "5e0", True),
        (["!=", 5], "5.00", False), (["<", 0], "-1", True), ([">=", 18], 18, True), ([">=", 18], Decimal(19), True),
        (["=", 5], "five", False), (["=", 1], True, False), (["=", 5], " 5", False), (["=", 5], None, False),
        ([">", 1], "1" * 2000, False), ([">", 1], "1e99999", False),
    ],
)  # fmt: skip
def test_numbers_written_as_text_compare_as_numbers(operand: list[Any], value: Any, matches: bool) -> None:
    assert takes({"number": operand}, value) is matches


def test_all_38_digits_count() -> None:
    digits = "1234567890123456789012345678901234567"
    pattern = compile_pattern('{"a":[{"number":["=",' + digits + "8]}]}")
    assert pattern.matches({"a": digits + "8"})
    assert not pattern.matches({"a": digits + "9"})


@pytest.mark.parametrize(
    "operand",
    [[], [">"], [">", "5"], ["~", 5], [5, ">"], 5, {"=": 5}, [">", 5, "<", 5], ["=", 1, "=", 2], [">", 5, "<", 3]],
)
def test_what_is_no_comparison_or_holds_for_no_number_is_refused(operand: Any) -> None:
    with pytest.raises(PatternError, match=r"^\$\.a\[0\]\.number"):
        compile_pattern({"a": [{"number": operand}]})


@pytest.mark.parametrize(
    ("expression", "value", "matches"),
    [
        ("^[a-z]+@", "ann@example.com", True), ("^[a-z]+@", "Ann@example.com", False), ("an", "Dan", True),
        ("^an$", "Dan", False), ("é", "Édith é", True), ("a", 5, False), ("a", None, False), ("", "", True),
        (".", "\ud800", False),
    ],
)  # fmt: skip
def test_an_expression_is_found_anywhere_in_a_text(expression: str, value: Any, matches: bool) -> None:
    assert takes({"matches": expression}, value) is matches


@pytest.mark.parametrize("operand", ["(a", "a{1000}{1000}", "(?=a)", r"\1", 5, ["a"], "\ud800"])
def test_an_expression_that_re2_does_not_take_is_refused(operand: Any) -> None:
    with pytest.raises(PatternError, match=r"^\$\.a\[0\]\.matches"):
        compile_pattern({"a": [{"matches": operand}]})


def test_an_expression_made_to_be_slow_elsewhere_ends_at_once() -> None:
    assert not takes({"matches": "^(a+)+$"}, "a" * 100_000 + "b")


anything = st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text() | st.lists(st.text())
leaves = st.sampled_from(
    [{"time": ["within", "1h"]}, {"time": ["after", "2026-01-01"]}, {"number": [">", 5]}, {"matches": "a.*b"}]
)


@given(leaves, anything)
def test_no_value_makes_a_leaf_raise(leaf: dict[str, Any], value: Any) -> None:
    assert takes(leaf, value) in (True, False)


def test_a_number_beyond_all_time_is_none() -> None:
    assert not takes({"time": ["after", "2026-01-01"]}, "1e999")
