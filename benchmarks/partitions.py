"""A topic of few or many partitions, read to its end by the product's own loop: what an event costs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from benchmarks.loops import drains
from benchmarks.member import fill, member, messages_of, new_topic
from benchmarks.workload import records

EVENTS = 20_000


def by_partitions(bootstrap: str, partitions: Sequence[int], rounds: int) -> dict[str, list[float]]:
    """Processor seconds an event by number of partitions, round by round, after one that does not count."""
    messages = messages_of(records(EVENTS))
    topics = {}
    for number in partitions:
        topics[str(number)] = new_topic(bootstrap, number)
        fill(bootstrap, topics[str(number)], messages)
    del messages
    return drains({number: partial(member, bootstrap, topic) for number, topic in topics.items()}, EVENTS, rounds)
