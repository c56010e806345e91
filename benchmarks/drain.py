"""`python -m benchmarks.drain [--events N]`: a group reads a topic of a million events to its end, at flat memory."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from pathlib import Path
from time import perf_counter

from benchmarks.member import CountingStore, fill, member, messages_of, new_topic
from benchmarks.real_servers import real_servers
from benchmarks.workload import records

EVENTS = 1_000_000
DIFFERENT = 20_000
"""Events that are made; the topic holds them over and over."""
PARTITIONS = 6
_POLL_SECONDS = 1.0
_PARTS = 10


def resident_bytes() -> int:
    """What this process holds in memory now."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) * 1024


def drain(bootstrap: str, topic: str, events: int) -> None:
    """Prints a line for every tenth of them: events a second since the last, and the memory held."""
    store = CountingStore()
    with closing(member(bootstrap, topic, store)) as consumer:
        done, part, before = 0, 1, 0
        began = perf_counter()
        while done < events:
            done += consumer.step(_POLL_SECONDS)
            if done >= part * events // _PARTS:
                now = perf_counter()
                rate, held = (done - before) / (now - began), resident_bytes() / 1e6
                sys.stdout.write(f"{done:>9,} events  {rate:>7,.0f} a second  {held:>6.0f} MB\n")
                sys.stdout.flush()
                part, before, began = done * _PARTS // events + 1, done, now
        sys.stdout.write(f"{consumer.outcomes.as_counts()}, unaccounted: {consumer.unaccounted}\n")


def main() -> None:
    """Fills a topic of a real Kafka, then drains it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.drain", description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS)
    events = parser.parse_args().events
    with real_servers("kafka") as servers:
        bootstrap = servers["kafka"]
        topic = new_topic(bootstrap, PARTITIONS)
        times, rest = divmod(events, DIFFERENT)
        messages = messages_of(records(min(events, DIFFERENT)))
        fill(bootstrap, topic, messages, times)
        fill(bootstrap, topic, messages[:rest])
        del messages
        drain(bootstrap, topic, events)


if __name__ == "__main__":
    main()
