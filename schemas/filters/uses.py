"""A pattern's lists, one by one, as the lints look at them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import reduce
from typing import Any

import msgspec

from schemas.filters.condition import Branch, Condition
from schemas.filters.place import Place

TYPES = frozenset({"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"})
IMAGES = ("NewImage", "OldImage")
RECORD_FIELDS = frozenset(
    {
        *("awsRegion", "dynamodb", "eventID", "eventName", "eventSource", "eventSourceARN", "eventVersion"),
        "userIdentity",
    }
)
"""What a record of DynamoDB's stream has, as Lambda gets it."""
FIELDS = RECORD_FIELDS | {"metadata", "source"}
"""What a record has where we evaluate."""
_HOLDERS = frozenset({*IMAGES, "Keys"})
_SEVERAL = frozenset({"L", "SS", "NS", "BS"})
_SINGLE = TYPES - _SEVERAL - {"M"}


class Use(msgspec.Struct, frozen=True):
    """One list of a pattern: the keys on the way to it, what stands in it, and what that says."""

    keys: tuple[str, ...]
    listed: list[Any]
    condition: Condition

    @property
    def path(self) -> str:
        """The keys as a JSON path."""
        return reduce(Place.at, self.keys, Place()).path

    @property
    def image(self) -> bool:
        """Whether it is about an attribute of a record's item."""
        return len(self.keys) > 2 and self.keys[0] == "dynamodb" and self.keys[1] in _HOLDERS

    def may_be_several(self, schema: Mapping[str, str]) -> bool:
        """Whether one value may meet it and another in the same field something else."""
        if self.image:
            return not _SEVERAL.isdisjoint(self.keys[3:])
        return self.keys[0] not in FIELDS and (len(self.keys) > 1 or schema.get(self.keys[0]) not in _SINGLE)

    @property
    def letter(self) -> str:
        """The type letter right before the value, in a record."""
        return self.keys[-1] if self.image and len(self.keys) > 3 and self.keys[-1] in TYPES else ""

    @property
    def operators(self) -> frozenset[str]:
        """The operators in the list, of `changed` those on either side."""
        return frozenset(name for value in self._values for name in (value if isinstance(value, dict) else ()))

    @property
    def has_numbers(self) -> bool:
        """Whether it names numbers."""
        return any(isinstance(value, int | float) and not isinstance(value, bool) for value in self._values)

    @property
    def texts(self) -> frozenset[str]:
        """The texts that it names, where it names nothing else."""
        return frozenset(self.listed) if all(isinstance(value, str) for value in self.listed) else frozenset()

    @property
    def absent(self) -> bool:
        """Whether it holds where nothing is there."""
        return {"exists": False} in self.listed

    @property
    def changes(self) -> bool:
        """Whether it asks for a change."""
        return self._changed is not None

    @property
    def ignored(self) -> tuple[str, ...]:
        """The attributes that may change."""
        return tuple(self._changed.get("except", ())) if isinstance(self._changed, dict) else ()

    @property
    def _changed(self) -> Any:
        (first, *_) = self.listed
        return first["changed"] if isinstance(first, dict) and first.keys() == {"changed"} else None

    @property
    def _values(self) -> list[Any]:
        if not isinstance(self._changed, dict):
            return [] if self.changes else self.listed
        return [value for side in ("from", "to") for value in self._changed.get(side, ())]


def uses_of(branch: Branch) -> list[Use]:
    """What one way to match asks for."""
    return [Use(_spread(condition.keys), json.loads(condition.text), condition) for condition in branch.values()]


def _spread(keys: tuple[str, ...]) -> tuple[str, ...]:
    # Dots in an attribute's name are its own; none of a record's fields has any.
    first = keys[0].split(".")
    return (*first, *keys[1:]) if first[0] == "dynamodb" else keys
