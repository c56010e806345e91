"""Whether one branch holds where fields lie in arrays, exactly as AWS's engine finds it.

A field in an array stands under the same path as without it: `a.b` is the `b` of each element of `a`. What is met by a
field of one element of an array ties every later condition to that element, arrays in it included. A scalar that is
itself an element ties nothing. "Later" is the order of the fields' paths as text; a field that must be absent is looked
for in all elements until an earlier condition has tied the array to one.

So an array has two states. Untied: a condition that comes first and holds because no element has its field is done
with. The next condition needs a value, and ties: then all that is left must hold within one and the same element.

One case is taken more widely than by the engine: a field that a value has twice, under a dotted key and under single
keys, is not tied to any other.
"""

from __future__ import annotations

from typing import Any

from schemas.filters.paths import Bits, Node
from schemas.filters.walk import MAX_ARRAYS, is_scalar


def holds(node: Node, value: Any, wanted: Bits, *, tied: bool = False, arrays: int = MAX_ARRAYS) -> bool:
    """Whether all conditions of `wanted`, a part of one branch, hold here; if `tied`, the first of them by a value."""
    if isinstance(value, dict):
        return _holds_in_object(node, value, wanted, tied, arrays)
    if isinstance(value, list) and arrays:
        return _holds_in_array(node, value, wanted, tied, arrays - 1)
    here = wanted & node.ends_here
    if not is_scalar(value):
        here = 0
    if here and not node.taken(value) & here:
        return False
    rest = wanted & ~here
    return not rest & ~node.absent and not (tied and _first(wanted) & rest)


def _holds_in_object(node: Node, value: dict[str, Any], wanted: Bits, tied: bool, arrays: int) -> bool:
    first = _first(wanted) if tied else 0
    routes = _routes(node, value, wanted)
    reached, twice = _once_and_twice([part for _, _, part in routes])
    if twice:
        # A key and one that begins with it and a dot: only what a route has can come from there.
        routes = [(child, inner, _present_of(child, inner, part, arrays)) for child, inner, part in routes]
        reached, twice = _once_and_twice([part for _, _, part in routes])
    if (wanted & ~reached) & (~node.absent | first):
        return False
    return all(
        holds(child, inner, part & ~twice, tied=bool(part & ~twice & first), arrays=arrays)
        for child, inner, part in routes
    ) and all(
        any(holds(child, inner, bit, tied=True, arrays=arrays) for child, inner, part in routes if part & bit)
        for bit in _each(twice)
    )


def _routes(node: Node, value: dict[str, Any], wanted: Bits) -> list[tuple[Node, Any, Bits]]:
    """Where an object leads: the next node, the value there, and which conditions may have their fields there."""
    return [
        (child, value[key], part)
        for key, child in (*node.children, *node.joined)
        if (part := wanted & child.under) and key in value
    ]


def _once_and_twice(parts: list[Bits]) -> tuple[Bits, Bits]:
    once = twice = 0
    for part in parts:
        twice |= once & part
        once |= part
    return once, twice


def _holds_in_array(node: Node, elements: list[Any], wanted: Bits, tied: bool, arrays: int) -> bool:
    # 1. The field that ends here comes first. A scalar of the array itself may meet it, which ties nothing.
    here = wanted & node.ends_here
    if here:
        rest = wanted & ~here
        if any(node.taken(element) & here for element in elements if is_scalar(element)) and (
            not rest or _holds_in_array(node, elements, rest, False, arrays)
        ):
            return True
    # 2. While nothing ties the array to one element, a field that none has is absent.
    while not tied and wanted:
        first = _first(wanted)
        if not first & node.absent or _present_in_array(node, elements, first, arrays):
            break
        wanted &= ~first
    # 3. The first that is left takes its value from one element, and all the others hold there.
    return not wanted or any(
        holds(node, element, wanted, tied=True, arrays=arrays)
        for element in elements
        if isinstance(element, dict | list)
    )


def _present(node: Node, value: Any, bit: Bits, arrays: int) -> bool:
    """Whether the condition's field has a value anywhere here."""
    if isinstance(value, dict):
        return any(_present(child, inner, bit, arrays) for child, inner, _ in _routes(node, value, bit))
    if isinstance(value, list) and arrays:
        return _present_in_array(node, value, bit, arrays - 1)
    return bool(bit & node.ends_here) and is_scalar(value)


def _present_of(node: Node, value: Any, wanted: Bits, arrays: int) -> Bits:
    return sum(bit for bit in _each(wanted) if _present(node, value, bit, arrays))


def _present_in_array(node: Node, elements: list[Any], bit: Bits, arrays: int) -> bool:
    return any(_present(node, element, bit, arrays) for element in elements)


def _first(bits: Bits) -> Bits:
    return bits & -bits


def _each(bits: Bits) -> list[Bits]:
    found = []
    while bits:
        found.append(_first(bits))
        bits &= bits - 1
    return found
