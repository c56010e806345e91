"""`python -m benchmarks [--rounds N] [--check]`: prints the table of goals and writes benchmarks/results.json.

With --check the status is 1 where a goal is missed.
"""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec

from benchmarks import bridge, codec, consumer, dynamodb, filters, latency, poller, scale, search, sink, start
from benchmarks.rounds import ROUNDS
from benchmarks.table import Line, row

MODULES = (bridge, codec, consumer, dynamodb, poller, search, start, filters, scale, sink, latency)
RESULTS = Path(__file__).parent / "results.json"
LIBRARIES = ("boto3", "confluent-kafka", "fastavro", "msgspec", "opensearch-py")


def machine() -> dict[str, object]:
    """What it was measured on, and with."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def write(found: Iterable[Line], before: dict[str, object]) -> None:
    """Keeps the figures, each with its verdict."""
    lines = [{**msgspec.to_builtins(line), "goal": line.goal, "met": line.met} for line in found]
    text = msgspec.json.format(msgspec.json.encode({"machine": before, "lines": lines}))
    RESULTS.write_bytes(text + b"\n")


def main() -> int:
    """The command's status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--check", action="store_true", help="end with status 1 where a goal is missed")
    told = parser.parse_args()
    before, found = machine(), []
    for module in MODULES:
        for line in module.measured(told.rounds):
            found.append(line)
            print(row(line), flush=True)  # noqa: T201 - its output
    write(found, before)
    return 1 if told.check and not all(line.met for line in found) else 0


if __name__ == "__main__":
    raise SystemExit(main())
