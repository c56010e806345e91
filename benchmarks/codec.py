"""The generated codec beside the obvious way: a transform to Avro records, and fastavro.

`python -m benchmarks.codec [ROUNDS]`: prints a table, and ends with status 1 where a goal is missed. The two ways take
turns within a round, and each round gives a ratio, so that what else the machine does is in both.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence
from random import Random
from statistics import median, quantiles
from time import perf_counter
from typing import Any, NamedTuple

from benchmarks.obvious import ObviousCodec
from schemas import encoder_source
from schemas.event_schema import item_record_of, packaged
from schemas.python_source import built

ROUNDS = 13
USERS = 2000
"""Enough that what is kept of numbers is forgotten before it comes again, but for an event's other image."""
SECONDS_A_ROUND = 0.05
WORDS = ("analysis", "poetry", "engines", "compilers", "weaving", "cartography", "baking", "chess", "optics", "sailing")


class Ratio(NamedTuple):
    """One thing measured: how many times as long the obvious way takes, in each round, and how many are the goal."""

    what: str
    microseconds: float
    ratios: Sequence[float]
    goal: float

    @property
    def figure(self) -> float:
        """The median of the rounds."""
        return median(self.ratios)

    @property
    def met(self) -> bool:
        """Whether the median reaches the goal, and the lower quartile most of it."""
        lowest = quantiles(self.ratios, n=4)[0] if len(self.ratios) > 1 else self.figure
        return self.figure >= self.goal and lowest >= 0.8 * self.goal


def images(users: int = USERS) -> list[dict[str, Any]]:
    """Both images of a change of each user: 16 attributes with nested maps, lists and a set, about 1 KB as JSON."""
    chance = Random(7)
    return [image for number in range(users) for image in _change(chance, number)]


def _change(chance: Random, number: int) -> list[dict[str, Any]]:
    first, last = chance.choice(WORDS).title(), chance.choice(WORDS).title()
    created, seen = chance.randrange(1_500_000_000, 1_770_000_000), chance.randrange(1_770_000_000, 1_780_000_000)
    quiet = {"M": {"from": {"N": "22"}, "to": {"N": str(chance.randrange(5, 9))}}}
    before: dict[str, Any] = {
        "UserId": {"N": str(10_000_000 + number)},
        "Username": {"S": f"{first}.{last}.{number}".lower()},
        "Email": {"S": f"{first}.{last}.{number}@department-of-{chance.choice(WORDS)}.example.org".lower()},
        "FirstName": {"S": first},
        "LastName": {"S": last},
        "Phone": {"S": f"+44 20 7946 {chance.randrange(10_000):04}"},
        "Status": {"S": "active"},
        "WorkplaceId": {"S": f"workplace-{chance.randrange(1000):04}"},
        "JobTitle": {"S": f"Senior analyst of {chance.choice(WORDS)} and {chance.choice(WORDS)}"},
        "Department": {"S": f"Department of applied {chance.choice(WORDS)}, {chance.choice(WORDS)} and optics"},
        "Roles": {"SS": chance.sample(("admin", "editor", "viewer", "auditor"), 3)},
        "Skills": {"L": [{"S": word} for word in chance.sample(WORDS, 4)]},
        "Preferences": {
            "M": {
                "theme": {"S": "dark"},
                "start page": {"S": f"https://intranet.example.org/{chance.choice(WORDS)}/welcome?from=mail"},
                "languages": {"L": [{"S": "en"}, {"S": "fr"}]},
                "notifications": {"M": {"email": {"BOOL": True}, "sms": {"BOOL": False}, "quiet": quiet}},
            }
        },
        "LastLoginAt": {"N": str(seen - chance.randrange(1_000_000))},
        "CreatedAt": {"N": str(created)},
        "UpdatedAt": {"N": str(seen)},
    }
    return [before, before | {"Status": {"S": "invited"}, "UpdatedAt": {"N": str(seen + chance.randrange(1_000_000))}}]


def compared(what: str, obvious: Callable[[], object], ours: Callable[[], object], rounds: int, goal: float) -> Ratio:
    """The ratios of two ways to do the same so many times: `obvious` and `ours` each do it `2 * USERS` times."""
    calls = max(1, int(SECONDS_A_ROUND / _seconds(ours, 1)))
    ratios, took = [], []
    for _ in range(rounds):
        slow, fast = _seconds(obvious, calls), _seconds(ours, calls)
        ratios.append(slow / fast)
        took.append(fast / calls / (2 * USERS) * 1e6)
    return Ratio(what, median(took), ratios, goal)


def _seconds(work: Callable[[], object], calls: int) -> float:
    began = perf_counter()
    for _ in range(calls):
        work()
    return perf_counter() - began


def _encoding(rounds: int) -> Ratio:
    """An image, from attribute values to Avro's bytes."""
    text = packaged("users")
    record, found, codec = item_record_of(text), images(), ObviousCodec(text)
    write = built(encoder_source.encoder_source(text, record), encoder_source.names(record, b""), "encoder")["item"]

    def obvious() -> list[bytes]:
        return [codec.encode_item(image, "after") for image in found]

    def ours() -> list[bytes]:
        made = []
        for image in found:
            out: list[bytes] = []
            write(out, image, "after")
            made.append(b"".join(out))
        return made

    assert obvious() == ours()
    return compared("encode an image", obvious, ours, rounds, 4)


def measured(rounds: int = ROUNDS) -> list[Ratio]:
    """Everything, side by side in one run."""
    gc.collect()
    gc.freeze()
    try:
        return [_encoding(rounds)]
    finally:
        gc.unfreeze()


def main(arguments: list[str]) -> int:
    """Prints the table; the command's status."""
    found = measured(int(arguments[0]) if arguments else ROUNDS)
    for line in found:
        verdict = "" if line.met else "  MISSED"
        figure = f"{line.microseconds:>8.1f} us{line.figure:>6.1f} times as fast"
        print(f"{line.what:<42}{figure} (at least {line.goal:g}){verdict}")  # noqa: T201 - its output
    print(f"load: {os.getloadavg()[0]:.1f}")  # noqa: T201
    return 0 if all(line.met for line in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
