"""Where the parser is in a pattern, so that whatever is wrong there can say so."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from schemas.filters.errors import PatternError
from schemas.filters.numbers import Number

_PLAIN_STEP = re.compile(r"[A-Za-z_$][\w$-]*", re.ASCII)
_SHOWN_CHARACTERS = 60


class Place(msgspec.Struct, frozen=True):
    """A place in a pattern; `path` is its JSON path."""

    path: str = "$"

    def at(self, step: str | int) -> Place:
        """The place one step further in: under a key, or at an index."""
        if isinstance(step, int):
            return Place(f"{self.path}[{step}]")
        return Place(f"{self.path}.{step}" if _PLAIN_STEP.fullmatch(step) else f"{self.path}[{json.dumps(step)}]")

    def refuse(self, found: str, expected: str) -> PatternError:
        """The error to raise for what stands here."""
        return PatternError(self.path, found, expected)


def shown(value: Any) -> str:
    """A part of a pattern as a message may show it: what kind it is, and its beginning."""
    if isinstance(value, dict):
        return f"an object with {_names(value)}" if value else "an empty object"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if isinstance(value, Number):
        return f"the number {_beginning(value.text)}"
    if isinstance(value, str):
        return f"the text {quoted(value)}"
    return "null" if value is None else str(value).lower()


def quoted(text: str) -> str:
    """A text as a message may show it: in quotes, its beginning."""
    return _beginning(json.dumps(text, ensure_ascii=False))


def _names(pairs: dict[str, Any]) -> str:
    return _beginning(" and ".join(json.dumps(name, ensure_ascii=False) for name in pairs))


def _beginning(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "..."
