"""Numbers as AWS's engine compares them: as doubles, wherever a double says the number exactly.

A number is comparable where the shortest decimal text of its nearest double is that number: 300, 300.0 and 3e2 are one
number, 0.1 is itself. 12345678901234567890 is not comparable, is in no range, and equals itself alone.
"""

from __future__ import annotations

from decimal import Decimal, DecimalException
from math import isfinite
from typing import TypeAlias

import msgspec

Numeric: TypeAlias = int | float | Decimal

_EXACT_UP_TO = 2**53


class Number(msgspec.Struct, frozen=True):
    """A number in a pattern, with the text it was written as."""

    text: str

    @property
    def decimal(self) -> Decimal | None:
        """The number itself; None where its exponent is beyond Python's (and every value's)."""
        try:
            return Decimal(self.text)
        except DecimalException:
            return None

    @property
    def comparable(self) -> float | None:
        """The double that says it exactly; None where there is none."""
        decimal = self.decimal
        return None if decimal is None else comparable(decimal)

    @property
    def canonical(self) -> str:
        """The one text of all the spellings of a comparable number, none of which is shorter."""
        double = self.comparable
        if double is None:
            return self.text
        if not double:
            return "0"
        sign, digits, exponent = Decimal(repr(double)).normalize().as_tuple()
        assert isinstance(exponent, int)
        plain = format(Decimal((sign, digits, exponent)), "f")
        short = f"{'-' * sign}{''.join(map(str, digits))}e{exponent}"
        return plain if len(plain) <= len(short) else short


def comparable(value: Numeric) -> float | None:
    """The double that says the number exactly; None where there is none. Takes finite numbers."""
    if isinstance(value, float):
        return value + 0.0  # -0.0 is 0.0
    if isinstance(value, int) and -_EXACT_UP_TO <= value <= _EXACT_UP_TO:
        return float(value)
    try:
        double = float(value)
    except OverflowError:
        return None
    if not isfinite(double) or Decimal(repr(double)) != value:
        return None
    return double + 0.0
