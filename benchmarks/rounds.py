"""Variants measured side by side: in turn within each round, so that what the machine does meanwhile hits all."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from statistics import median, quantiles
from time import perf_counter, process_time
from typing import NamedTuple

ROUNDS = 13
SLACK = 0.8
"""The lower quartile may miss a goal by this much; the median may not."""

Variant = Callable[[], object]


class Ratio(NamedTuple):
    """How a variant did against another, round by round: the median, and the quartile on the bad side."""

    median: float
    quartile: float
    rounds: int


def in_turn(variants: Mapping[str, Variant], rounds: int = ROUNDS, *, cpu: bool = False) -> dict[str, list[float]]:
    """Seconds of each variant in each round, after one that does not count; of CPU time if `cpu`.

    The variant that begins moves on each round. What was set up before is kept out of the collector's way.
    """
    clock = process_time if cpu else perf_counter
    names = list(variants)
    for variant in variants.values():
        variant()
    gc.collect()
    gc.freeze()
    try:
        took: dict[str, list[float]] = {name: [] for name in names}
        for number in range(rounds):
            start = number % len(names)
            for name in names[start:] + names[:start]:
                gc.collect()
                began = clock()
                variants[name]()
                took[name].append(clock() - began)
        return took
    finally:
        gc.unfreeze()


def times_faster(took: Mapping[str, list[float]], ours: str, other: str) -> Ratio:
    """How many times faster `ours` is than `other`; the quartile is the lower one."""
    return _ratio([theirs / mine for mine, theirs in zip(took[ours], took[other], strict=True)], worse=0)


def share(took: Mapping[str, list[float]], ours: str, other: str) -> Ratio:
    """What part of `other`'s time `ours` takes; the quartile is the upper one."""
    return _ratio([mine / theirs for mine, theirs in zip(took[ours], took[other], strict=True)], worse=2)


def _ratio(ratios: list[float], worse: int) -> Ratio:
    quartile = quantiles(ratios, n=4)[worse] if len(ratios) > 1 else ratios[0]
    return Ratio(median(ratios), quartile, len(ratios))
