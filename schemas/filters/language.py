"""What a pattern may use: AWS's language, or that and more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import msgspec

from schemas.filters.condition import Computed, Condition
from schemas.filters.operators import AWS_OPERATORS, Operators
from schemas.filters.place import Place

Conditions: TypeAlias = Callable[[list[Any], tuple[str, ...], Place], Condition]
"""From a list, the keys of the field it is about, and where it stands, to a condition. Raises PatternError."""
ComputedOperator: TypeAlias = Callable[[Any, tuple[str, ...], Place, Conditions], Computed]
"""From an operand, the keys of its field, and where it stands, to what it computes. Raises PatternError."""


class Language(msgspec.Struct, frozen=True):
    """The operators of a field's list; those that look at the whole value; whether filters may be put together."""

    operators: Operators
    computed: Mapping[str, ComputedOperator] = MappingProxyType({})
    together: bool = False


AWS = Language(AWS_OPERATORS)
"""What an event source mapping evaluates."""
