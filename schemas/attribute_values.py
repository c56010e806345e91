"""DynamoDB attribute values: checked on the way in, plain Python on the way out.

An attribute value is DynamoDB JSON as Lambda delivers it: a mapping of exactly one type letter to its value, numbers
as text, binary as base64 text (`{"N": "42"}`, `{"SS": ["a", "b"]}`, `{"M": {"x": {"BOOL": true}}}`).

Source of the rules: the DynamoDB API reference, "AttributeValue", and "Naming rules and data types".
"""

from __future__ import annotations

import base64
import binascii
import re
import reprlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Any, TypeAlias

from schemas.errors import InvalidAttributeValue

AttributeValue: TypeAlias = Mapping[str, Any]
Attributes: TypeAlias = Mapping[str, AttributeValue]
Value: TypeAlias = "str | int | Decimal | bytes | bool | list[Value] | dict[str, Value] | frozenset[Any] | None"

TYPES = frozenset({"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"})
MAX_DIGITS = 38
# A number may begin and end with zeros; what is longer is no number that somebody meant.
_MAX_NUMBER_TEXT = 1000
MAX_NAME_BYTES = 65_535
# DynamoDB nests 32 deep; beyond twice that it is an attack on the stack, not an item.
MAX_DEPTH = 64

# One way only to match each text: a second one would be quadratic in a long number that ends badly.
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,9})?", re.ASCII)


class Item(Mapping[str, Value]):
    """An item as a projection sees it: attribute name -> plain value, made from the attribute value when asked for.

    `attributes` is the same item as attribute values. Two items are equal when their attribute values are.
    """

    __slots__ = ("attributes",)

    def __init__(self, attributes: Attributes) -> None:
        self.attributes = attributes

    def __getitem__(self, name: str) -> Value:
        return plain(self.attributes[name])

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
    ((kind, content),) = value.items()
    return _PLAIN[kind](content)


def number(text: str) -> int | Decimal:
    """An int where the number is whole and fits 64 bits, else a Decimal: by value alone, however it was written."""
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
    for types, letter, write in _LETTERS:
        if isinstance(value, types):
            return {letter: write(value)}
    if isinstance(value, frozenset | set) and value:
        members = [attribute_value(member) for member in value]
        letters = {letter for member in members for letter in member}
        if len(letters) == 1 and letters <= {"S", "N", "B"}:
            (letter,) = letters
            contents = [member[letter] for member in members]
            return {letter + "S": sorted(contents, key=Decimal if letter == "N" else None)}
    raise TypeError(f"{value!r} has no DynamoDB type")


def check(value: object, path: str) -> None:
    """Raises InvalidAttributeValue where `value`, found at `path`, is not an attribute value that DynamoDB can hold."""
    _check(value, path, 1)


def check_attributes(value: object, path: str) -> Attributes:
    """`value` as a checked mapping of attribute name to attribute value; raises InvalidAttributeValue."""
    _check_map(value, path, 1)
    assert isinstance(value, Mapping)
    return value


