"""Keys, documents and writes for the contracts of read models."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from consumers.read_model import ReadModel, WriteOutcome
from consumers.writes import Fields, Put, Remove, VersionedWrite
from schemas.keys import KeyAttribute, parse_key

NUMBER_KEY = (KeyAttribute("UserId", "N"),)
COMPOSITE_KEY = (KeyAttribute("Tenant", "S"), KeyAttribute("Name", "S"))

EVERY_TYPE: Fields = {
    "UserId": 1,
    "Text": "Ännchen ✓ 🎉",
    "EmptyText": "",
    "Whole": -42,
    "TooLongForALong": 2**63,
    "Digits": Decimal("-12345678901234567890123456789012345678"),
    "Fraction": Decimal("0.1"),
    "Smallest": Decimal("1E-130"),
    "Largest": Decimal("9.9999999999999999999999999999999999999E+125"),
    "Yes": True,
    "No": False,
    "Nothing": None,
    "Binary": b"\x00\xff",
    "Texts": frozenset({"b", "a", ""}),
    "Numbers": frozenset({10, 9, Decimal("-2.5")}),
    "Binaries": frozenset({b"\xff", b"a"}),
    "List": ["a", 1, None, [True, b"\x00"], {"x": Decimal("0.5")}],
    "Map": {"a": {"b": {"c": [frozenset({"x"})]}}, "empty": {}},
    "EmptyList": [],
}
EVERY_TYPE_IN_JSON: Fields = {
    **EVERY_TYPE,
    "Binary": "AP8=",
    "Texts": ["", "a", "b"],
    "Numbers": [Decimal("-2.5"), 9, 10],
    "Binaries": ["/w==", "YQ=="],
    "List": ["a", 1, None, [True, "AA=="], {"x": Decimal("0.5")}],
    "Map": {"a": {"b": {"c": [["x"]]}}, "empty": {}},
}
"""What that is where a store has JSON's types."""


def version(number: int) -> str:
    """A version as change events have it; a higher number is a higher version."""
    return f"2026-01-01T00:00:00.000#{number:040}"


def put(key: str, number: int, **fields: Any) -> VersionedWrite:
    """A put of a user's document in that version."""
    return VersionedWrite(Put(key, {"UserId": int(key), **fields}), version(number))


def remove(key: str, number: int) -> VersionedWrite:
    """A removal in that version."""
    return VersionedWrite(Remove(key), version(number))


def one(read_model: ReadModel, write: VersionedWrite) -> WriteOutcome:
    """Applies one write alone."""
    (outcome,) = read_model.apply([write])
    return outcome


def exactly(value: Any) -> Any:
    """The value in a form that is equal only to the same value of the same type, numbers of one value being equal."""
    if isinstance(value, Mapping):
        return {name: exactly(member) for name, member in value.items()}
    if isinstance(value, list):
        return [exactly(member) for member in value]
    if isinstance(value, frozenset):
        return frozenset(map(exactly, value))
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return ("number", Decimal(value))
    return (type(value).__name__, value)


def named(key: str) -> Fields:
    """The document of a composite key."""
    tenant, name = (value["S"] for value in parse_key(key, COMPOSITE_KEY).values())
    return {"Tenant": tenant, "Name": name, "Length": len(key)}
