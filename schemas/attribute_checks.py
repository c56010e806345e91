"""Attribute values checked on the way in: what gets past here is what DynamoDB can hold.

Source of the rules: the DynamoDB API reference, "AttributeValue", and "Naming rules and data types".
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import cache
from itertools import pairwise

from schemas.attribute_values import Attributes, shown
from schemas.errors import InvalidAttributeValue

TYPES = frozenset({"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"})
MAX_DIGITS = 38
# A number may begin and end with zeros; what is longer is no number that somebody meant.
_MAX_NUMBER_TEXT = 1000
MAX_NAME_BYTES = 65_535
# DynamoDB nests 32 deep; beyond twice that it is an attack on the stack, not an item.
MAX_DEPTH = 64
ATTRIBUTE_DEPTH = 2
"""How deep an attribute's own value stands in its item."""

_ONE_TYPE = "an attribute value with one type, like {'S': 'text'}"
_A_NAME = ", a name in it,"

# One way only to match each text: a second one would be quadratic in a long number that ends badly.
_NUMBER = cache(lambda: re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,9})?", re.ASCII))


def check(value: object, path: str) -> None:
    """Raises InvalidAttributeValue where `value`, found at `path`, is not an attribute value that DynamoDB can hold."""
    try:
        check_value(value, 1)
    except InvalidAttributeValue as error:
        raise error.under(path) from None


def check_attributes(value: object, path: str) -> Attributes:
    """`value` as a checked mapping of attribute name to attribute value; raises InvalidAttributeValue."""
    try:
        _check_map(value, 1)
    except InvalidAttributeValue as error:
        raise error.under(path) from None
    assert isinstance(value, Mapping)
    return value


# A path is put together while an error is on its way out, and costs nothing where there is none.


def check_value(value: object, depth: int) -> None:
    """`check` of a value that stands so deep in its item; its error says where in that."""
    if type(value) is not dict and not isinstance(value, Mapping):
        raise InvalidAttributeValue("", shown(value), _ONE_TYPE)
    if len(value) != 1:
        raise InvalidAttributeValue("", shown(value), _ONE_TYPE)
    if depth > MAX_DEPTH:
        raise InvalidAttributeValue("", f"nested more than {MAX_DEPTH} deep", "at most 32 levels")
    for kind, content in value.items():
        if kind not in TYPES:
            raise InvalidAttributeValue("", f"of type {shown(kind)}", f"one of {', '.join(sorted(TYPES))}")
        _CHECKS[kind](content, depth)


def _check_text(content: object, _depth: int) -> None:
    if not isinstance(content, str):
        raise InvalidAttributeValue("", shown(content), "text")
    if not content.isascii() and any("\ud800" <= character <= "\udfff" for character in content):
        raise InvalidAttributeValue("", "text with half of a surrogate pair", "Unicode text")


def check_number(content: object, _depth: int = 0) -> None:
    """The same of the content of an N."""
    if type(content) is str and len(content) <= MAX_DIGITS and content.isascii() and content.isdigit():
        return  # as nearly every number is
    if not isinstance(content, str) or len(content) > _MAX_NUMBER_TEXT or not _NUMBER().fullmatch(content):
        raise InvalidAttributeValue("", shown(content), "a number as text")
    try:
        exact = Decimal(content)
    except InvalidOperation:
        raise InvalidAttributeValue("", shown(content), "a number as text") from None
    digits = "".join(map(str, exact.as_tuple().digits)).strip("0")
    if len(digits) > MAX_DIGITS:
        raise InvalidAttributeValue("", f"a number of {len(digits)} digits", f"at most {MAX_DIGITS}")
    if digits and not -130 <= exact.adjusted() <= 125:
        raise InvalidAttributeValue("", shown(content), "a number between 1E-130 and 9.99E+125")


