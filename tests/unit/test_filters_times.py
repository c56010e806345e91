"""What `time` takes: epoch seconds and ISO texts, around now and around instants."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.filters import AWS, PatternError, compile_pattern
from tests.filter_patterns import odd, values

NOW = 1_800_000_000  # 2027-01-15T08:00:00Z
HOUR = 3600


def takes(operand: list[str], value: Any, now: float | None = NOW) -> bool:
    return compile_pattern({"a": [{"time": operand}]}).matches({"a": value}, now)


@pytest.mark.parametrize(
    "value",
    [NOW, Decimal(NOW), str(NOW), "1.8e9", "2027-01-15T08:00:00Z", "20270115T080000", "2027-01-15 09:00:00.000+01:00"],
)
def test_a_time_is_epoch_seconds_or_an_iso_text_which_is_utc_without_a_zone(value: Any) -> None:
    assert takes(["within", "0s"], value)
    assert takes(["within", "1s"], value, NOW + 1)
    assert not takes(["within", "1s"], value, NOW + 2)


@pytest.mark.parametrize(
    ("operand", "taken", "refused"),
    [
        (["within", "-1h"], [-HOUR, -1, 0], [-HOUR - 1, 1]),
        (["within", "+1h"], [0, 1, HOUR], [-1, HOUR + 1]),
        (["within", "1h"], [-HOUR, 0, HOUR], [-HOUR - 1, HOUR + 1]),
        (["within", "1w1d1h1m1s"], [694_861, -694_861], [694_862]),
        (["before", "now"], [-1], [0, 1]),
        (["after", "now"], [1], [0, -1]),
        (["before", "-1h"], [-HOUR - 1], [-HOUR, 0]),
        (["after", "+7d"], [7 * 24 * HOUR + 1], [7 * 24 * HOUR, 0]),
        (["before", "2027-01-15T08:00:00Z"], [-1], [0, 1]),
        (["after", "2027-01-15T09:00:00+01:00"], [1], [0, -1]),
        (["after", "2027-01-15"], [1 - 8 * HOUR, 0], [-8 * HOUR]),
        (["after", "-1h", "before", "now"], [-1, 1 - HOUR], [0, -HOUR]),
        (["after", "2027-01-15T08:00:00", "before", "+1h"], [1, HOUR - 1], [0, HOUR]),
    ],
)
def test_spans_have_their_ends_in_them_and_bounds_have_not(
    operand: list[str], taken: list[int], refused: list[int]
) -> None:
    assert [seconds for seconds in taken if not takes(operand, NOW + seconds)] == []
    assert [seconds for seconds in refused if takes(operand, NOW + seconds)] == []


def test_a_filter_that_counts_from_now_says_so_and_is_not_asked_without_a_now() -> None:
    times = [[{"time": ["within", "1h"]}], [{"time": ["after", "2027-01-01", "before", "now"]}]]
    changes = [{"changed": {side: listed}} for side in ("from", "to") for listed in times]
    forms: list[dict[str, Any]] = [{"a": listed} for listed in times]
    forms += [{"dynamodb": {"NewImage": {"a": {"N": [change]}}}} for change in changes]
    forms += [{"none_of": [{"b": [1]}, {"all_of": [form]}]} for form in forms]
    for form in forms:
        relative = compile_pattern(form)
        assert relative.relative
        for ask in (relative.matches, relative.misses):
            with pytest.raises(ValueError, match="nobody says when that is"):
                ask({"b": 1})
    absolute = compile_pattern({"a": [{"time": ["after", "2027-01-01"]}]})
    assert not absolute.relative
    assert absolute.matches({"a": NOW})


def test_each_call_and_each_thread_has_the_now_that_it_is_told() -> None:
    past_hour = compile_pattern({"a": [{"time": ["within", "-1h"]}]})
    assert past_hour.matches({"a": 0}, now=0)
    assert not past_hour.matches({"a": 0}, now=NOW)
    together = Barrier(4)

    def ask(now: int) -> list[bool]:
        together.wait()
        return [past_hour.matches({"a": at}, now) for at in (0, HOUR, 2 * HOUR, 3 * HOUR) for _ in range(500)]

    clocks = [0, HOUR * 1.5, HOUR * 2.5, HOUR * 3.5]
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(ask, clocks))
    for now, answer in zip(clocks, answers, strict=True):
        assert answer == [now - HOUR <= at <= now for at in (0, HOUR, 2 * HOUR, 3 * HOUR) for _ in range(500)]


@pytest.mark.parametrize(
    ("operand", "path", "found"),
    [
        ("1h", "", 'the text "1h"'),
        ([], "", "a list of nothing"),
        (["within"], "", 'a list of the text "within"'),
        (["within", 3600], "", 'a list of the text "within" and the number 3600'),
        (["within", "1h", "before", "now"], "", None),
        (["before", "now", "after", "-1h"], "", None),
        (["since", "now"], "", None),
        (["within", "1"], "[1]", 'the text "1"'),
        (["within", "1y"], "[1]", 'the text "1y"'),
        (["within", "1.5h"], "[1]", 'the text "1.5h"'),
        (["within", "--1h"], "[1]", 'the text "--1h"'),
        (["within", "١h"], "[1]", 'the text "١h"'),
        (["within", "9999999999h"], "[1]", 'the text "9999999999h"'),
        (["before", "1h"], "[1]", 'the text "1h"'),
        (["before", "tomorrow"], "[1]", 'the text "tomorrow"'),
        (["after", "2027-02-30"], "[1]", 'the text "2027-02-30"'),
        (["after", "-1h", "before", "never"], "[3]", 'the text "never"'),
        (["after", "now", "before", "-1h"], "", "a beginning that is not before the end"),
        (["after", "2027-01-01", "before", "2027-01-01T00:00:00Z"], "", "a beginning that is not before the end"),
    ],
)
def test_what_says_no_time_is_refused(operand: Any, path: str, found: str | None) -> None:
    with pytest.raises(PatternError) as refused:
        compile_pattern({"a": [{"time": operand}]})
    assert refused.value.path == f"$.a[0].time{path}"
    assert found in (None, refused.value.found)
    with pytest.raises(PatternError, match='the operator "time"'):
        compile_pattern({"a": [{"time": ["after", "now"]}]}, language=AWS)


WHENEVER = [["before", "now"], ["after", "now"], ["within", "999999999w"], ["before", "9999-12-31"]]
nonsense: list[Any] = [
    "",
    "x",
    "now",
    "1h",
    "2027-13-01",
    "2027-01-15T25:00",
    "\ud800",
    "2027-01-15T08:00:00" + " " * 99,
]
nonsense += [True, None, {}, [], {"N": NOW}, float("nan"), Decimal("sNaN"), float("inf"), b"0", object]


@pytest.mark.parametrize("value", nonsense, ids=repr)
def test_what_is_no_time_is_never_one(value: Any) -> None:
    assert not any(takes(operand, value) for operand in WHENEVER)


@given(st.text() | odd | st.integers() | st.floats() | st.decimals() | st.datetimes().map(str) | values())
def test_no_value_makes_it_raise(value: Any) -> None:
    answers = [takes(operand, value, now) for operand in WHENEVER for now in (NOW, 0, -1e300, 1e300)]
    assert set(answers) <= {True, False}
