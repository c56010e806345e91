"""`python -m benchmarks [--servers] [--rounds N] [--check]`: prints the table of goals; benchmarks/results.json has it.

With --servers it is what takes real servers, some minutes, and has its own part of that file. With --check the status
is 1 where a goal is missed.
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

from benchmarks import (
    bridge,
    codec,
    consumer,
    dynamodb,
    end_to_end,
    filters,
    latency,
    poll,
    poller,
    scale,
    search,
    sink,
    start,
)
from benchmarks.rounds import ROUNDS
from benchmarks.table import Line, row

MODULES = (bridge, codec, consumer, poller, search, start, filters)
ON_SERVERS = (dynamodb, poll, scale, sink, latency, end_to_end)
"""What takes real servers, which this starts itself."""
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


def write(found: Iterable[Line], before: dict[str, object], file: Path, *, servers: bool) -> None:
    """Keeps the figures, each with its verdict, in their part of the file; the other part stays as it is."""
    lines = [{**msgspec.to_builtins(line), "goal": line.goal, "met": line.met} for line in found]
    kept = msgspec.json.decode(file.read_bytes()) if file.exists() else {}
    measured: dict[str, object] = {"machine": before, "lines": lines}
    merged = {**kept, "servers": measured} if servers else {**kept, **measured}
    file.write_bytes(msgspec.json.format(msgspec.json.encode(merged)) + b"\n")


def main() -> int:
    """The command's status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--check", action="store_true", help="end with status 1 where a goal is missed")
    parser.add_argument("--servers", action="store_true", help="what takes real servers, instead of the rest")
    told = parser.parse_args()
    before, found = machine(), []
    for module in ON_SERVERS if told.servers else MODULES:
        for line in module.measured(told.rounds):
            found.append(line)
            print(row(line), flush=True)  # noqa: T201 - its output
    write(found, before, RESULTS, servers=told.servers)
    return 1 if told.check and not all(line.met for line in found) else 0


if __name__ == "__main__":
    raise SystemExit(main())
