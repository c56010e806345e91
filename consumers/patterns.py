"""A group's `filter` and `where` as event patterns (design section 6); the language is `schemas.filters`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import msgspec

from schemas.attribute_values import Item
from schemas.change_event import ChangeEvent
from schemas.filters import Filter, compile_pattern
from schemas.record_shape import epoch_seconds, item_shape, record_shape

Pattern: TypeAlias = "str | Mapping[str, Any]"


@dataclass(frozen=True, slots=True)
class EventPattern:
    """A group's `filter`: a pattern over the event in the shape of AWS's record."""

    filter: Filter

    def __call__(self, event: ChangeEvent) -> bool:
        """Whether the group looks at the event. Raises ValueError where it asks for a time and the event has none."""
        return self.filter.matches(record_shape(event, self.filter.fields), _now(self.filter, event.committed_at))

    def misses(self, event: ChangeEvent) -> list[str]:
        """Why not, a sentence for each condition. Raises as it does when it is asked whether."""
        return self.filter.misses(record_shape(event, self.filter.fields), _now(self.filter, event.committed_at))


@dataclass(frozen=True, slots=True)
class ItemPattern:
    """A group's `where`: a pattern over an item's attribute names and plain values."""

    filter: Filter

    def __call__(self, item: Item, committed_at: datetime | None) -> bool:
        """Whether the read model holds the item, as an event of that time has it. Raises ValueError as EventPattern."""
        return self.filter.matches(item_shape(item, self.filter.fields), _now(self.filter, committed_at))

    def misses(self, item: Item, committed_at: datetime | None) -> list[str]:
        """Why not, a sentence for each condition. Raises as it does when it is asked whether."""
        return self.filter.misses(item_shape(item, self.filter.fields), _now(self.filter, committed_at))


def events(pattern: Pattern, named: Mapping[str, Filter] | None = None) -> EventPattern:
    """The `filter` of a pattern; `named` are filters that it may refer to. Raises PatternError."""
    return EventPattern(_compiled(pattern, named))


def items(pattern: Pattern, named: Mapping[str, Filter] | None = None) -> ItemPattern:
    """The `where` of a pattern; `named` are filters that it may refer to. Raises PatternError."""
    return ItemPattern(_compiled(pattern, named))


def digest(*predicates: object) -> str:
    """Eight hex digits that tell a group's predicates, None among them, from any others, in every process alike.

    A pattern counts by its text, however it was spelled; a function by its name.
    """
    said = msgspec.json.encode([_said(predicate) for predicate in predicates])
    return hashlib.sha256(said).hexdigest()[:8]


def _said(predicate: object) -> dict[str, str] | None:
    match predicate:
        case None:
            return None
        case EventPattern(filter_) | ItemPattern(filter_):
            return {"pattern": filter_.text}
        case _:
            named = predicate if hasattr(predicate, "__qualname__") else type(predicate)
            return {"function": f"{named.__module__}.{named.__qualname__}"}


def _now(filter_: Filter, committed_at: datetime | None) -> float | None:
    return epoch_seconds(committed_at) if filter_.relative else None


def _compiled(pattern: Pattern, named: Mapping[str, Filter] | None) -> Filter:
    return compile_pattern(pattern if isinstance(pattern, str) else dict(pattern), named=named or {})
