"""Patterns that AWS refuses, mostly: one thing of a good one is spoilt, in its structure or in its text."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.filters.json_text import Spelled, written

WRONG_LEAVES: tuple[Any, ...] = (
    *([], ["a"], {}, {"a": "b"}, {"regex": "a"}, {"Prefix": "a"}, {"prefix": "a", "suffix": "b"}),
    *({"prefix": 1}, {"prefix": None}, {"prefix": {"suffix": "a"}}, {"suffix": ["a"]}, {"suffix": {}}),
    *({"equals-ignore-case": 1}, {"equals-ignore-case": ["a"]}, {"exactly": 1}, {"exists": "true"}, {"exists": 1}),
    *({"wildcard": "a**"}, {"wildcard": "a\\b"}, {"wildcard": "a\\"}, {"wildcard": 1}, {"wildcard": ["a*"]}),
    *({"anything-but": []}, {"anything-but": ["a", 1]}, {"anything-but": None}, {"anything-but": [True]}),
    *(
        {"anything-but": {"prefix": ""}},
        {"anything-but": {"suffix": ["a", 1]}},
        {"anything-but": {"numeric": ["=", 1]}},
    ),
    *({"anything-but": {"wildcard": "**"}}, {"anything-but": {"equals-ignore-case": []}}, {"anything-but": 10**30}),
    *({"anything-but": {"prefix": "a", "suffix": "b"}}, {"anything-but": {"anything-but": "a"}}),
    *(
        {"numeric": []},
        {"numeric": ["="]},
        {"numeric": ["=", "1"]},
        {"numeric": ["!=", 1]},
        {"numeric": [">", 1, ">", 2]},
    ),
    *({"numeric": [">", 2, "<", 1]}, {"numeric": [">", 1, "<", 1]}, {"numeric": ["<", 1, ">", 0]}, {"numeric": 1}),
    *({"numeric": ["=", 10**30]}, {"numeric": ["=", Spelled("1e400")]}, {"numeric": [">", 1, "<", 2, "<", 3]}),
    *(
        {"cidr": "10.0.0.0"},
        {"cidr": "10.0.0.0/32"},
        {"cidr": "::/128"},
        {"cidr": "a/8"},
        {"cidr": 8},
        {"cidr": "::/-1"},
    ),
)
WRONG_CHOICES: tuple[Any, ...] = ([], [{"a": ["b"]}], {"a": ["b"]}, "a", [1, 2], [{"a": ["b"]}, []], [{}, {}])


def broken(random: Random, pattern: dict[str, Any]) -> str:
    """The text of the pattern with one thing spoilt."""
    if random.random() < 0.5:
        return spoilt_text(random, written(pattern))
    return written(_spoilt(random, pattern))


def _spoilt(random: Random, pattern: dict[str, Any]) -> dict[str, Any]:
    key = random.choice(list(pattern))
    inner = pattern[key]
    if random.random() < 0.1:
        return {**pattern, "$or": random.choice(WRONG_CHOICES)}
    if isinstance(inner, dict) and random.random() < 0.8:
        return {**pattern, key: _spoilt(random, inner)}
    if isinstance(inner, list) and random.random() < 0.7:
        return {**pattern, key: [*inner, random.choice(WRONG_LEAVES)]}
    return {**pattern, key: random.choice(([], {}, "a", 1, None, True))}


def spoilt_text(random: Random, text: str) -> str:
    """The text with a few of its characters spoilt."""
    if not text:
        return "{"
    place = random.randrange(len(text))
    match random.randrange(6):
        case 0:
            return text[:place]
        case 1:
            return text[:place] + text[place + 1 :]
        case 2:
            return text[:place] + random.choice('{}[]",:\\0a-. \n') + text[place:]
        case 3:
            return text[:place] + random.choice('{}[]",:\\0a-. \t') + text[place + 1 :]
        case 4:
            # The first key once more, with the same or with another condition.
            return text[:-1] + random.choice(("," + text[1:], ',"a":["b"]}', ',"dynamodb":["b"]}'))
        case _:
            return text + random.choice(("}", "{}", "a", " ", "\n", ",", text))
