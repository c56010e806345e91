"""Event patterns: one on a typical record, a hundred at once, and wildcards made to be slow.

`python -m benchmarks.filters [ROUNDS]`: prints a table, and ends with status 1 where a goal is missed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

from schemas.filters import Filter, compile_pattern

ROUNDS = 13
SECONDS_A_ROUND = 0.02
MICROSECONDS = 1e6


class Line(NamedTuple):
    """One thing measured: what, the figure, its unit, and the most it may be."""

    what: str
    figure: float
    unit: str
    goal: float

    @property
    def met(self) -> bool:
        """Whether the goal is met."""
        return self.figure <= self.goal


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


def microseconds(work: Callable[[], object], rounds: int) -> float:
    """The median of rounds, each of as many calls as fill it."""
    calls = 1
    while (took := _seconds(work, calls)) < SECONDS_A_ROUND:
        calls = max(calls * 2, int(calls * SECONDS_A_ROUND / max(took, 1e-9)))
    return median(_seconds(work, calls) / calls for _ in range(rounds)) * MICROSECONDS


def _seconds(work: Callable[[], object], calls: int) -> float:
    began = perf_counter()
    for _ in range(calls):
        work()
    return perf_counter() - began


def growth(pattern: str, value: Callable[[int], str], rounds: int) -> float:
    """How many times longer a text that is ten times as long takes."""
    compiled = compile_pattern({"a": [{"wildcard": pattern}]})
    short, long = ({"a": value(length)} for length in (100_000, 1_000_000))
    return microseconds(lambda: compiled.matches(long), rounds) / microseconds(lambda: compiled.matches(short), rounds)


def measured(rounds: int = ROUNDS) -> list[Line]:
    """Everything, side by side in one run."""
    record, one, hundred = typical_record(), typical_pattern(), hundred_patterns()
    assert one.matches(record)
    assert not hundred.matches(record)
    changed = compile_pattern({"dynamodb": {"NewImage": [{"changed": {"except": ["LastLoginAt"]}}]}})
    alone = microseconds(lambda: one.matches(record), rounds)
    return [
        Line("one pattern, three fields, 16 attributes", alone, "us", 10),
        Line("changed but for one attribute", microseconds(lambda: changed.matches(record), rounds), "us", 10),
        Line("100 patterns over one", microseconds(lambda: hundred.matches(record), rounds) / alone, "times", 20),
        Line("*aab*c* on ten times the a's", growth("*aab*c*", lambda n: "a" * n, rounds), "times", 20),
        Line("*a*a*a*a*b* on ten times the a's", growth("*a*a*a*a*b*", lambda n: "a" * n, rounds), "times", 20),
        Line(
            "*ab*ab*abc* on ten times the ab's", growth("*ab*ab*abc*", lambda n: "ab" * (n // 2), rounds), "times", 20
        ),
    ]


def main(arguments: list[str]) -> int:
    """Prints the table; the command's status."""
    found = measured(int(arguments[0]) if arguments else ROUNDS)
    for line in found:
        verdict = "" if line.met else "  MISSED"
        print(f"{line.what:<42}{line.figure:>8.1f} {line.unit:<6}(at most {line.goal:g}){verdict}")  # noqa: T201 - its output
    return 0 if all(line.met for line in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
