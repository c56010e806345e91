"""Why a value does not match: which conditions of a filter it fails, and what stands there instead."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from schemas.filters.condition import Branch, Condition
from schemas.filters.walk import found
from schemas.filters.whole import AllOf, AnyOf, NoneOf, Pattern, Whole, pattern_of

_SHOWN_CHARACTERS = 100


def misses(whole: Whole, value: dict[str, Any]) -> Iterator[str]:
    """A sentence for each condition that keeps the value from matching; none where it matches."""
    if whole.holds(value):
        return
    match whole:
        case Pattern():
            yield from _of_pattern(whole, value)
        case AllOf(parts):
            for part in parts:
                yield from misses(part, value)
        case AnyOf(parts=parts):
            for number, part in enumerate(parts, 1):
                yield from (f"alternative {number}: {sentence}" for sentence in misses(part, value))
        case NoneOf(parts):
            for number in (number for number, part in enumerate(parts, 1) if part.holds(value)):
                yield f"none_of: number {number} of its filters matches"


def _of_pattern(pattern: Pattern, value: dict[str, Any]) -> Iterator[str]:
    """Of the branch that comes nearest."""
    failed = min(
        ([each for each in branch.values() if not _holds(each, value)] for branch in pattern.branches), key=len
    )
    if not failed:
        yield "each condition holds, but not in one and the same element of an array"
    for condition in failed:
        yield _sentence(condition, value)


def _holds(condition: Condition, value: dict[str, Any]) -> bool:
    alone: Branch = {condition.name: condition}
    return pattern_of([alone]).holds(value)


def _sentence(condition: Condition, value: dict[str, Any]) -> str:
    if condition.computed is not None:
        return f"{condition.path}: what {condition.text} asks for has not happened"
    shown = " and ".join(map(_shown, found(value, condition.name.split(".")))) or "not there"
    return f"{condition.path} is {shown}, the pattern wants {condition.text}"


def _shown(value: Any) -> str:
    try:
        text = json.dumps(value, default=str)
    except (TypeError, ValueError, RecursionError):
        return f"a value of type {type(value).__name__} that JSON cannot write"
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "..."
