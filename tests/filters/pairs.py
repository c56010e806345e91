"""Random patterns, each with a value near it: free ones, and ones in the shape of a DynamoDB stream's records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any, NamedTuple

from tests.filters.breakage import broken
from tests.filters.json_text import written
from tests.filters.leaves import ABSENT, leaf, near, odd_leaves, scalar, text
from tests.filters.oracle import Question

Pattern = dict[str, Any]
Value = dict[str, Any]

KEYS = ("a", "b", "c", "d", "é", "a.b", "x y")
BROKEN = 0.15
"""The share of patterns that are broken on purpose."""
LONGEST = 4_096
"""The longest pattern in characters that Lambda takes; the engine takes longer ones."""


class Pair(NamedTuple):
    """A question, and the shape that it has: `free` or `record`."""

    question: Question
    shape: str


def pairs(random: Random) -> Iterator[Pair]:
    """Pairs without end."""
    while True:
        chance = random.random()
        if chance < 0.5:
            pattern: Pattern = free_pattern(random)
            value, shape = value_near(random, pattern), "free"
        elif chance < 0.997:
            pattern = record_pattern(random)
            value, shape = {**_RECORD, **value_near(random, pattern)}, "record"
        else:
            (pattern, value), shape = _inside_and_outside(random), "free"
        asked = broken(random, pattern) if random.random() < BROKEN else written(pattern)
        if len(asked) <= LONGEST:
            yield Pair(Question(asked, written(value)), shape)


def free_pattern(random: Random, depth: int = 0, keys: Sequence[str] = KEYS) -> Pattern:
    """A pattern over some of the keys."""
    chosen = random.sample(keys, min(random.choice((1, 1, 2, 3)), len(keys)))
    pattern: Pattern = {key: _inner(random, depth) for key in chosen}
    # Keys of their own for a choice: a path that stands beside it too is refused.
    others = [key for key in keys if key not in chosen]
    if depth < 3 and len(others) > 1 and random.random() < 0.15:
        sides = [free_pattern(random, depth + 1, others) for _ in range(random.randint(2, 3))]
        if random.random() < 0.1:
            key, shared = random.choice(others), _leaves(random)
            sides = [{key: shared}, {key: shared + _leaves(random)}]  # of which the engine makes one
        pattern = random.choice(({"$or": sides}, {"$or": sides, **pattern}, {**pattern, "$or": sides}))
    return {"": pattern} if random.random() < 0.01 else pattern


def _inner(random: Random, depth: int) -> Any:
    return free_pattern(random, depth + 1) if depth < 3 and random.random() < 0.25 else _leaves(random)


def _leaves(random: Random, *operators: str) -> list[Any]:
    if random.random() < 0.03:
        return odd_leaves(random)
    return [leaf(random, *([operators] if operators else [])) for _ in range(random.choice((1, 1, 1, 2, 3)))]


def value_near(random: Random, pattern: Pattern) -> Value:
    """A value in the pattern's shape, with arrays here and there and keys that the pattern does not name."""
    value: Value = {}
    for key, inner in pattern.items():
        if key == "$or":
            for side in random.sample(inner, random.choice((1, 1, len(inner)))):
                value |= value_near(random, side)
        elif (made := _made(random, key, inner)) is not ABSENT:
            outer, dot, rest = key.partition(".")
            value |= {outer: {rest: made}} if dot and random.random() < 0.5 else {key: made}
    if random.random() < 0.2:
        value.setdefault(random.choice(KEYS), scalar(random))
    return value


def _made(random: Random, key: str, inner: Any) -> Any:
    """What stands under a key of the value."""
    if isinstance(inner, list):
        found = near(random, random.choice(inner))
        if found is ABSENT or (random.random() < 0.85 and key not in _SETS):
            return found
        others = [scalar(random) for _ in range(random.randint(0, 2))]
        return random.choice(([*others, found], [found, *others], [[found], *others]))
    if random.random() < 0.25 or key == "L":
        elements: list[Any] = [value_near(random, inner) for _ in range(random.randint(1, 3))]
        if random.random() < 0.1:
            elements = [elements, [value_near(random, inner)]]
        return elements
    return value_near(random, inner)


def _inside_and_outside(random: Random) -> tuple[Pattern, Value]:
    """A path that stands in an array's element and outside of the array, thanks to the dot in a key."""
    inside, outside = {"a": _leaves(random)}, {"a.b": _leaves(random)}
    array = [value_near(random, inside), {"b": scalar(random)}]
    return {"a": inside, **outside}, {"a": array, **value_near(random, outside)}


_SETS = ("SS", "NS", "BS")
_IMAGES = ("NewImage", "OldImage", "Keys")
_ATTRIBUTES = ("Status", "Name", "Age", "Tags", "Address", "Phones")
_TEXTS = ("exact", "prefix", "suffix", "equals-ignore-case", "wildcard", "anything-but", "exists", "cidr")
_RECORD: Value = {
    "eventID": "1",
    "eventName": "MODIFY",
    "eventVersion": "1.1",
    "eventSource": "aws:dynamodb",
    "awsRegion": "eu-west-1",
    "eventSourceARN": "arn:aws:dynamodb:eu-west-1:123456789012:table/Users/stream/2024-01-01T00:00:00.000",
}


def record_pattern(random: Random) -> Pattern:
    """A pattern over a stream record."""
    pattern: Pattern = {}
    if random.random() < 0.5:
        pattern["eventName"] = random.choice((["MODIFY"], ["INSERT", "MODIFY"], [{"anything-but": "REMOVE"}]))
    if random.random() < 0.15:
        pattern["eventSourceARN"] = [{"wildcard": random.choice(("*:table/Users/*", "arn:*:table/U*/stream/*"))}]
    images = random.sample(_IMAGES, random.choice((1, 1, 2)))
    pattern["dynamodb"] = {image: _image(random) for image in images}
    if random.random() < 0.2:
        pattern["dynamodb"]["SizeBytes"] = _leaves(random, "numeric", "exact", "exists")
    return pattern


def _image(random: Random, depth: int = 0) -> Pattern:
    attributes = random.sample(_ATTRIBUTES, random.choice((1, 1, 1, 2, 2, 3)))
    if random.random() < 0.1:
        return {"$or": [{attribute: _typed(random, depth)} for attribute in random.sample(_ATTRIBUTES, 2)]}
    return {attribute: _typed(random, depth) for attribute in attributes}


def _typed(random: Random, depth: int) -> Pattern:
    """The condition on an attribute, below the letter of its type."""
    match random.randrange(10):
        case 0:
            return {"N": [random.choice((str(random.randint(0, 9)), {"prefix": "1"}, {"numeric": [">", 1]}))]}
        case 1:
            return {"BOOL": [random.random() < 0.5]}
        case 2:
            return {"NULL": [random.choice((True, {"exists": False}))]}
        case 3:
            return {random.choice(_SETS): _leaves(random, *_TEXTS)}
        case 4 if depth < 2:
            return {"M": _image(random, depth + 1)}
        case 5 if depth < 2:
            return {"L": random.choice(({"S": [text(random)]}, {"M": _image(random, depth + 1)}))}
        case _:
            return {"S": _leaves(random, *_TEXTS)}
