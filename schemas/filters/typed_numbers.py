"""`{"number": [">=", 18]}`: numbers that are written as text, as AWS carries every number of DynamoDB.

All digits count: two numbers of 38 digits that differ in the last are two.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeAlias

import msgspec

from schemas.filters.numbers import Number
from schemas.filters.place import Place, shown

Comparison: TypeAlias = Callable[[Decimal, Decimal], bool]

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_LONGEST = 1000
_COMPARISONS: dict[str, Comparison] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_FROM_BELOW = (operator.eq, operator.gt, operator.ge)
_FROM_ABOVE = (operator.eq, operator.lt, operator.le)
_EXPECTED = f'comparisons with numbers such as ["=", 5] or [">", 0, "<=", 5]; they are {" ".join(_COMPARISONS)}'


class TypedNumber(msgspec.Struct, frozen=True):
    """Numbers, and texts of numbers, for which all of the comparisons hold."""

    comparisons: tuple[tuple[Comparison, Decimal], ...]

    def matches(self, value: object) -> bool:
        """Whether the value is such a number or such a text."""
        number = number_in(value)
        return number is not None and all(compare(number, bound) for compare, bound in self.comparisons)


def number_in(value: object) -> Decimal | None:
    """The number that a scalar is, or is the text of; None where there is none."""
    if isinstance(value, str):
        return Decimal(value) if len(value) <= _LONGEST and _NUMBER.fullmatch(value) else None
    if isinstance(value, float):
        return Decimal(repr(value))  # 0.1 as it is written, not as 64 bits have it
    return Decimal(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None


def parse_typed_number(operand: Any, place: Place) -> TypedNumber:
    """The leaf of `number`. Raises PatternError."""
    if not isinstance(operand, list) or not operand or len(operand) % 2:
        raise place.refuse(shown(operand), _EXPECTED)
    pairs = zip(operand[::2], operand[1::2], strict=True)
    wanted = TypedNumber(tuple(_comparison(*pair, place.at(index * 2)) for index, pair in enumerate(pairs)))
    lows = [bound for compare, bound in wanted.comparisons if compare in _FROM_BELOW]
    highs = [bound for compare, bound in wanted.comparisons if compare in _FROM_ABOVE]
    # Between two numbers there is always another; nothing is worked out, since digits would be lost.
    if lows and highs and not (max(lows) < min(highs) or wanted.matches(max(lows))):
        raise place.refuse("comparisons that hold for no number", "some that can hold together")
    return wanted


def _comparison(name: Any, number: Any, place: Place) -> tuple[Comparison, Decimal]:
    bound = number.decimal if isinstance(number, Number) else None
    if not isinstance(name, str) or name not in _COMPARISONS or bound is None:
        raise place.refuse(f"{shown(name)} and {shown(number)}", _EXPECTED)
    return _COMPARISONS[name], bound
