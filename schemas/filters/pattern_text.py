"""A pattern's text: read within bounds and without a key that stands twice, and written in its canonical form."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import msgspec

from schemas.filters.numbers import Number
from schemas.filters.place import Place, shown

MAX_CHARACTERS = 4096
"""What Lambda takes as the pattern of an event source mapping."""
MAX_WITH_NAMES = 1_000_000
"""Characters of a pattern with all that it names."""
MAX_DEPTH = 100
"""Objects and lists inside one another; a DynamoDB item at its deepest (32 levels, two steps each) needs 70."""

_TEXT_IN_JSON = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_HALF_PAIR = re.compile(r"[\ud800-\udfff]")


class _Pairs(msgspec.Struct, frozen=True):
    """An object as its text has it: a key may stand twice."""

    pairs: list[tuple[str, Any]]


class _NotANumber(ValueError):
    """NaN or Infinity, which Python reads and JSON has not."""


def read_pattern(pattern: str | dict[str, Any]) -> dict[str, Any]:
    """The pattern as dicts, lists, texts, booleans, None and `Number`s.

    Raises PatternError where it is no JSON object, is too long or too deep, or has a key twice.
    """
    start = Place()
    if isinstance(pattern, str):
        read = _checked(_parsed(pattern, start), start, 0)
    else:
        read = _checked(pattern, start, 0)
        if isinstance(read, dict) and len(text := canonical_text(read)) > MAX_CHARACTERS:
            raise start.refuse(f"a pattern of {len(text)} characters", f"at most {MAX_CHARACTERS}")
    if not isinstance(read, dict):
        raise start.refuse(shown(read), "an object that names fields")
    return read


def check_bounds(text: str, place: Place) -> None:
    """Raises PatternError where a pattern is too long or too deep, the filters that it names included."""
    if len(text) > MAX_WITH_NAMES:
        raise place.refuse(
            f"a pattern of {len(text)} characters with the filters that it names", f"at most {MAX_WITH_NAMES}"
        )
    _check_depth(text, place)


def canonical_text(read: Any) -> str:
    """The one text of all the spellings of a pattern: keys in order, no spaces, each number as short as can be."""
    if isinstance(read, dict):
        return "{" + ",".join(f"{_quoted(key)}:{canonical_text(read[key])}" for key in sorted(read)) + "}"
    if isinstance(read, list):
        return "[" + ",".join(map(canonical_text, read)) + "]"
    if isinstance(read, Number):
        return read.canonical
    return _quoted(read) if isinstance(read, str) else json.dumps(read)


def _quoted(text: str) -> str:
    # Half a surrogate pair is no UTF-8, but an escape can write it.
    return _HALF_PAIR.sub(lambda half: f"\\u{ord(half.group()):04x}", json.dumps(text, ensure_ascii=False))


def _parsed(text: str, start: Place) -> Any:
    if len(text) > MAX_CHARACTERS:
        raise start.refuse(f"a pattern of {len(text)} characters", f"at most {MAX_CHARACTERS}")
    if _HALF_PAIR.search(text):
        raise start.refuse("half a surrogate pair, which is no Unicode", "JSON text")
    _check_depth(text, start)
    try:
        return json.loads(
            text, object_pairs_hook=_Pairs, parse_int=Number, parse_float=Number, parse_constant=_no_constant
        )
    except json.JSONDecodeError as error:
        raise start.refuse(
            f"a text that is no JSON (line {error.lineno}, column {error.colno}: {error.msg})", "JSON"
        ) from None
    except _NotANumber as error:
        raise start.refuse(f"{error}, which is no JSON", "JSON") from None


def _no_constant(name: str) -> Any:
    raise _NotANumber(name)


def _check_depth(text: str, place: Place) -> None:
    depth = 0
    for character in _TEXT_IN_JSON.sub("", text):
        if character in "[{":
            depth += 1
        elif character in "]}":
            depth -= 1
        if depth > MAX_DEPTH:
            raise place.refuse(f"objects or lists more than {MAX_DEPTH} deep", f"at most {MAX_DEPTH}")


def _checked(node: Any, place: Place, depth: int) -> Any:
    if isinstance(node, _Pairs | dict | list):
        if depth == MAX_DEPTH:
            raise place.refuse(f"objects or lists more than {MAX_DEPTH} deep", f"at most {MAX_DEPTH}")
        if isinstance(node, list):
            return [_checked(element, place.at(index), depth + 1) for index, element in enumerate(node)]
        return _object(node.pairs if isinstance(node, _Pairs) else list(node.items()), place, depth)
    if node is None or isinstance(node, str | bool | Number):
        return node
    return _number(node, place)


def _object(pairs: list[tuple[Any, Any]], place: Place, depth: int) -> dict[str, Any]:
    checked: dict[str, Any] = {}
    for key, value in pairs:
        if not isinstance(key, str):
            raise place.refuse(f"a key of type {type(key).__name__}", "keys that are text")
        if key in checked:
            raise place.at(key).refuse("this key a second time", "each key once in its object")
        checked[key] = _checked(value, place.at(key), depth + 1)
    return checked


def _number(value: Any, place: Place) -> Number:
    try:
        if isinstance(value, int):
            return Number(str(int(value)))  # str() of a subclass may say anything
        if isinstance(value, float | Decimal) and Decimal(value).is_finite():
            return Number(str(value))
    except ValueError:
        raise place.refuse("a number of thousands of digits", f"at most {MAX_CHARACTERS} characters") from None
    raise place.refuse(f"a value of type {type(value).__name__} that JSON cannot write", "what JSON can write")
