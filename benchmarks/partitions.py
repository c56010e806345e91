"""A topic of few or many partitions, read to its end by the product's own loop: what an event costs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from time import process_time

from benchmarks.member import fill, member, messages_of, new_topic
from benchmarks.workload import records

EVENTS = 20_000
_POLL_SECONDS = 1.0


def drains(bootstrap: str, partitions: Sequence[int], rounds: int) -> dict[int, list[float]]:
    """Processor seconds an event by number of partitions, round by round, after one that does not count."""
    messages = messages_of(records(EVENTS))
    topics = {}
    for number in partitions:
        topics[number] = new_topic(bootstrap, number)
        fill(bootstrap, topics[number], messages)
    del messages
    took: dict[int, list[float]] = {number: [] for number in partitions}
    for at in range(rounds + 1):
        start = at % len(partitions)
        for number in (*partitions[start:], *partitions[:start]):
            seconds = _drain(bootstrap, topics[number])
            if at:
                took[number].append(seconds)
    return took


def _drain(bootstrap: str, topic: str) -> float:
    """Processor seconds an event, from the first turn that had deliveries: joining a group is not what is measured."""
    with closing(member(bootstrap, topic)) as consumer:
        first = 0
        while not first:
            first = consumer.step(_POLL_SECONDS)
        done, began = first, process_time()
        while done < EVENTS:
            done += consumer.step(_POLL_SECONDS)
        return (process_time() - began) / (EVENTS - first)
