"""How one value of each Avro type is looked at in its bytes, without making anything of it (see `wire_types`).

Each function gives the place behind the value. None checks where the bytes end: reading beyond raises IndexError, and
whoever walks a record or a block says where that was. Source: the Avro specification, "Binary Encoding".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from schemas.errors import BrokenValue

MAX_LEVELS = 64
"""Records, arrays and maps inside one another; ours are four."""
MAX_VALUES = 1_000_000
"""What an event may be made of. Two images of 400 KB, each member of which takes a byte, stay below it."""
CUT = "is cut short by the end of the bytes"
NO_TEXT = "is text that is no UTF-8"


class Left:
    """What the walk through one event has left: values, and levels beyond those that the schema shows."""

    __slots__ = ("levels", "values")

    def __init__(self, values: int, levels: int) -> None:
        self.values, self.levels = values, levels

    def spend(self, values: int, levels: int = 0) -> None:
        """Takes that off. Raises BrokenValue where it is more than there was."""
        self.values -= values
        self.levels -= levels
        if self.levels < 0:
            raise BrokenValue(f"is nested more than {MAX_LEVELS} deep")
        if self.values < 0:
            raise BrokenValue(f"makes it more than {MAX_VALUES} values, the most that are read")


Look: TypeAlias = Callable[[bytes, int, Left], int]
"""Looks at the value that begins at a place and gives the place behind it.

Raises BrokenValue, or IndexError where the bytes end.
"""


Field: TypeAlias = tuple[str, Look]
"""A field of a record: its path in it, and how to look at its values."""


def record(fields: list[Field]) -> Look:
    """Its fields in order."""

    def look(data: bytes, at: int, left: Left) -> int:
        path = ""
        try:
            for path, look_at in fields:  # noqa: B007 - the path is for the errors
                at = look_at(data, at, left)
        except IndexError:
            raise BrokenValue(CUT, path) from None
        except BrokenValue as broken:
            broken.path.append(path)
            raise
        return at

    return look


def blocks(look_at: Look, cost: int, *, named: bool) -> Look:
    """An array, or a map (`named`): blocks of a count and that many items, up to one of none."""

    def look(data: bytes, at: int, left: Left) -> int:
        seen = 0
        try:
            while data[at]:
                count, at, end = block(data, at)
                if not count:
                    return at
                left.spend(count * cost)
                for seen in range(seen, seen + count):  # noqa: B007, B020 - counted on from the block before
                    if named:
                        at = string(data, at, left)
                    at = look_at(data, at, left)
                seen += 1
                end_block(at, end)
        except IndexError:
            raise BrokenValue(CUT, f"[{seen}]") from None
        except BrokenValue as broken:
            broken.path.append(f"[{seen}]")
            raise
        return at + 1

    return look


def block(data: bytes, at: int) -> tuple[int, int, int | None]:
    """A block's count, the place of its first item and, where it states its length, the place behind its last."""
    count, at = varint(data, at)
    end = None
    if count < 0:
        length, at = varint(data, at)
        count, end = -count, at + length
    if count > len(data) - at:
        raise BrokenValue(f"begins {count} items in the {len(data) - at} bytes that are left")
    return count, at, end


def end_block(at: int, end: int | None) -> None:
    """Raises BrokenValue where a block that states its length ends elsewhere."""
    if end is not None and at != end:
        raise BrokenValue(f"ends a block {abs(at - end)} bytes off the length that the block states")


def union(looks: list[Look]) -> Look:
    """The number of a branch, and a value of that."""

    def look(data: bytes, at: int, left: Left) -> int:
        branch, at = index(data, at, len(looks), "branches")
        return looks[branch](data, at, left)

    return look


def enum(symbols: int) -> Look:
    """The number of one of so many symbols."""
    return lambda data, at, _left: index(data, at, symbols, "symbols")[1]


def fixed(size: int) -> Look:
    """That many bytes, whatever they are."""
    return lambda _data, at, _left: at + size


def null(_data: bytes, at: int, _left: Left) -> int:
    """Nothing."""
    return at


def boolean(data: bytes, at: int, _left: Left) -> int:
    """One byte of two."""
    if data[at] > 1:
        raise BrokenValue(f"is {data[at]}, expected 0 or 1")
    return at + 1


def integer(data: bytes, at: int, _left: Left) -> int:
    """A number of 32 bits."""
    value, at = varint(data, at)
    if not -(2**31) <= value < 2**31:
        raise BrokenValue(f"is {value}, expected at most 32 bits")
    return at


def long(data: bytes, at: int, _left: Left) -> int:
    """A number of 64 bits."""
    start = at
    while data[at] >= 0x80:
        at += 1
    # What the number is matters where it may be none.
    return at + 1 if at - start < 9 else varint(data, start)[1]


def binary(data: bytes, at: int, _left: Left) -> int:
    """A length and that many bytes."""
    return extent(data, at)[1]


def string(data: bytes, at: int, _left: Left) -> int:
    """A length and that many bytes of UTF-8."""
    start, end = extent(data, at)
    try:
        data[start:end].decode()
    except UnicodeDecodeError:
        raise BrokenValue(NO_TEXT) from None
    return end


def extent(data: bytes, at: int) -> tuple[int, int]:
    """Where the bytes of a text begin and end that has its length at `at`."""
    length, at = varint(data, at)
    if not 0 <= length <= len(data) - at:
        raise BrokenValue(f"has a length of {length}, expected at most the {len(data) - at} bytes that are left")
    return at, at + length


def text_end(data: bytes, at: int) -> int:
    """The same, but only where they end; a length of two bytes is not held against what is left, as reading on does."""
    size = data[at]
    if size & 0x81 == 0x80 and (more := data[at + 1]) < 0x80:
        return at + 2 + ((size & 0x7F) >> 1 | more << 6)
    return extent(data, at)[1]


def index(data: bytes, at: int, end: int, of: str) -> tuple[int, int]:
    """A number below `end`, and the place behind it."""
    number, at = varint(data, at)
    if not 0 <= number < end:
        raise BrokenValue(f"is number {number} of {end} {of} that are counted from 0")
    return number, at


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A zigzag number of at most 64 bits, and the place behind it."""
    value = data[at]
    if value < 0x80:
        return (value >> 1) ^ -(value & 1), at + 1
    value = value & 0x7F | (data[at + 1] & 0x7F) << 7
    if data[at + 1] < 0x80:
        return (value >> 1) ^ -(value & 1), at + 2
    at += 1
    for shift in range(14, 70, 7):
        at += 1
        byte = data[at]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
    else:
        raise BrokenValue("has a number of more than 10 bytes")
    if value >> 64:
        raise BrokenValue("has a number of more than 64 bits")
    return (value >> 1) ^ -(value & 1), at + 1
