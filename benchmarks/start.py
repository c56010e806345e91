"""What Lambda pays before its first record, and beside its records: imports, and memory."""

from __future__ import annotations

import gc
import subprocess
import sys
import tracemalloc
from collections.abc import Sequence

from benchmarks.bridge import Patient
from benchmarks.rounds import ROUNDS, Ratio, share
from benchmarks.table import Line, line_of
from benchmarks.workload import event, records
from bridge.handler import Handler
from bridge.publisher import ACKNOWLEDGED, Message, Receipt
from bridge.relay import Relay, lines
from schemas.registry import PackagedRegistry
from schemas.topics import TOPICS

OURS = "bridge.handler, bridge.kafka"
OBVIOUS = "boto3, confluent_kafka.schema_registry.avro, pydantic"
RECORDS = 1000


def measured(rounds: int = ROUNDS) -> list[Line]:
    """Both."""
    took: dict[str, list[float]] = {"ours": [], "obvious": []}
    for _ in range(rounds):
        took["ours"].append(_seconds(OURS))
        took["obvious"].append(_seconds(OBVIOUS))
    imports = "import of the bridge, against boto3, Confluent's Avro serializer and pydantic"
    peaks = sorted(_peaks(3))
    memory = Ratio(peaks[1], peaks[2], len(peaks))
    return [
        line_of(imports, share(took, "ours", "obvious"), at_most=0.25),
        line_of("peak memory over the event's bytes, raw entry", memory, at_most=2),
    ]


def _seconds(modules: str) -> float:
    """How long a fresh process takes to import them."""
    code = f"from time import perf_counter; began = perf_counter(); import {modules}; print(perf_counter() - began)"
    return float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)


class _Acknowledging:
    """A log that keeps nothing."""

    def publish(self, messages: Sequence[Message], timeout: float) -> list[Receipt]:
        """Acknowledges everything."""
        return [ACKNOWLEDGED] * len(messages)

    def close(self) -> None:
        """Nothing is held."""


def _peaks(times: int) -> list[float]:
    """The most memory that an event of 1,000 records takes on its way, its own bytes included, over those."""
    handler = Handler(Relay(lines(TOPICS, PackagedRegistry()), _Acknowledging(), float), lambda _: None)
    encoded, found = event(records(RECORDS)), []
    handler(encoded, Patient())
    for _ in range(times):
        gc.collect()
        tracemalloc.start()
        handler(encoded, Patient())
        found.append(1 + tracemalloc.get_traced_memory()[1] / len(encoded))
        tracemalloc.stop()
    return found
