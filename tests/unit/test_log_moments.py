"""What a person says of a moment in a log is brought to offsets or a time, or refused by a sentence."""

from __future__ import annotations

import pytest

from consumers.delivery.memory import MemoryLog
from distributary.errors import UnusableMoment
from distributary.log_moments import checked_offsets, checked_time, offsets_of

ENDS, BEGINNINGS = {0: 10, 1: 4}, {0: 2, 1: 0}
BEGAN = 1_767_225_600.0
"""2026-01-01T00:00:00Z."""


@pytest.mark.parametrize(
    ("text", "offsets"),
    [
        ("12", {None: 12}),
        ("0=12", {0: 12}),
        ("0=12, 3=40", {0: 12, 3: 40}),
        ("2026-01-01", None),
        ("2h", None),
        ("0=12,", None),
        ("-1", None),
        ("", None),
    ],
)
def test_offsets_are_told_from_times(text: str, offsets: dict[int | None, int] | None) -> None:
    assert offsets_of(text) == offsets


@pytest.mark.parametrize(
    ("named", "offsets"),
    [
        ({None: 3}, {0: 3, 1: 3}),
        ({None: 7}, {0: 7, 1: 4}),
        ({None: 0}, {0: 2, 1: 0}),
        ({1: 4}, {1: 4}),
        ({None: 3, 1: 1}, {0: 3, 1: 1}),
    ],
)
def test_one_offset_is_for_every_partition_and_ends_with_a_shorter_one(
    named: dict[int | None, int], offsets: dict[int, int]
) -> None:
    assert checked_offsets(named, ENDS, BEGINNINGS, "users.changes") == offsets


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({None: 11}, "users.changes has offsets 0 to 10, and not 11; nothing was changed"),
        ({1: 5}, "users.changes/1 has offsets 0 to 4, and not 5; nothing was changed"),
        ({0: 1}, "users.changes/0 has offsets 2 to 10, and not 1; nothing was changed"),
        ({2: 0}, "users.changes has no partition 2; it has 0 to 1; nothing was changed"),
    ],
)
def test_an_offset_that_the_topic_has_not_is_refused(named: dict[int | None, int], said: str) -> None:
    with pytest.raises(UnusableMoment) as refused:
        checked_offsets(named, ENDS, BEGINNINGS, "users.changes")
    assert str(refused.value) == said


@pytest.fixture
def log() -> MemoryLog:
    log = MemoryLog(lambda: BEGAN)
    log.create_topic("users.changes", 2)
    log.append("users.changes", b"1", b"value")
    return log


def test_a_time_that_the_log_reaches_back_to_is_taken(log: MemoryLog) -> None:
    assert checked_time("2026-01-01T00:00:00Z", log, "users.changes", BEGAN + 60) == BEGAN
    assert checked_time("30s", log, "users.changes", BEGAN + 60) == BEGAN + 30


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "2025-12-31",
            "2025-12-31 is before the log: users.changes begins at 2026-01-01T00:00:00Z; nothing was changed",
        ),
        ("2030-01-01", "2030-01-01 is in the future; nothing was changed"),
        (
            "last week",
            "'last week' is neither an ISO instant nor a time ago such as 15m, 2h or 3d, nor offsets such as 1200 or "
            "0=1200,1=1250",
        ),
    ],
)
def test_any_other_time_is_refused(log: MemoryLog, text: str, said: str) -> None:
    with pytest.raises(UnusableMoment) as refused:
        checked_time(text, log, "users.changes", BEGAN + 60)
    assert str(refused.value) == said


def test_an_empty_log_reaches_back_to_nothing() -> None:
    log = MemoryLog(lambda: BEGAN)
    log.create_topic("users.changes", 1)
    with pytest.raises(UnusableMoment, match="is before the log: users"):
        checked_time("1h", log, "users.changes", BEGAN)
