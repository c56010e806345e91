"""`{"time": ["within", "1h"]}`: when something was, or will be, from a number of epoch seconds or an ISO text.

`within` a span: `-1h` the hour up to now, `+1h` the hour from now on, `1h` both. `before` and `after`: an instant in
ISO (UTC where it names no zone), `now`, or a span with a sign. Spans are whole numbers of w, d, h, m and s: `1d12h`.

Now is what `matches` is told; it is kept for the length of that call, for the thread that made it.
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from datetime import UTC, datetime
from math import isfinite
from typing import Any

import msgspec

from schemas.filters.place import Place, shown
from schemas.filters.typed_numbers import number_in

NOW: ContextVar[float] = ContextVar("now")
"""Epoch seconds."""

_SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_SPAN = re.compile(r"([+-]?)((?:\d{1,9}[wdhms])+)", re.ASCII)
_PART = re.compile(r"(\d+)([wdhms])", re.ASCII)
_LONGEST_INSTANT = 40
_EXPECTED = '["within", "1h"], ["before", WHEN], ["after", WHEN] or ["after", WHEN, "before", WHEN]'
_EXPECTED_WHEN = "an ISO instant, now, or a span with a sign such as -1h or +7d"


class Instant(msgspec.Struct, frozen=True):
    """A point in time: epoch seconds, or seconds from now where it is `relative`."""

    seconds: float
    relative: bool

    @property
    def epoch_seconds(self) -> float:
        """Where it is at present."""
        return NOW.get() + self.seconds if self.relative else self.seconds


class Time(msgspec.Struct, frozen=True):
    """Times after one point and before another (None: no bound); those points too, where `inclusive`."""

    after: Instant | None
    before: Instant | None
    inclusive: bool = False

    def matches(self, value: object) -> bool:
        """Whether the value is such a time: epoch seconds, as a number or as its text, or an ISO text."""
        seconds = epoch_seconds(value)
        if seconds is None:
            return False
        low = float("-inf") if self.after is None else self.after.epoch_seconds
        high = float("inf") if self.before is None else self.before.epoch_seconds
        return low <= seconds <= high if self.inclusive else low < seconds < high

    @property
    def relative(self) -> bool:
        """Whether it asks what time it is."""
        return any(bound is not None and bound.relative for bound in (self.after, self.before))


def epoch_seconds(value: object) -> float | None:
    """The time that a scalar says; None where it says none."""
    number = number_in(value)
    if number is not None:
        seconds = float(number)
        return seconds if isfinite(seconds) else None
    return _iso(value) if isinstance(value, str) else None


def parse_time(operand: Any, place: Place) -> Time:
    """The leaf of `time`. Raises PatternError."""
    if not isinstance(operand, list):
        raise place.refuse(shown(operand), _EXPECTED)
    match operand:
        case ["within", str(text)]:
            sign, seconds = _span(text, place.at(1), "a span such as 1h, -1h or +7d")
            return Time(
                Instant(0 if sign == "+" else -seconds, relative=True),
                Instant(0 if sign == "-" else seconds, relative=True),
                inclusive=True,
            )
        case ["before", str(text)]:
            return Time(None, _when(text, place.at(1)))
        case ["after", str(text)]:
            return Time(_when(text, place.at(1)), None)
        case ["after", str(low), "before", str(high)]:
            return _between(_when(low, place.at(1)), _when(high, place.at(3)), place)
    raise place.refuse(f"a list of {' and '.join(map(shown, operand)) or 'nothing'}", _EXPECTED)


def _between(after: Instant, before: Instant, place: Place) -> Time:
    if after.relative is before.relative and after.seconds >= before.seconds:
        raise place.refuse("a beginning that is not before the end", _EXPECTED)
    return Time(after, before)


def _when(text: str, place: Place) -> Instant:
    if text == "now":
        return Instant(0, relative=True)
    seconds = _iso(text)
    if seconds is not None:
        return Instant(seconds, relative=False)
    sign, seconds = _span(text, place, _EXPECTED_WHEN)
    if not sign:
        raise place.refuse(shown(text), _EXPECTED_WHEN)
    return Instant(-seconds if sign == "-" else seconds, relative=True)


def _span(text: str, place: Place, expected: str) -> tuple[str, float]:
    found = _SPAN.fullmatch(text)
    if found is None:
        raise place.refuse(shown(text), expected)
    return found[1], float(sum(int(number) * _SECONDS[unit] for number, unit in _PART.findall(found[2])))


def _iso(text: str) -> float | None:
    if len(text) > _LONGEST_INSTANT:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()
