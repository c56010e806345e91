"""The sink of the user search on a real OpenSearch, against the obvious sink on the same mapping."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from itertools import count

from benchmarks.curves import each_to
from benchmarks.naive_search import NaiveSink
from benchmarks.real_servers import real_servers
from benchmarks.rounds import in_turn, times_faster
from benchmarks.search import OurSink, later, latest, writes_of
from benchmarks.table import Line, line_of
from benchmarks.workload import records
from consumers.delivery.loop import PACE
from consumers.writes import VersionedWrite

ROUNDS = 3
DOCUMENTS = 5000


def measured(rounds: int = ROUNDS) -> list[Line]:
    """Every round writes every document again, under a later version."""
    writes = latest(writes_of(records(2 * DOCUMENTS)))[:DOCUMENTS]
    with ExitStack() as opened:
        url = opened.enter_context(real_servers("opensearch_url"))["opensearch_url"]
        ours = OurSink(url, opened, "bench-ours").made()
        OurSink(url, opened, "bench-naive").made()
        naive = opened.enter_context(closing(NaiveSink(url, "bench-naive.g1")))
        years = count()
        variants: dict[str, Callable[[], object]] = {
            "ours": lambda: ours(later(writes, next(years))),
            "turns": lambda: each_to(ours, _turns(later(writes, next(years)))),
            "naive": lambda: naive(later(writes, next(years))),
        }
        took = in_turn(variants, min(rounds, ROUNDS))
    what = "OpenSearch sink, documents a second, against helpers.bulk"
    return [
        line_of(what, times_faster(took, "ours", "naive"), at_least=1.5),
        line_of(f"{what}, by turns of {PACE.batch:,}", times_faster(took, "turns", "naive")),
    ]


def _turns(writes: Sequence[VersionedWrite]) -> Iterator[Sequence[VersionedWrite]]:
    """As many at a time as the loop applies."""
    return (writes[start : start + PACE.batch] for start in range(0, len(writes), PACE.batch))
