"""What a generated decoder calls: the parts of a value that take more than a line, and what is said of a broken one."""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NoReturn

from schemas.attribute_checks import MAX_DIGITS, check
from schemas.attribute_values import shown
from schemas.errors import BrokenValue, InvalidAttributeValue, UndecodableEvent
from schemas.wire_values import CUT, NO_TEXT, Left, block, end_block, extent, index

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Symbols(dict[int, StrEnum]):
    """The members of an enumeration by the number of their symbol in the writer's schema."""

    def __init__(self, members: type[StrEnum], symbols: Sequence[str]) -> None:
        known = {member.value: member for member in members}
        super().__init__({at: known[symbol] for at, symbol in enumerate(symbols) if symbol in known})
        self._symbols = symbols

    def __missing__(self, number: int) -> StrEnum:
        raise BrokenValue(f"is {shown(self._symbols[number])}, which this release does not know")


def broken(error: Exception, where: str) -> BrokenValue:
    """The error of a value that stands at `where` in another, from whatever came of reading it."""
    match error:
        case BrokenValue():
            error.path.append(where)
            return error
        case IndexError():
            return BrokenValue(CUT, where)
        case InvalidAttributeValue():
            return BrokenValue(f"is {error.found}, expected {error.expected}", error.path, where)
        case UnicodeDecodeError():
            return BrokenValue(NO_TEXT, where)
    return BrokenValue(f"is no value: {type(error).__name__}: {str(error)[:200]}", where)


def undecodable(error: BrokenValue) -> UndecodableEvent:
    """What it comes to for the event."""
    path = "".join(reversed(error.path)).removeprefix(".") or "it"
    return UndecodableEvent(f"the value does not decode: {path} {error.found}")


@lru_cache(maxsize=1024)  # many events share their second
def instant(millis: int) -> datetime:
    """A timestamp-millis. Raises OverflowError for one that no calendar has."""
    return _EPOCH + timedelta(milliseconds=millis)


def base64_text(value: bytes) -> str:
    """Binary as DynamoDB JSON has it."""
    return b2a_base64(value, newline=False).decode("ascii")


def no_branch(data: bytes, at: int) -> NoReturn:
    """Raises BrokenValue of a number that is none of two branches, or is written longer than anybody does."""
    number, _ = index(data, at, 2, "branches")
    raise BrokenValue(f"is branch {number} in more bytes than one")


def number_text(text: str) -> str:
    """The text, which is a number. Raises InvalidAttributeValue where it is none."""
    if not (len(text) <= MAX_DIGITS and text.isascii() and text.isdigit()):
        check({"N": text}, "")
    return text


def number_set(texts: list[str]) -> list[str]:
    """The texts, which are a set of numbers. Raises InvalidAttributeValue where they are none."""
    check({"NS": texts}, "")
    return texts


def texts(data: bytes, at: int, left: Left) -> tuple[dict[str, str], int]:
    """A map of texts, and the place behind it."""
    found: dict[str, str] = {}
    seen = 0
    try:
        while data[at]:
            count, at, end = block(data, at)
            if not count:
                return found, at
            left.spend(2 * count)
            for seen in range(seen, seen + count):  # noqa: B007, B020 - counted on from the block before
                start, stop = extent(data, at)
                name = data[start:stop].decode()
                start, at = extent(data, stop)
                found[name] = data[start:at].decode()
            seen += 1
            end_block(at, end)
    except Exception as error:  # noqa: BLE001 - whatever comes of hostile bytes
        raise broken(error, f"[{seen}]") from None
    return found, at + 1
