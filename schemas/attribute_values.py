"""DynamoDB attribute values, and plain Python of them and back.

An attribute value is DynamoDB JSON as Lambda delivers it: a mapping of exactly one type letter to its value, numbers
as text, binary as base64 text (`{"N": "42"}`, `{"SS": ["a", "b"]}`, `{"M": {"x": {"BOOL": true}}}`).

Source of the rules: the DynamoDB API reference, "AttributeValue", and "Naming rules and data types".
"""

from __future__ import annotations

import base64
import reprlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

AttributeValue: TypeAlias = Mapping[str, Any]
Attributes: TypeAlias = Mapping[str, AttributeValue]
Value: TypeAlias = "str | int | Decimal | bytes | bool | list[Value] | dict[str, Value] | frozenset[Any] | None"


class Item(Mapping[str, Value]):
    """An item as a projection sees it: attribute name -> plain value, made from the attribute value when asked for.

    `attributes` is the same item as attribute values. Two items are equal when their attribute values are.
    """

    __slots__ = ("attributes",)

    def __init__(self, attributes: Attributes) -> None:
        self.attributes = attributes

    def __getitem__(self, name: str) -> Value:
        return plain(self.attributes[name])

    def __contains__(self, name: object) -> bool:
        return name in self.attributes

    def __iter__(self) -> Iterator[str]:
        return iter(self.attributes)

    def __len__(self) -> int:
        return len(self.attributes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Item) and self.attributes == other.attributes

    def __hash__(self) -> int:
        return hash(frozenset(self.attributes))

    def __repr__(self) -> str:
        return f"Item({dict(self.attributes)!r})"

    def text(self, name: str) -> str | None:
        """The attribute as text; None where it is absent or not a string (an explicit NULL, say)."""
        value = self.attributes.get(name)
        return value.get("S") if value is not None else None


def plain(value: AttributeValue) -> Value:
    """The plain value of a checked attribute value; sets become frozensets, numbers what `number` says."""
    if (text := value.get("S")) is not None:
        return str(text)
    ((kind, content),) = value.items()
    return _PLAIN[kind](content)


def number(text: str) -> int | Decimal:
    """An int where the number is whole and fits 64 bits, else a Decimal: by value alone, however it was written."""
    if len(text) < 19 and text.isdigit() and text.isascii():
        return int(text)  # as most are
    exact = Decimal(text)
    if not exact:
        return 0
    if exact.adjusted() < 19 and exact == exact.to_integral_value() and -(2**63) <= exact < 2**63:
        return int(exact)
    return exact


def attribute_value(value: Value) -> dict[str, Any]:
    """The attribute value of a plain value; the reverse of `plain`. Sets come out sorted.

    Raises TypeError for what DynamoDB has no type for (a float, an empty or mixed set).
    """
    if (plainly := _BY_TYPE.get(type(value))) is not None:
        letter, write = plainly
        return {letter: write(value)}
    for types, letter, write in _LETTERS:
        if isinstance(value, types):
            return {letter: write(value)}
    if isinstance(value, frozenset | set) and value:
        if set(map(type, value)) == _TEXT_ALONE:
            return {"SS": sorted(value)}
        members = [attribute_value(member) for member in value]
        letters = {letter for member in members for letter in member}
        if len(letters) == 1 and letters <= {"S", "N", "B"}:
            (letter,) = letters
            contents = [member[letter] for member in members]
            return {letter + "S": sorted(contents, key=Decimal if letter == "N" else None)}
    raise TypeError(f"{value!r} has no DynamoDB type")


_TEXT_ALONE = {str}
# Unlike repr, it stops at a depth: nesting that JSON allows is deeper than the stack.
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 60


def shown(value: object) -> str:
    """A value as an error message shows it: short, whatever it is."""
    text = _SHORT.repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _list_values(members: Sequence[Value]) -> list[dict[str, Any]]:
    return [attribute_value(member) for member in members]


def _map_values(members: Mapping[str, Value]) -> dict[str, dict[str, Any]]:
    return {name: attribute_value(member) for name, member in members.items()}


_PLAIN: dict[str, Callable[[Any], Value]] = {
    "S": str,
    "N": number,
    "B": base64.b64decode,
    "BOOL": bool,
    "NULL": lambda _: None,
    "M": lambda members: {name: plain(member) for name, member in members.items()},
    "L": lambda members: [plain(member) for member in members],
    "SS": frozenset,
    "NS": lambda members: frozenset(map(number, members)),
    "BS": lambda members: frozenset(map(base64.b64decode, members)),
}
# In order: a bool is an int too.
_LETTERS: tuple[tuple[type | tuple[type, ...], str, Callable[[Any], object]], ...] = (
    (str, "S", str),
    (bool, "BOOL", bool),
    ((int, Decimal), "N", str),
    (bytes, "B", _base64),
    (type(None), "NULL", lambda _: True),
    (dict, "M", _map_values),
    (list, "L", _list_values),
)
_BY_TYPE: dict[type, tuple[str, Callable[[Any], object]]] = {
    each: (letter, write)
    for types, letter, write in _LETTERS
    for each in (types if isinstance(types, tuple) else (types,))
}
"""The same, for what is of just that type, as nearly everything is."""
