"""What a pattern says of one field, and the branches that such conditions make."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

import msgspec

from schemas.filters.leaves import Leaf


class Computed(Protocol):
    """A yes or no that is worked out from the whole value, before its fields are looked at."""

    @property
    def field(self) -> str:
        """The name that the answer goes by: one that no field has."""

    @property
    def reads(self) -> frozenset[str]:
        """The value's own fields that it looks at."""

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Those inside of it."""

    def holds(self, value: dict[str, Any], /) -> bool:
        """The answer. Raises nothing, whatever the value."""


class Condition(msgspec.Struct, frozen=True):
    """What one list says of one field: one of `texts`, or what any of `leaves` takes, or (`absent`) nothing at all.

    `computed`: where the field's value comes from, if the value itself has none. `keys` and `text` are what the pattern
    has: the keys on the way to the field, and its list.
    """

    name: str
    texts: frozenset[str]
    leaves: tuple[Leaf, ...]
    absent: bool
    keys: tuple[str, ...]
    text: str
    computed: Computed | None = None

    @property
    def path(self) -> str:
        """The field, as a dotted path."""
        return ".".join(self.keys)

    def takes(self, value: Any) -> bool:
        """Whether the field may have this scalar."""
        return (isinstance(value, str) and value in self.texts) or any(leaf.matches(value) for leaf in self.leaves)


Branch: TypeAlias = dict[str, Condition]
"""Conditions by the dotted path of their field; all of them must hold."""
