"""Why our answer may differ from AWS's engine: every difference of a random pair must be one of these.

An explanation that explains nothing in a long run is to be removed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from ipaddress import IPv6Address, ip_network
from typing import Any, NamedTuple

from tests.filters.json_text import Spelled
from tests.filters.oracle import MATCH, NO_MATCH, REJECTED, Question

Keys = tuple[str, ...]


class Difference(NamedTuple):
    """A question that the two engines answer differently."""

    question: Question
    engine: str
    ours: str


class _Doubled(dict[str, Any]):
    """An object in which a key stands twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    return made if len(made) == len(pairs) else _Doubled(made)


def _pattern(question: Question) -> Any:
    return _read(question.pattern)


def _read(text: str) -> Any:
    """What stands before the text's last brace, as the engine reads it; numbers are as they are spelled."""
    decoder = json.JSONDecoder(object_pairs_hook=_object, parse_float=Spelled, parse_int=Spelled)
    return decoder.raw_decode(text.lstrip())[0]


def _leaves(pattern: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf with the path that it is for, in the order of the text."""
    for key, inner in pattern.items():
        if isinstance(inner, dict):
            yield from _leaves(inner, f"{path}.{key}")
        elif key == "$or":
            for side in inner:
                yield from _leaves(side, path)
        else:
            yield from ((f"{path}.{key}", leaf) for leaf in inner)


def _has(leaf: Any, operator: str) -> bool:
    return isinstance(leaf, dict) and (operator in leaf or any(_has(inner, operator) for inner in leaf.values()))


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _objects(inner)


def _has_choice(pattern: Any) -> bool:
    return any("$or" in one for one in _objects(pattern))


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value or a leaf, operators' names left out."""
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(inner)


def _text_after(difference: Difference) -> bool:
    text = difference.question.pattern.lstrip()
    _, end = json.JSONDecoder().raw_decode(text)
    return difference.ours.startswith(REJECTED) and bool(text[end:].strip())


def _key_twice(difference: Difference) -> bool:
    pattern = _pattern(difference.question)
    return difference.ours.startswith(REJECTED) and any(isinstance(one, _Doubled) for one in _objects(pattern))


def _empty_list(difference: Difference) -> bool:
    leaves = _leaves(_pattern(difference.question))
    return difference.ours.startswith(REJECTED) and any(
        [] in inner.values() for _, leaf in leaves if _has(leaf, "anything-but") for inner in _objects(leaf)
    )


def _outside_the_basic_plane(difference: Difference) -> bool:
    return any(
        letter > "\uffff"
        for _, leaf in _leaves(_pattern(difference.question))
        if _has(leaf, "equals-ignore-case")
        for text in _texts(leaf)
        for letter in text
    )


def _shared_star(difference: Difference) -> bool:
    pattern = _pattern(difference.question)
    # What stands beside a choice is added once more with each of its sides, so that each leaf follows each.
    times = 2 if _has_choice(pattern) else 1
    starred = set()
    for path, leaf in [*_leaves(pattern)] * times:
        beyond_ascii = _has(leaf, "suffix") and not all(map(str.isascii, _texts(leaf)))
        if path in starred and (beyond_ascii or _has(leaf, "equals-ignore-case")):
            return True
        if _has(leaf, "wildcard") and any("*" in text for text in _texts(leaf)):
            starred.add(path)
    return False


def _lost_text(difference: Difference) -> bool:
    leaves: dict[str, list[Any]] = {}
    for path, leaf in _leaves(_pattern(difference.question)):
        leaves.setdefault(path, []).append(leaf)
    return (difference.engine, difference.ours) == (NO_MATCH, MATCH) and any(
        any(map(_is_text, of_path[:place])) and _spans_zero(range_) and place + 1 < len(of_path)
        for of_path in leaves.values()
        for place, range_ in enumerate(of_path)
    )


def _is_text(leaf: Any) -> bool:
    return isinstance(leaf, str) and not isinstance(leaf, Spelled)


def _spans_zero(leaf: Any) -> bool:
    match leaf:
        case {"numeric": ["<" | "<=", Spelled() as top]}:
            return float(top) >= 0
        case {"numeric": [">" | ">=", Spelled() as bottom]}:
            return float(bottom) < 0
        case {"numeric": [_, Spelled() as bottom, _, Spelled() as top]}:
            return float(bottom) < 0 <= float(top)
        case _:
            return False


def _empty_key(difference: Difference) -> bool:
    return any("" in one for one in _objects(_pattern(difference.question)))


def _lost_side(difference: Difference) -> bool:
    pattern = _pattern(difference.question)
    leaves = [(path, _meaning(leaf)) for path, leaf in _leaves(pattern)]
    is_lost = (difference.engine, difference.ours) == (NO_MATCH, MATCH)
    return is_lost and _has_choice(pattern) and len(set(leaves)) < len(leaves)


def _meaning(leaf: Any) -> str:
    """The same for leaves that say the same in other words: a number, a block of addresses."""
    match leaf:
        case Spelled():
            return str(Decimal(leaf).normalize())
        case {"cidr": str(block)}:
            return str(ip_network(block, strict=False))
        case _:
            return json.dumps(leaf, sort_keys=True)


def _inside_and_outside(difference: Difference) -> bool:
    spellings: dict[str, set[Keys]] = {}
    for keys in _ways(json.loads(difference.question.value)):
        spellings.setdefault(".".join(keys), set()).add(keys)
    return (difference.engine, difference.ours) == (NO_MATCH, MATCH) and any(len(one) > 1 for one in spellings.values())


def _ways(value: Any, keys: Keys = ()) -> Iterator[Keys]:
    """The keys on the way to every value that is no object and no array."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _ways(inner, (*keys, key))
    elif isinstance(value, list):
        for inner in value:
            yield from _ways(inner, keys)
    else:
        yield keys


def _other_family(difference: Difference) -> bool:
    asked = _families(leaf for _, leaf in _leaves(_pattern(difference.question)))
    found = _families([json.loads(difference.question.value)])
    return (difference.engine, difference.ours) == (MATCH, NO_MATCH) and len(asked | found) > 1


def _number_for_address(difference: Difference) -> bool:
    asked = _families(leaf for _, leaf in _leaves(_pattern(difference.question)))
    numbers = any(isinstance(text, Spelled) for text in _texts(_read(difference.question.value)))
    return (difference.engine, difference.ours) == (MATCH, NO_MATCH) and bool(asked) and numbers


def _closing_quote(difference: Difference) -> bool:
    return any(
        text.endswith('"') if _has(leaf, "prefix") else text.startswith('"')
        for _, leaf in _leaves(_pattern(difference.question))
        if _has(leaf, "prefix") or _has(leaf, "suffix")
        for text in _texts(leaf)
    )


def _families(values: Iterable[Any]) -> set[int]:
    return {family for value in values for text in _texts(value) if (family := _family(text.partition("/")[0]))}


def _family(address: str) -> int | None:
    """4 or 6, or None for what is no address; one of IPv4 in the clothes of IPv6 is one of IPv4."""
    if re.fullmatch(r"(\d+\.){3}\d+", address):
        return 4
    try:
        return 4 if IPv6Address(address).ipv4_mapped else 6
    except ValueError:
        return None


def _spelling(difference: Difference) -> bool:
    asked = {leaf for _, leaf in _leaves(_pattern(difference.question)) if isinstance(leaf, Spelled)}
    found = {text for text in _texts(_read(difference.question.value)) if isinstance(text, Spelled)}
    return (difference.engine, difference.ours) == (NO_MATCH, MATCH) and any(
        mine != theirs and Decimal(mine) == Decimal(theirs) != Decimal(repr(float(mine)))
        for mine in asked
        for theirs in found
    )


class Explanation(NamedTuple):
    """A reason, and whether a difference may be due to it."""

    reason: str
    explains: Callable[[Difference], bool]


EXPLANATIONS = (
    Explanation("the engine stops reading after the pattern's last brace; we refuse what follows", _text_after),
    Explanation("the engine takes a key that stands twice if the paths differ; we refuse it", _key_twice),
    Explanation("the engine takes an empty list in anything-but beside other leaves; we refuse it", _empty_list),
    Explanation("equals-ignore-case takes halves of a surrogate pair for question marks", _outside_the_basic_plane),
    Explanation("equals-ignore-case, or a suffix beyond ASCII, after a wildcard shares its star", _shared_star),
    Explanation("a text before a numeric range across zero and another leaf is lost every second time", _lost_text),
    Explanation("a side of $or that shares leaves with an earlier one is taken for it, the rest is lost", _lost_side),
    Explanation("a value outside an array is lost where its path occurs in an element too", _inside_and_outside),
    Explanation("addresses are compared by digits from the left, whatever their kind", _other_family),
    Explanation("a number is read as the hexadecimal digits of an address", _number_for_address),
    Explanation("a quote at the far end of a prefix or suffix is taken for the one around the value", _closing_quote),
    Explanation("the engine drops empty keys, so that two paths may be one, or none", _empty_key),
    Explanation("a number that no double holds is compared by its spelling", _spelling),
)


def explanation(difference: Difference) -> str | None:
    """The reason for the difference, the first that may be one; None where there is none."""
    if difference.engine.startswith(REJECTED) and not _empty_key(difference):
        return None  # what the engine refuses we refuse
    return next((one.reason for one in EXPLANATIONS if one.explains(difference)), None)
