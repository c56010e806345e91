"""The fields of a pattern as a tree of steps, to be walked into a value.

A path is dotted text to AWS's engine, so the field `a.b` is found under the key `a.b` as well as under `b` in `a`. Both
are looked for: `Node.children` by single steps, `Node.joined` by several at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import and_
from typing import Any

from schemas.filters.condition import Branch, Condition
from schemas.filters.leaves import Leaf

Bits = int
"""A set of conditions: bit n is condition n, in the order in which AWS's engine looks at their fields."""


class Node:
    """A step of a path, with what lies under it. Built once, never changed after."""

    __slots__ = ("absent", "children", "ends_here", "joined", "joined_keys", "others", "required", "texts", "under")

    def __init__(self) -> None:
        self.ends_here: Bits = 0
        """The conditions of the field that ends here: several, where branches say different things of it."""
        self.texts: dict[str, Bits] = {}
        """Those of them that name a text, by that text."""
        self.others: tuple[tuple[Bits, tuple[Leaf, ...]], ...] = ()
        """Those of them that say something else, with what they say."""
        self.children: tuple[tuple[str, Node], ...] = ()
        self.joined: tuple[tuple[str, Node], ...] = ()
        self.joined_keys: frozenset[str] = frozenset()
        self.under: Bits = 0
        """All conditions here and further in."""
        self.absent: Bits = 0
        """Those of them that hold where nothing is here."""
        self.required: Bits = 0
        """Those of them that every branch has."""

    def taken(self, value: Any) -> Bits:
        """Which conditions of the field that ends here take this scalar."""
        bits = self.texts.get(value, 0) if isinstance(value, str) else 0
        for bit, leaves in self.others:
            for leaf in leaves:
                if leaf.matches(value):
                    bits |= bit
                    break
        return bits


def build(branches: Sequence[Branch]) -> tuple[Node, list[Bits]]:
    """The tree of all branches' fields, and the conditions of each branch; what several say is one condition."""
    conditions = {condition: condition for branch in branches for condition in branch.values()}
    ordered = sorted(conditions, key=lambda condition: _utf16(condition.name))
    bits = {condition: 1 << index for index, condition in enumerate(ordered)}
    masks = [sum(bits[condition] for condition in branch.values()) for branch in branches]
    root = _Growing()
    for condition in ordered:
        root.at(condition.name.split(".")).conditions.append((bits[condition], condition))
    return root.grown(reduce(and_, masks, -1))[0], masks


def _utf16(name: str) -> bytes:
    # Java's order, in which it takes the fields: by UTF-16 units.
    return name.encode("utf-16-be", "surrogatepass")


class _Growing:
    """A Node while the tree is made."""

    def __init__(self) -> None:
        self.conditions: list[tuple[Bits, Condition]] = []
        self.children: dict[str, _Growing] = {}

    def at(self, steps: list[str]) -> _Growing:
        node = self
        for step in steps:
            node = node.children.setdefault(step, _Growing())
        return node

    def grown(self, required: Bits) -> tuple[Node, list[tuple[str, Node]]]:
        """The Node, and all that lie under it by their paths from it."""
        node = Node()
        node.ends_here = node.under = sum(bit for bit, _ in self.conditions)
        node.absent = sum(bit for bit, condition in self.conditions if condition.absent)
        for bit, condition in self.conditions:
            for text in condition.texts:
                node.texts[text] = node.texts.get(text, 0) | bit
        node.others = tuple((bit, condition.leaves) for bit, condition in self.conditions if condition.leaves)
        children, joined = [], []
        for key, growing in self.children.items():
            child, further = growing.grown(required)
            children.append((key, child))
            joined += [(f"{key}.{path}", grandchild) for path, grandchild in further]
            node.under |= child.under
            node.absent |= child.absent
        # Nearest fields first: where one of them has another value, nothing else is looked at.
        children.sort(key=lambda pair: len(pair[1].joined))
        node.children = tuple(children)
        node.joined = tuple(joined)
        node.joined_keys = frozenset(key for key, _ in joined)
        node.required = node.under & required
        return node, children + joined
