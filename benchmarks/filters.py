"""Event patterns: one on a typical record, a hundred at once, and wildcards made to be slow."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

from benchmarks.rounds import ROUNDS, in_turn, share
from benchmarks.table import Line, line_of
from schemas.filters import Filter, compile_pattern

CALLS = 1000
ADVERSARIAL = (("*aab*c*", "a"), ("*a*a*a*a*b*", "a"), ("*ab*ab*abc*", "ab"))
"""Wildcards and what their texts are made of: nothing matches, and a search that goes back would never end."""


def typical_record() -> dict[str, Any]:
    """A MODIFY of an item with 16 attributes, both images, as Lambda has it."""

    def image(side: str) -> dict[str, Any]:
        texts = {f"Attribute{number}": {"S": f"value {number} {side}"} for number in range(13)}
        return {
            **texts,
            "Status": {"S": "active"},
            "Age": {"N": "42"},
            "Preferences": {"M": {"theme": {"S": "dark"}, "languages": {"L": [{"S": "en"}, {"S": "fr"}]}}},
        }

    return {
        "eventID": "1",
        "eventName": "MODIFY",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_770_000_000,
            "Keys": {"UserId": {"N": "1"}},
            "NewImage": image("new"),
            "OldImage": image("old"),
            "SequenceNumber": "100000000000000000001",
            "SizeBytes": 1000,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventSourceARN": "arn:aws:dynamodb:eu-west-1:123456789012:table/Users/stream/2026-01-01T00:00:00.000",
    }


def typical_pattern() -> Filter:
    """Three fields of it, all of which hold."""
    fields = {"Status": {"S": ["active", "invited"]}, "Preferences": {"M": {"theme": {"S": [{"prefix": "da"}]}}}}
    return compile_pattern({"eventName": ["INSERT", "MODIFY"], "dynamodb": {"NewImage": fields}})


def hundred_patterns() -> Filter:
    """A hundred filters in one, none of which matches: each has to be asked."""
    named = {
        f"filter {number}": compile_pattern(
            {
                "eventName": ["INSERT", "MODIFY"],
                "dynamodb": {
                    "NewImage": {
                        "Status": {"S": ["active"]},
                        f"Attribute{number % 13}": {"S": [{"prefix": f"other {number}"}]},
                    }
                },
            }
        )
        for number in range(100)
    }
    return compile_pattern({"any_of": list(named)}, named=named)


def measured(rounds: int = ROUNDS) -> list[Line]:
    """Everything, side by side in one run."""
    record, one, hundred = typical_record(), typical_pattern(), hundred_patterns()
    assert one.matches(record)
    assert not hundred.matches(record)
    changed = compile_pattern({"dynamodb": {"NewImage": [{"changed": {"except": ["LastLoginAt"]}}]}})
    asked = {"one": one, "changed": changed, "hundred": hundred}
    took = in_turn({name: _repeated(each, record) for name, each in asked.items()}, rounds)
    return [
        _microseconds("a pattern of three fields on 16 attributes", took["one"]),
        _microseconds("whether anything but one attribute changed", took["changed"]),
        line_of("100 patterns at once, over one", share(took, "hundred", "one"), at_most=20),
        *(_growth(pattern, text, rounds) for pattern, text in ADVERSARIAL),
    ]


def _repeated(asked: Filter, value: dict[str, Any]) -> Callable[[], None]:
    def work() -> None:
        for _ in range(CALLS):
            asked.matches(value)

    return work


def _microseconds(what: str, seconds: list[float]) -> Line:
    each = [one / CALLS * 1e6 for one in seconds]
    return Line(what=what, figure=median(each), unit="us", at_most=10, rounds=len(each))


def _growth(pattern: str, text: str, rounds: int) -> Line:
    """How much more a character takes in a text ten times as long; the goal leaves room for caches too small for it."""
    compiled = compile_pattern({"a": [{"wildcard": pattern}]})
    short, long = ({"a": text * times} for times in (100_000 // len(text), 1_000_000 // len(text)))
    took = in_turn({"long": lambda: compiled.matches(long), "short": lambda: _ten_times(compiled, short)}, rounds)
    ratio = share(took, "long", "short")
    return line_of(f"{pattern} on ten times as many {text}, a character", ratio, at_most=3)


def _ten_times(compiled: Filter, value: dict[str, Any]) -> None:
    for _ in range(10):
        compiled.matches(value)
