"""Loops of consumers on a topic that is full: what an event costs each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from time import process_time
from typing import Protocol

POLL_SECONDS = 1.0


class Loop(Protocol):
    """What takes turns: how many deliveries one finished."""

    def step(self, timeout: float) -> int:
        """One turn."""
        ...

    def close(self) -> None:
        """Leaves the group."""
        ...


def drains(loops: Mapping[str, Callable[[], Loop]], events: int, rounds: int) -> dict[str, list[float]]:
    """Processor seconds an event, round by round, after one that does not count; each time a loop is made anew."""
    names = list(loops)
    took: dict[str, list[float]] = {name: [] for name in names}
    for at in range(rounds + 1):
        start = at % len(names)
        for name in names[start:] + names[:start]:
            seconds = _drain(loops[name], events)
            if at:
                took[name].append(seconds)
    return took


def _drain(make: Callable[[], Loop], events: int) -> float:
    """From the first turn that had deliveries: joining a group is not what is measured."""
    with closing(make()) as loop:
        first = 0
        while not first:
            first = loop.step(POLL_SECONDS)
        done, began = first, process_time()
        while done < events:
            done += loop.step(POLL_SECONDS)
        return (process_time() - began) / (events - first)
