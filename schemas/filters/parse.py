"""From a pattern, read, to its branches: the ways in which an event may match.

A branch names fields by their dotted path and says of each what its list says; `$or` multiplies branches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import msgspec

from schemas.filters.addresses import single_address
from schemas.filters.complexity import is_too_complex
from schemas.filters.condition import Branch, Condition
from schemas.filters.language import Language
from schemas.filters.leaves import Absent, AnythingBut, Leaf, Literal, Numbers, Texts
from schemas.filters.numbers import Number
from schemas.filters.operators import Operators, parse_expression
from schemas.filters.pattern_text import canonical_text
from schemas.filters.place import Place, shown
from schemas.filters.wildcard import Wildcard

MAX_STEPS = 100
"""The dotted parts of a path."""
MAX_FIELDS = 256
"""The fields of one branch, as AWS's engine has it."""
MAX_BRANCHES = 1000
"""What EventBridge takes; each `$or` multiplies them by its alternatives."""

_OR = "$or"
# AWS's engine would take them for operators, of today or some day.
_NO_FIELDS_IN_OR = frozenset(
    {
        *("exactly", "equals-ignore-case", "prefix", "suffix", "anything-but", "exists", "wildcard", "numeric", "cidr"),
        *("=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case"),
        *("date-after", "date-on-or-after", "date-before", "date-on-or-before", "in-date-range"),
        *("ip-address-in-range", "ip-address-not-in-range"),
    }
)


class _Step(msgspec.Struct, frozen=True):
    """Where the parser is: the keys on the way there, and whether an alternative of `$or` is among them."""

    place: Place
    keys: tuple[str, ...] = ()
    in_or: bool = False

    def into(self, key: str) -> _Step:
        return _Step(self.place.at(key), (*self.keys, key), self.in_or)

    def alternative(self, index: int) -> _Step:
        return _Step(self.place.at(_OR).at(index), self.keys, in_or=True)


def parse_pattern(pattern: dict[str, Any], place: Place, language: Language) -> list[Branch]:
    """The branches of a pattern that stands at `place`, at least one. Raises PatternError."""
    return _object(pattern, _Step(place), [{}], language)


def _object(pattern: dict[str, Any], step: _Step, branches: list[Branch], language: Language) -> list[Branch]:
    if not pattern:
        raise step.place.refuse("an empty object", "at least one field")
    for key, inner in pattern.items():
        place = step.place.at(key)
        if key == _OR:
            branches = _alternatives(inner, step, branches, language)
        elif step.in_or and key in _NO_FIELDS_IN_OR:
            raise place.refuse("the name of an operator", f"inside {_OR}, a field with another name")
        elif isinstance(inner, dict):
            branches = _object(inner, step.into(key), branches, language)
        elif isinstance(inner, list):
            _add(_listed(inner, step.into(key), language), place, branches)
        else:
            raise place.refuse(shown(inner), "a list of what the value may be, or an object with fields")
    return branches


def _alternatives(listed: Any, step: _Step, branches: list[Branch], language: Language) -> list[Branch]:
    place = step.place.at(_OR)
    if not isinstance(listed, list) or len(listed) < 2:
        raise place.refuse(shown(listed), "a list of two objects or more")
    together: list[Branch] = []
    for index, alternative in enumerate(listed):
        if not isinstance(alternative, dict):
            raise place.at(index).refuse(shown(alternative), "an object with fields")
        copies = [dict(branch) for branch in branches]
        together += _object(alternative, step.alternative(index), copies, language)
        if len(together) > MAX_BRANCHES:
            raise place.refuse(
                f"more than {MAX_BRANCHES} combinations of {_OR}'s alternatives", f"at most {MAX_BRANCHES}"
            )
    return together


def _add(condition: Condition, place: Place, branches: list[Branch]) -> None:
    for branch in branches:
        if condition.name in branch:
            raise place.refuse(f"the field {condition.path} a second time", "each field once")
        branch[condition.name] = condition
        if len(branch) > MAX_FIELDS:
            raise place.refuse(f"more than {MAX_FIELDS} fields", f"at most {MAX_FIELDS}")


def _listed(listed: list[Any], step: _Step, language: Language) -> Condition:
    for value in listed:
        if isinstance(value, dict) and len(value) == 1 and (name := next(iter(value))) in language.computed:
            if len(listed) > 1:
                raise step.place.refuse(f"{name} beside others in its list", f"{name} alone in its list")
            place = step.place.at(0).at(name)
            computed = language.computed[name](value[name], step.keys, place, partial(_condition, language=language))
            text = canonical_text(listed)
            return Condition(computed.field, frozenset(), (Literal(True),), False, step.keys, text, computed)
    return _condition(listed, step.keys, step.place, language)


def _condition(listed: list[Any], keys: tuple[str, ...], place: Place, language: Language) -> Condition:
    if not listed:
        raise place.refuse("an empty list", "at least one value or operator")
    name = ".".join(keys)
    if name.count(".") >= MAX_STEPS:
        raise place.refuse(f"a path of more than {MAX_STEPS} steps", f"at most {MAX_STEPS}")
    leaves = [_leaf(value, place.at(index), language.operators) for index, value in enumerate(listed)]
    if is_too_complex(_wildcards(leaves)):
        raise place.refuse("wildcards that are too complex together", "fewer stars, or less that repeats after them")
    texts = frozenset[str]().union(*(leaf.texts for leaf in leaves if isinstance(leaf, Texts)))
    others = tuple(leaf for leaf in leaves if not isinstance(leaf, Texts | Absent))
    absent = any(isinstance(leaf, Absent) for leaf in leaves)
    return Condition(name, texts, others, absent, keys, canonical_text(listed))


def _wildcards(leaves: Iterable[Leaf]) -> Iterator[Wildcard]:
    for leaf in leaves:
        if isinstance(leaf, AnythingBut):
            yield from _wildcards(leaf.unwanted)
        elif isinstance(leaf, Wildcard):
            yield leaf


def _leaf(value: Any, place: Place, operators: Operators) -> Leaf:
    if isinstance(value, dict):
        return parse_expression(value, place, operators)
    if isinstance(value, str):
        return single_address(value) or Texts(frozenset((value,)))
    if isinstance(value, Number):
        double, decimal = value.comparable, value.decimal
        if double is not None:
            return Numbers(frozenset((double,)))
        return Numbers(frozenset(), frozenset(() if decimal is None else (decimal,)))
    if isinstance(value, list):
        raise place.refuse(shown(value), "a text, a number, true, false, null, or an object with one operator")
    return Literal(value)
