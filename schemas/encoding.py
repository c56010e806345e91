"""What a generated encoder calls: the pieces of Avro's binary encoding that take more than a line.

Source: the Avro specification, "Binary Encoding". Lengths and counts are `long`s, and nearly all of them are small, so
their bytes are kept; so are those of map names, and of numbers: an item's two images hold most of them alike, and a
second is the same for many items.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NoReturn

from schemas.attribute_checks import (
    check_attributes,
    check_name,
    distinct_numbers,
)
from schemas.attribute_values import Attributes, AttributeValue, shown
from schemas.errors import DoesNotFit, InvalidAttributeValue
from schemas.item_record import ItemRecord, Shape
from schemas.json_values import as_json

ZERO = b"\0"
"""The first branch of a union (null), the end of an array or a map, false."""
ONE = b"\2"
"""The second branch of a union: the type that may be null."""

WRONG = (ArithmeticError, AttributeError, InvalidAttributeValue, LookupError, RecursionError, TypeError, ValueError)
"""What a generated encoder stumbles with over something that is no attribute value; `refuse` says over what."""

_KEPT = 4096
_KEPT_NAME = 64
_KEPT_NUMBERS = 64  # what is near in time is alike, and a few are near in memory too
_KEPT_TEXT, _KEPT_TEXTS = 200, 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def long_bytes(whole: int) -> bytes:
    """An int or a long: zigzag, seven bits a byte, the lowest first. Raises OverflowError beyond 64 bits."""
    if not -(2**63) <= whole < 2**63:
        raise OverflowError(f"{whole} is no number of 64 bits")
    if 2**27 <= whole < 2**34:  # five bytes, as of every time in seconds: without the loop
        first, second = whole << 1 & 0x7F | 0x80, whole >> 6 & 0x7F | 0x80
        return bytes((first, second, whole >> 13 & 0x7F | 0x80, whole >> 20 & 0x7F | 0x80, whole >> 27))
    left = whole << 1 ^ whole >> 63
    made = bytearray()
    while left >= 0x80:
        made.append(left & 0x7F | 0x80)
        left >>= 7
    made.append(left)
    return bytes(made)


def number_bytes(text: str) -> bytes:
    """The long that gives the number back to the letter. Raises DoesNotFit where none does."""
    try:
        whole = int(text)
    except ValueError:
        raise DoesNotFit from None
    if str(whole) != text or not -(2**63) <= whole < 2**63:
        raise DoesNotFit
    return long_bytes(whole)


def base64_bytes(text: str) -> bytes:
    """The bytes that are written so. Raises ValueError where they would be written in another way."""
    content = a2b_base64(text)
    if b2a_base64(content, newline=False) != text.encode():
        raise ValueError
    return content


def flag_byte(flag: bool) -> bytes:
    """A boolean. Raises TypeError where it is none."""
    if type(flag) is not bool:
        raise TypeError
    return b"\1" if flag else b"\0"


def distinct(members: Sequence[str], letter: str) -> bool:
    """Whether checked members of a set of that type are all different."""
    return distinct_numbers(members) if letter == "N" else len(set(members)) == len(members)


def millis(instant: datetime) -> int:
    """A timestamp-millis."""
    return (instant - _EPOCH) // _MILLISECOND


class Sizes(dict[int, bytes]):
    """The bytes of each length or count, behind those of `start`."""

    def __init__(self, start: bytes) -> None:
        super().__init__()
        self._start = start

    def __missing__(self, size: int) -> bytes:
        made = self._start + long_bytes(size)
        if size < _KEPT:
            self[size] = made
        return made


class Names(dict[str, bytes]):
    """The bytes of each name in a map: its length and its text."""

    def __missing__(self, name: str) -> bytes:
        check_name(name)
        text = name.encode()
        made = long_bytes(len(text)) + text
        if len(text) <= _KEPT_NAME:
            if len(self) >= _KEPT:
                self.clear()
            self[name] = made
        return made


class Numbers(dict[str, bytes]):
    """The bytes of each number that is a long: `number_bytes`."""

    def __missing__(self, text: str) -> bytes:
        made = number_bytes(text)
        if len(self) >= _KEPT_NUMBERS:
            self.clear()
        self[text] = made
        return made


SIZE, ONE_SIZE, NAME, NUMBER = Sizes(b""), Sizes(ONE), Names(), Numbers()
"""Of a text or a block; the same of the second branch of a union; of a name; of a number."""


class Kept(dict[bytes, bytes]):
    """The bytes of small arrays and maps by their JSON: most come again, in an item's other image or in other items."""

    def keep(self, text: bytes, made: bytes) -> bytes:
        """`made`, kept if it is small."""
        if len(text) <= _KEPT_TEXT:
            if len(self) >= _KEPT_TEXTS:
                self.clear()
            self[text] = made
        return made


def unmapped_bytes(record: ItemRecord, item: Attributes, unfit: Sequence[str]) -> bytes:
    """The map of all attributes that no field holds, in the item's order: the undeclared and the `unfit`."""
    left = [
        (name, value)
        for name, value in item.items()
        if name not in record.by_attribute or name in unfit or value is None
    ]
    if not left:
        return ZERO
    pieces = [SIZE[len(left)]]
    for name, value in left:
        text = as_json(value)
        pieces += NAME[name], SIZE[len(text)], text
    return b"".join((*pieces, ZERO))


def refuse(record: ItemRecord, item: Attributes, path: str) -> NoReturn:
    """Raises InvalidAttributeValue of the first value that is none, else the first that is not of its declared type."""
    check_attributes(item, path)
    for name, value in item.items():
        field = record.by_attribute.get(name)
        if field is not None and "NULL" not in value:
            try:
                _refuse(field.shape, value, f"{path}.{name}")
            except DoesNotFit:
                continue
    raise AssertionError(f"every value in {path} is of its declared type")


def refuse_key(record: ItemRecord, key: Attributes) -> NoReturn:
    """The same of an item key. Raises KeyError where it is not whole."""
    for field in record.key_fields:
        _refuse(field.shape, key[field.attribute], field.attribute)
    raise AssertionError("every value of the key is of its declared type")


def _refuse(shape: Shape, value: AttributeValue, path: str) -> None:
    """Looks at a value as far as it would be written."""
    if shape.letter == "ANY":
        return
    if shape.letter not in value:
        raise InvalidAttributeValue(path, shown(dict(value)), f"of type {shape.letter}, as its schema declares")
    content, member = value[shape.letter], shape.member
    if shape.avro == "long":
        number_bytes(content)
    elif member is not None and shape.holds_contents:
        for each in content if member.avro == "long" else ():
            number_bytes(each)
    elif member is not None:
        for name, each in content.items() if shape.letter == "M" else enumerate(content):
            _refuse(member, each, f"{shape.where}.{name}" if shape.letter == "M" else f"{shape.where}[{name}]")
