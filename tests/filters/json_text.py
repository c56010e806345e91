"""JSON texts in which a number keeps its spelling, and back."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any


class Spelled(str):
    """A number as it is to be spelled: `3.0e2`."""

    __slots__ = ()


def written(value: object) -> str:
    """The JSON text of a value."""
    match value:
        case Spelled():
            return str(value)
        case dict():
            return "{" + ",".join(f"{json.dumps(key)}:{written(inner)}" for key, inner in value.items()) + "}"
        case list():
            return "[" + ",".join(map(written, value)) + "]"
        case _:
            return json.dumps(value)


def read(text: str) -> Any:
    """The value of a JSON text: a fraction is a float where that is the same number, else a Decimal."""
    return json.loads(text, parse_float=_number)


def _number(text: str) -> float | Decimal:
    return float(text) if Decimal(repr(float(text))) == Decimal(text) else Decimal(text)
