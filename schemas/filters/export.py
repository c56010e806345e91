"""A filter as an event source mapping takes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from schemas.filters.filter import Filter, compile_pattern
from schemas.filters.language import AWS
from schemas.filters.numbers import Number
from schemas.filters.ours import OURS
from schemas.filters.place import Place
from schemas.filters.uses import RECORD_FIELDS
from schemas.filters.whole import AnyOf, Pattern, Whole

MAX_FILTERS = 5
"""How many filters an event source mapping takes, unless AWS raises it for an account."""
_DOCUMENTED = frozenset({"anything-but", "equals-ignore-case", "exists", "numeric", "prefix", "suffix"})
_HERE_ALONE = "what an event source mapping evaluates; {} is evaluated at the bridge and in groups alone"


def filter_criteria(wanted: Filter) -> dict[str, Any]:
    """The `FilterCriteria` of the event source mapping that lets through what the filter matches.

    An `any_of` is several filters there. Raises PatternError, which names what AWS cannot evaluate.
    """
    read = json.loads(wanted.text, parse_int=Number, parse_float=Number)
    start = Place()
    if isinstance(wanted.whole, AnyOf):
        alternatives = zip(wanted.whole.parts, read["any_of"], strict=True)
        texts = [_for_aws(*each, start.at("any_of").at(index)) for index, each in enumerate(alternatives)]
    else:
        texts = [_for_aws(wanted.whole, read, start)]
    if len(texts) > MAX_FILTERS:
        raise start.at("any_of").refuse(f"{len(texts)} filters", f"at most {MAX_FILTERS} in an event source mapping")
    return {"Filters": [{"Pattern": text} for text in texts]}


def undocumented(criteria: dict[str, Any]) -> list[str]:
    """What the criteria use that AWS's engine knows, and Lambda's documentation does not name."""
    found: set[str] = set()
    for each in criteria["Filters"]:
        for leaf in _leaves(json.loads(each["Pattern"])):
            ((name, operand),) = leaf.items()
            if name not in _DOCUMENTED:
                found.add(name)
            elif isinstance(operand, dict):
                found.add(f"{name} of {next(iter(operand))}")
    return sorted(found)


def _leaves(node: Any) -> Iterator[dict[str, Any]]:
    """The operators in a pattern's lists."""
    for key, inner in node.items():
        if isinstance(inner, dict):
            yield from _leaves(inner)
        for one in inner if isinstance(inner, list) else ():
            if key == "$or":
                yield from _leaves(one)
            elif isinstance(one, dict):
                yield one


def _for_aws(whole: Whole, read: dict[str, Any], place: Place) -> str:
    if not isinstance(whole, Pattern):
        (word,) = read
        raise place.at(word).refuse(f"the operator {word}", _HERE_ALONE.format(word))
    _refuse_ours(read, place)
    _refuse_our_fields(read, place)
    return compile_pattern(read, language=AWS).text


def _refuse_our_fields(fields: dict[str, Any], place: Place) -> None:
    """Raises PatternError where it is about what only our records have."""
    for field, inner in fields.items():
        if field == "$or":
            for index, alternative in enumerate(inner):
                _refuse_our_fields(alternative, place.at(field).at(index))
        elif field.split(".")[0] not in RECORD_FIELDS:
            raise place.at(field).refuse("a field that no record of a stream has", ", ".join(sorted(RECORD_FIELDS)))


def _refuse_ours(fields: dict[str, Any], place: Place) -> None:
    """Raises PatternError at the first thing that is ours alone."""
    for key, inner in fields.items():
        there = place.at(key)
        for index, one in enumerate(inner if isinstance(inner, list) else ()):
            if key == "$or":
                _refuse_ours(one, there.at(index))
            elif isinstance(one, dict) and (name := next(iter(one))) in _OURS_ALONE:
                raise there.at(index).at(name).refuse(f"the operator {name}", _HERE_ALONE.format(name))
        if isinstance(inner, dict):
            _refuse_ours(inner, there)


_OURS_ALONE = (OURS.operators.keys() | OURS.computed.keys()) - AWS.operators.keys()
