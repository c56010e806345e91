"""The operators of a field's list, as a table: from the operator's name to what makes a leaf of its operand.

`AWS_OPERATORS` are those of AWS's engine. Whoever evaluates more gives `compile_pattern` a table with more in it;
whether a pattern is AWS's too shows in compiling its text with this one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from schemas.filters.addresses import parse_network
from schemas.filters.ignore_case import equals_ignoring_case, prefix_ignoring_case, suffix_ignoring_case
from schemas.filters.leaves import Absent, AnythingBut, Exists, Leaf, Numbers, Prefix, Range, Suffix, Texts
from schemas.filters.numbers import Number
from schemas.filters.place import Place, quoted, shown
from schemas.filters.wildcard import Wildcard, parse_wildcard

Operator: TypeAlias = Callable[[Any, Place], Leaf]
"""From an operand, and where it stands, to its leaf. Raises PatternError for an operand that it does not take."""
Operators: TypeAlias = Mapping[str, Operator]

_IGNORING_CASE = "equals-ignore-case"
_ENDS = {"<": False, "<=": True}
_BEGINNINGS = {">": False, ">=": True}


def parse_expression(expression: dict[str, Any], place: Place, operators: Operators) -> Leaf:
    """The leaf that `{operator: operand}` stands for. Raises PatternError."""
    name, operand = only_pair(expression, place, operators)
    return operators[name](operand, place.at(name))


def only_pair(expression: dict[str, Any], place: Place, names: Mapping[str, Any]) -> tuple[str, Any]:
    """The operator, one of `names`, and its operand. Raises PatternError where there are none, or several."""
    if len(expression) != 1:
        raise place.refuse(shown(expression), "an object with one operator")
    ((name, operand),) = expression.items()
    if name not in names:
        raise place.refuse(f"the operator {quoted(name)}", f"one of {', '.join(sorted(names))}")
    return name, operand


def text_operand(operand: Any, place: Place) -> str:
    """The operand, which must be a text. Raises PatternError."""
    if not isinstance(operand, str):
        raise place.refuse(shown(operand), "a text")
    return operand


def _exactly(operand: Any, place: Place) -> Leaf:
    return Texts(frozenset((text_operand(operand, place),)))


def _equals_ignore_case(operand: Any, place: Place) -> Leaf:
    return equals_ignoring_case(text_operand(operand, place))


def _prefix(operand: Any, place: Place) -> Leaf:
    if isinstance(operand, dict):
        return prefix_ignoring_case(_text_ignoring_case(operand, place))
    return Prefix((text_operand(operand, place),))


def _suffix(operand: Any, place: Place) -> Leaf:
    if isinstance(operand, dict):
        return suffix_ignoring_case(_text_ignoring_case(operand, place))
    return Suffix((text_operand(operand, place),))


def _text_ignoring_case(operand: dict[str, Any], place: Place) -> str:
    name, text = only_pair(operand, place, {_IGNORING_CASE: None})
    return text_operand(text, place.at(name))


def _wildcard(operand: Any, place: Place) -> Wildcard:
    wildcard = parse_wildcard(text_operand(operand, place))
    if isinstance(wildcard, str):
        raise place.refuse(wildcard, "single stars, and backslashes before * or \\ alone")
    return wildcard


def _exists(operand: Any, place: Place) -> Leaf:
    if not isinstance(operand, bool):
        raise place.refuse(shown(operand), "true or false")
    return Exists() if operand else Absent()


def _cidr(operand: Any, place: Place) -> Leaf:
    network = parse_network(text_operand(operand, place))
    if isinstance(network, str):
        raise place.refuse(network, "a network such as 10.0.0.0/8 or 2001:db8::/32, of more than one address")
    return network


def _numeric(operand: Any, place: Place) -> Leaf:
    expected = '["=", number], one comparison, or a lower and then an upper bound such as [">", 0, "<=", 5]'
    if not isinstance(operand, list) or len(operand) not in (2, 4):
        raise place.refuse(shown(operand), expected)
    doubles = [_double(number, place.at(index)) for index, number in enumerate(operand) if index % 2]
    match operand[::2]:
        case ["="]:
            return Numbers(frozenset(doubles))
        case [str(low)] if low in _BEGINNINGS:
            bounds = Range(doubles[0], _BEGINNINGS[low])
        case [str(high)] if high in _ENDS:
            bounds = Range(high=doubles[0], with_high=_ENDS[high])
        case [str(low), str(high)] if low in _BEGINNINGS and high in _ENDS:
            bounds = Range(doubles[0], _BEGINNINGS[low], doubles[1], _ENDS[high])
        case names:
            raise place.refuse(f"the comparisons {' and '.join(map(shown, names))}", expected)
    if not bounds.low < bounds.high:
        raise place.refuse("a lower bound that is not below the upper", expected)
    return bounds


def _double(operand: Any, place: Place) -> float:
    double = operand.comparable if isinstance(operand, Number) else None
    if double is None:
        raise place.refuse(shown(operand), "a number that 64 bits say exactly")
    return double


def _anything_but(operand: Any, place: Place) -> Leaf:
    if isinstance(operand, dict):
        name, wanted = only_pair(operand, place, _UNWANTED)
        return AnythingBut(tuple(_UNWANTED[name](text, at) for text, at in _texts(wanted, place.at(name))))
    listed = operand if isinstance(operand, list) else [operand]
    if listed and all(isinstance(value, str) for value in listed):
        return AnythingBut((Texts(frozenset(listed)),))
    if listed and all(isinstance(value, Number) for value in listed):
        places = [place.at(index) if isinstance(operand, list) else place for index in range(len(listed))]
        return AnythingBut((Numbers(frozenset(map(_double, listed, places))),))
    raise place.refuse(shown(operand), "a text, a number, a list of texts or of numbers, or an operator")


def _texts(operand: Any, place: Place) -> list[tuple[str, Place]]:
    if not isinstance(operand, list):
        return [(text_operand(operand, place), place)]
    if not operand:
        raise place.refuse("an empty list", "a text, or a list of texts")
    return [(text_operand(text, place.at(index)), place.at(index)) for index, text in enumerate(operand)]


def _some_text(make: Operator) -> Operator:
    def parse(operand: Any, place: Place) -> Leaf:
        if operand == "":
            raise place.refuse("an empty text, which everything has", "at least one character")
        return make(operand, place)

    return parse


_UNWANTED: dict[str, Operator] = {
    "prefix": _some_text(_prefix),
    "suffix": _some_text(_suffix),
    "wildcard": _wildcard,
    _IGNORING_CASE: _equals_ignore_case,
}

AWS_OPERATORS: Operators = MappingProxyType(
    {
        "anything-but": _anything_but,
        "cidr": _cidr,
        "exactly": _exactly,
        "exists": _exists,
        "numeric": _numeric,
        "prefix": _prefix,
        "suffix": _suffix,
        "wildcard": _wildcard,
        _IGNORING_CASE: _equals_ignore_case,
    }
)
"""The operators of AWS's engine. `exactly` is the one that its documentation leaves out."""