def _check_binary(content: object, _depth: int) -> None:
    try:
        if not isinstance(content, str):
            raise TypeError
        # One spelling for each value, or two spellings of one key would be two message keys.
        if base64.b64encode(base64.b64decode(content, validate=True)).decode() != content:
            raise ValueError
    except (TypeError, ValueError, binascii.Error):
        raise InvalidAttributeValue("", shown(content), "binary as base64 text") from None


def _check_flag(content: object, _depth: int) -> None:
    if not isinstance(content, bool):
        raise InvalidAttributeValue("", shown(content), "true or false")


def _check_null(content: object, _depth: int) -> None:
    if content is not True:
        raise InvalidAttributeValue("", shown(content), "true, as in {'NULL': true}")


def _check_map(content: object, depth: int) -> None:
    if type(content) is not dict and not isinstance(content, Mapping):
        raise InvalidAttributeValue("", shown(content), "a map of attribute values")
    for name in content:
        if not (type(name) is str and name.isascii() and 0 < len(name) <= MAX_NAME_BYTES):
            check_name(name)
    _check_members(content.items(), depth + 1, ".{}")


def _check_list(content: object, depth: int) -> None:
    if not isinstance(content, list):
        raise InvalidAttributeValue("", shown(content), "a list of attribute values")
    _check_members(enumerate(content), depth + 1, "[{}]")


def _check_members(members: Iterable[tuple[object, object]], depth: int, place: str) -> None:
    name: object = None
    try:
        for name, member in members:  # noqa: B007 - says where it went wrong
            if type(member) is dict and len(member) == 1 and depth <= MAX_DEPTH:
                # What most values are needs no closer look: ASCII text, a whole number, a flag.
                ((kind, content),) = member.items()
                if kind == "S" and type(content) is str and content.isascii():
                    continue
                if kind == "N" and type(content) is str and len(content) <= MAX_DIGITS:
                    if content.isdigit() and content.isascii():
                        continue
                elif kind == "BOOL" and type(content) is bool:
                    continue
            check_value(member, depth)
    except InvalidAttributeValue as error:
        raise error.under(place.format(name)) from None


def check_name(name: object) -> None:
    """The same of an attribute's name."""
    try:
        _check_text(name, 0)
    except InvalidAttributeValue as error:
        raise error.under(_A_NAME) from None
    if not 0 < len(str(name).encode()) <= MAX_NAME_BYTES:
        raise InvalidAttributeValue(_A_NAME, shown(name), f"1 to {MAX_NAME_BYTES} bytes long")


def _set_of(
    check_member: Callable[[object, int], None], distinct: Callable[[Sequence[str]], bool]
) -> Callable[[object, int], None]:
    def check_set(content: object, depth: int) -> None:
        if not isinstance(content, list) or not content:
            raise InvalidAttributeValue("", shown(content), "a set with at least one member")
        index = 0
        try:
            for index, member in enumerate(content):  # noqa: B007
                check_member(member, depth)
        except InvalidAttributeValue as error:
            raise error.under(f"[{index}]") from None
        if not distinct(content):
            raise InvalidAttributeValue("", shown(content), "a set without duplicates")

    return check_set


def _distinct_texts(members: Sequence[str]) -> bool:
    return len(set(members)) == len(members)


def distinct_numbers(members: Sequence[str]) -> bool:
    """Whether no two of the numbers are the same."""
    # Text has a hash that nobody can foresee, a number has not. A set of numbers made to share one takes time that
    # grows with its square, so more than a few of them, which nobody has by chance, are as good as duplicates.
    numbers = sorted(map(Decimal, members))
    hashes = set(map(hash, numbers))
    return len(hashes) + 64 > len(numbers) and all(one != next_one for one, next_one in pairwise(numbers))


_CHECKS: dict[str, Callable[[object, int], None]] = {
    "S": _check_text,
    "N": check_number,
    "B": _check_binary,
    "BOOL": _check_flag,
    "NULL": _check_null,
    "M": _check_map,
    "L": _check_list,
    "SS": _set_of(_check_text, _distinct_texts),
    "NS": _set_of(check_number, distinct_numbers),
    "BS": _set_of(_check_binary, _distinct_texts),
}