def _check(value: object, path: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise InvalidAttributeValue(path, f"nested more than {MAX_DEPTH} deep", "at most 32 levels")
    if not isinstance(value, Mapping) or len(value) != 1:
        raise InvalidAttributeValue(path, shown(value), "an attribute value with one type, like {'S': 'text'}")
    ((kind, content),) = value.items()
    if kind not in TYPES:
        raise InvalidAttributeValue(path, f"of type {shown(kind)}", f"one of {', '.join(sorted(TYPES))}")
    _CHECKS[kind](content, path, depth)


def _check_text(content: object, path: str, _depth: int) -> None:
    if not isinstance(content, str):
        raise InvalidAttributeValue(path, shown(content), "text")
    if not content.isascii() and any("\ud800" <= character <= "\udfff" for character in content):
        raise InvalidAttributeValue(path, "text with half of a surrogate pair", "Unicode text")


def _check_number(content: object, path: str, _depth: int) -> None:
    if not isinstance(content, str) or len(content) > _MAX_NUMBER_TEXT or not _NUMBER.fullmatch(content):
        raise InvalidAttributeValue(path, shown(content), "a number as text")
    if len(content) <= MAX_DIGITS and content.isascii() and content.isdigit():
        return  # as nearly every number is
    try:
        exact = Decimal(content)
    except InvalidOperation:
        raise InvalidAttributeValue(path, shown(content), "a number as text") from None
    digits = "".join(map(str, exact.as_tuple().digits)).strip("0")
    if len(digits) > MAX_DIGITS:
        raise InvalidAttributeValue(path, f"a number of {len(digits)} digits", f"at most {MAX_DIGITS}")
    if digits and not -130 <= exact.adjusted() <= 125:
        raise InvalidAttributeValue(path, shown(content), "a number between 1E-130 and 9.99E+125")


def _check_binary(content: object, path: str, _depth: int) -> None:
    try:
        if not isinstance(content, str):
            raise TypeError
        # One spelling for each value, or two spellings of one key would be two message keys.
        if _base64(base64.b64decode(content, validate=True)) != content:
            raise ValueError
    except (TypeError, ValueError, binascii.Error):
        raise InvalidAttributeValue(path, shown(content), "binary as base64 text") from None


def _check_flag(content: object, path: str, _depth: int) -> None:
    if not isinstance(content, bool):
        raise InvalidAttributeValue(path, shown(content), "true or false")


def _check_null(content: object, path: str, _depth: int) -> None:
    if content is not True:
        raise InvalidAttributeValue(path, shown(content), "true, as in {'NULL': true}")


def _check_map(content: object, path: str, depth: int) -> None:
    if not isinstance(content, Mapping):
        raise InvalidAttributeValue(path, shown(content), "a map of attribute values")
    for name, member in content.items():
        _check_text(name, f"{path}, a name in it,", depth)
        if not 0 < len(name.encode()) <= MAX_NAME_BYTES:
            raise InvalidAttributeValue(f"{path}, a name in it,", shown(name), f"1 to {MAX_NAME_BYTES} bytes long")
        _check(member, f"{path}.{name}", depth + 1)


def _check_list(content: object, path: str, depth: int) -> None:
    if not isinstance(content, list):
        raise InvalidAttributeValue(path, shown(content), "a list of attribute values")
    for index, member in enumerate(content):
        _check(member, f"{path}[{index}]", depth + 1)


def _set_of(
    check_member: Callable[[object, str, int], None], distinct: Callable[[Sequence[str]], bool]
) -> Callable[[object, str, int], None]:
    def check_set(content: object, path: str, depth: int) -> None:
        if not isinstance(content, list) or not content:
            raise InvalidAttributeValue(path, shown(content), "a set with at least one member")
        for index, member in enumerate(content):
            check_member(member, f"{path}[{index}]", depth)
        if not distinct(content):
            raise InvalidAttributeValue(path, shown(content), "a set without duplicates")

    return check_set


def _distinct_texts(members: Sequence[str]) -> bool:
    return len(set(members)) == len(members)


def _distinct_numbers(members: Sequence[str]) -> bool:
    # Text has a hash that nobody can foresee, a number has not. A set of numbers made to share one takes time that
    # grows with its square, so more than a few of them, which nobody has by chance, are as good as duplicates.
    numbers = sorted(map(Decimal, members))
    hashes = set(map(hash, numbers))
    return len(hashes) + 64 > len(numbers) and all(one != next_one for one, next_one in pairwise(numbers))


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


_CHECKS: dict[str, Callable[[object, str, int], None]] = {
    "S": _check_text,
    "N": _check_number,
    "B": _check_binary,
    "BOOL": _check_flag,
    "NULL": _check_null,
    "M": _check_map,
    "L": _check_list,
    "SS": _set_of(_check_text, _distinct_texts),
    "NS": _set_of(_check_number, _distinct_numbers),
    "BS": _set_of(_check_binary, _distinct_texts),
}
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
