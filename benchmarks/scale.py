"""What a record costs in processor time as things grow: gated at two points.

`python -m benchmarks.scale` prints the whole curves, which takes minutes, and writes benchmarks/scale.json.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

import msgspec

from benchmarks.bridge import OurBridge
from benchmarks.broker import mock_broker
from benchmarks.curves import Curve, each_to, every_curve
from benchmarks.partitions import by_partitions
from benchmarks.real_servers import real_servers
from benchmarks.rounds import ROUNDS, in_turn, share
from benchmarks.table import Line, line_of
from benchmarks.workload import event, records

RESULTS = Path(__file__).parent / "scale.json"
ON_SERVERS = 3
SMALL, LARGE = 100, 10_000


def measured(rounds: int = ROUNDS) -> list[Line]:
    """Large events over small ones at the bridge, and many partitions over one at a group."""
    return [_events(rounds), _partitions(min(rounds, ON_SERVERS))]


def _events(rounds: int) -> Line:
    batch = records(LARGE)
    large = event(batch)
    small = [event(batch[start : start + SMALL]) for start in range(0, LARGE, SMALL)]
    with mock_broker() as bootstrap:
        ours = OurBridge(bootstrap)
        took = in_turn({"large": lambda: ours(large), "small": lambda: each_to(ours, small)}, rounds, cpu=True)
    what = f"cost per record at {LARGE:,} records an event, over {SMALL}"
    return line_of(what, share(took, "large", "small"), at_most=1.25)


def _partitions(rounds: int) -> Line:
    with real_servers("kafka") as servers:
        took = by_partitions(servers["kafka"], (1, 64), rounds)
    return line_of("64 partitions over 1, cost per record", share(took, "64", "1"), at_most=2)


def markdown(curve: Curve) -> str:
    """The curve as a table: a line for each of what grows."""
    names = list(next(iter(curve.points.values())))
    rows = [[over, *(f"{point[name]:,g}" for name in names)] for over, point in curve.points.items()]
    head = [[curve.over, *names], ["---"] * (len(names) + 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in [*head, *rows])


def main() -> None:
    """Prints every curve and keeps them all."""
    with ExitStack() as opened:
        bootstrap = opened.enter_context(mock_broker())
        servers = opened.enter_context(real_servers("kafka", "opensearch_url"))
        curves = []
        for curve in every_curve(bootstrap, servers):
            curves.append(curve)
            sys.stdout.write(f"{markdown(curve)}\n\n")
            sys.stdout.flush()
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(curves)) + b"\n")


if __name__ == "__main__":
    main()
