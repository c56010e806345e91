"""A filter as a whole: one pattern, or filters put together by `all_of`, `any_of` and `none_of`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import msgspec

from schemas.filters.arrays import holds
from schemas.filters.condition import Branch, Computed, Condition
from schemas.filters.paths import Bits, Node, build
from schemas.filters.times import Time
from schemas.filters.walk import met


class Pattern(msgspec.Struct, frozen=True, eq=False):
    """One pattern, as a tree of its fields."""

    branches: tuple[Branch, ...]
    computed: tuple[Computed, ...]
    root: Node
    masks: tuple[Bits, ...]

    def holds(self, value: dict[str, Any]) -> bool:
        """Whether the value is as the pattern says."""
        if self.computed:
            value = {**value, **{each.field: each.holds(value) for each in self.computed}}
        bits = met(self.root, value)
        if bits is None:
            return any(holds(self.root, value, branch) for branch in self.masks)
        return bits == self.root.under or any(branch & bits == branch for branch in self.masks)


class AllOf(msgspec.Struct, frozen=True, eq=False):
    """All of some filters."""

    parts: tuple[Whole, ...]

    def holds(self, value: dict[str, Any]) -> bool:
        """Whether each of them matches."""
        return all(part.holds(value) for part in self.parts)


class AnyOf(msgspec.Struct, frozen=True, eq=False):
    """Any of some filters. `at_once`: the patterns among them as one, each field of which is looked at once."""

    parts: tuple[Whole, ...]
    at_once: Pattern | None
    others: tuple[Whole, ...]

    def holds(self, value: dict[str, Any]) -> bool:
        """Whether at least one of them matches."""
        return (self.at_once is not None and self.at_once.holds(value)) or any(
            each.holds(value) for each in self.others
        )


class NoneOf(msgspec.Struct, frozen=True, eq=False):
    """None of some filters."""

    parts: tuple[Whole, ...]

    def holds(self, value: dict[str, Any]) -> bool:
        """Whether not one of them matches."""
        return not any(part.holds(value) for part in self.parts)


Whole: TypeAlias = Pattern | AllOf | AnyOf | NoneOf


def any_of(parts: Sequence[Whole]) -> AnyOf:
    """Any of these."""
    patterns = [part for part in parts if isinstance(part, Pattern)]
    at_once = pattern_of([branch for pattern in patterns for branch in pattern.branches]) if patterns else None
    return AnyOf(tuple(parts), at_once, tuple(part for part in parts if not isinstance(part, Pattern)))


TOGETHER: dict[str, Callable[[Sequence[Whole]], Whole]] = {
    "all_of": lambda parts: AllOf(tuple(parts)),
    "any_of": any_of,
    "none_of": lambda parts: NoneOf(tuple(parts)),
}


def pattern_of(branches: list[Branch]) -> Pattern:
    """The pattern of these branches."""
    root, masks = build(branches)
    computed = {
        each.name: each.computed for branch in branches for each in branch.values() if each.computed is not None
    }
    return Pattern(tuple(branches), tuple(computed.values()), root, tuple(masks))


def fields_of(whole: Whole) -> frozenset[str]:
    """The value's own fields that a filter looks at; of one with dots in its path, every beginning."""
    if not isinstance(whole, Pattern):
        return frozenset[str]().union(*map(fields_of, whole.parts))
    found = frozenset[str]().union(*(each.reads for each in whole.computed))
    for condition in (each for branch in whole.branches for each in branch.values() if each.computed is None):
        steps = condition.name.split(".")
        found |= {".".join(steps[: index + 1]) for index in range(len(steps))}
    return found


def is_relative(whole: Whole) -> bool:
    """Whether a filter asks what time it is."""
    return any(
        isinstance(leaf, Time) and leaf.relative for condition in _conditions(whole) for leaf in condition.leaves
    )


def _conditions(whole: Whole) -> Iterator[Condition]:
    if not isinstance(whole, Pattern):
        for part in whole.parts:
            yield from _conditions(part)
        return
    for condition in (each for branch in whole.branches for each in branch.values()):
        yield condition
        if condition.computed is not None:
            yield from condition.computed.conditions
