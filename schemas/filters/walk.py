"""Which conditions a value meets: the pattern's tree walked into the value, each condition once.

It is enough where no field lies in an array: then no two conditions depend on one another. Where one does, or a key has
dots, `Crooked` is raised, and `arrays.py` takes the long way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from math import isfinite
from typing import Any

from schemas.filters.paths import Bits, Node

_ALWAYS_SCALAR = frozenset({str, int, bool, type(None)})
_MISSING: Any = object()


MAX_ARRAYS = 64
"""Arrays inside one another; what lies deeper is not looked at. A DynamoDB item has at most 32."""


class _Crooked(Exception):
    pass


def is_scalar(value: Any) -> bool:
    """Whether JSON has such a value and it is neither an object nor an array."""
    if type(value) in _ALWAYS_SCALAR:
        return True
    if isinstance(value, float):
        return isfinite(value)
    return value.is_finite() if isinstance(value, Decimal) else isinstance(value, str | int)


def found(value: Any, steps: Sequence[str], arrays: int = MAX_ARRAYS) -> Iterator[Any]:
    """Whatever lies at a dotted path: arrays are looked through, dotted keys are."""
    if isinstance(value, list):
        for element in value if arrays else ():
            yield from found(element, steps, arrays - 1)
    elif not steps:
        yield value
    elif isinstance(value, dict):
        for taken in range(1, len(steps) + 1):
            if (key := ".".join(steps[:taken])) in value:
                yield from found(value[key], steps[taken:], arrays)


def met(node: Node, value: Any) -> Bits | None:
    """The conditions here and further in that hold, or too few of the required ones; None where arrays matter."""
    try:
        return _met(node, value)
    except _Crooked:
        return None


def _met(node: Node, value: Any) -> Bits:
    if isinstance(value, dict):
        return _met_in_object(node, value)
    if type(value) in _ALWAYS_SCALAR or is_scalar(value):
        return node.taken(value) | (node.absent & ~node.ends_here)
    if isinstance(value, list):
        return _met_in_list(node, value)
    return node.absent


def _met_in_object(node: Node, value: dict[str, Any]) -> Bits:
    bits = node.absent & node.ends_here
    known = 0
    for key, child in node.children:
        if key in value:
            known += 1
            found = _met(child, value[key])
        else:
            found = child.absent
        if child.required & ~found:
            known, bits = 0, 0
            break
        bits |= found
    # Among keys that are no children can be one that joins several steps.
    if known < len(value) and node.joined_keys and not value.keys().isdisjoint(node.joined_keys):
        raise _Crooked
    return bits


def _met_in_list(node: Node, elements: list[Any]) -> Bits:
    if node.children:
        raise _Crooked
    bits = 0
    scalars = 0
    for element in elements:
        if isinstance(element, dict | list):
            raise _Crooked
        if is_scalar(element):
            scalars += 1
            bits |= node.taken(element)
    return bits if scalars else node.absent
