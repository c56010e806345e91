"""What may stand in a field's list, as values that answer for one scalar of the event whether they take it.

A scalar is a str, an int, a float, a Decimal, a bool or None. Texts are not numbers and `true` is not 1.
"""

from __future__ import annotations

from decimal import Decimal
from sys import float_info
from typing import Any, Protocol

import msgspec

from schemas.filters.numbers import comparable


class Leaf(Protocol):
    """One of the things in a field's list."""

    def matches(self, value: Any, /) -> bool:
        """Whether it takes this scalar. Takes any scalar, raises nothing."""


class Texts(msgspec.Struct, frozen=True):
    """One of these texts."""

    texts: frozenset[str]

    def matches(self, value: Any) -> bool:
        """Whether the value is one of them."""
        return isinstance(value, str) and value in self.texts


class Numbers(msgspec.Struct, frozen=True):
    """One of these numbers: comparable ones, as doubles, and others."""

    doubles: frozenset[float]
    others: frozenset[Decimal] = frozenset()

    def matches(self, value: Any) -> bool:
        """Whether the value is one of them, however it is written."""
        if not _is_number(value):
            return False
        double = comparable(value)
        return double in self.doubles if double is not None else value in self.others


class Literal(msgspec.Struct, frozen=True):
    """`true`, `false` or `null`."""

    literal: bool | None

    def matches(self, value: Any) -> bool:
        """Whether the value is that very one."""
        return value is self.literal


class Prefix(msgspec.Struct, frozen=True):
    """Texts that begin with one of these."""

    beginnings: tuple[str, ...]

    def matches(self, value: Any) -> bool:
        """Whether the value is such a text."""
        return isinstance(value, str) and value.startswith(self.beginnings)


class Suffix(msgspec.Struct, frozen=True):
    """Texts that end in one of these."""

    ends: tuple[str, ...]

    def matches(self, value: Any) -> bool:
        """Whether the value is such a text."""
        return isinstance(value, str) and value.endswith(self.ends)


class Range(msgspec.Struct, frozen=True):
    """Comparable numbers between two others, each included or not."""

    low: float = -float_info.max
    with_low: bool = True
    high: float = float_info.max
    with_high: bool = True

    def matches(self, value: Any) -> bool:
        """Whether the value is such a number."""
        double = comparable(value) if _is_number(value) else None
        if double is None or not self.low <= double <= self.high:
            return False
        return (double != self.low or self.with_low) and (double != self.high or self.with_high)


class Exists(msgspec.Struct, frozen=True):
    """Any scalar at all."""

    def matches(self, value: Any) -> bool:
        """Always: the value is there."""
        return True


class Absent(msgspec.Struct, frozen=True):
    """No scalar at all: what `{"exists": false}` means."""

    def matches(self, value: Any) -> bool:
        """Never: the value is there. Absence is for whoever looks for the field to see."""
        return False


class AnythingBut(msgspec.Struct, frozen=True):
    """Any scalar that none of these take: other types as well, so 5 is anything but `"x"`."""

    unwanted: tuple[Leaf, ...]

    def matches(self, value: Any) -> bool:
        """Whether none of them takes the value."""
        return not any(leaf.matches(value) for leaf in self.unwanted)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
