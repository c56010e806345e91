"""Documents as short digests, equal where the documents are: what a comparison keeps of a whole read model."""

from __future__ import annotations

from decimal import Context, Decimal
from hashlib import blake2b
from typing import Any

import msgspec

from consumers.writes import Fields
from schemas.attribute_values import Value

_EXACT = Context(prec=1000)
"""More digits than any store gives back."""
_JSON = msgspec.json.Encoder(order="deterministic")


def digest(document: Fields) -> bytes:
    """16 bytes: the same for documents that are equal in every value and type, numbers by value."""
    return blake2b(_JSON.encode(_comparable(document)), digest_size=16).digest()


def _comparable(value: Value) -> Any:
    """JSON that tells types apart: a number, binary and a set are objects of one name that no map becomes."""
    match value:
        case str() | bool() | None:
            return value
        case int() | Decimal():
            return {"N": str(Decimal(value).normalize(_EXACT) or 0)}
        case bytes():
            return {"B": value.hex()}
        case list():
            return [_comparable(member) for member in value]
        case dict():
            return {"M": {name: _comparable(member) for name, member in value.items()}}
        case _:
            return {"S": sorted(_JSON.encode(_comparable(member)) for member in value)}
