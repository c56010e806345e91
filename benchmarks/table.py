"""The table of goals: a line each, its figure and whether it is met."""

from __future__ import annotations

import msgspec

from benchmarks.rounds import SLACK, Ratio


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One thing measured. `at_least` or `at_most` is its goal; a line with neither is told and not judged.

    `quartile` is the quartile on the bad side of so many `rounds`; 0 rounds: a single figure.
    """

    what: str
    figure: float
    unit: str = "x"
    at_least: float | None = None
    at_most: float | None = None
    quartile: float | None = None
    rounds: int = 0

    @property
    def met(self) -> bool:
        """Whether the median meets the goal, and the quartile nearly does."""
        near = self.figure if self.quartile is None else self.quartile
        if self.at_least is not None:
            return self.figure >= self.at_least and near >= SLACK * self.at_least
        if self.at_most is not None:
            return self.figure <= self.at_most and near <= self.at_most / SLACK
        return True

    @property
    def goal(self) -> str:
        """The goal as a person reads it."""
        if self.at_least is not None:
            return f"at least {self.at_least:g}"
        return "" if self.at_most is None else f"at most {self.at_most:g}"


def line_of(what: str, ratio: Ratio, *, at_least: float | None = None, at_most: float | None = None) -> Line:
    """The line of a ratio."""
    return Line(
        what=what,
        figure=ratio.median,
        at_least=at_least,
        at_most=at_most,
        quartile=ratio.quartile,
        rounds=ratio.rounds,
    )


def row(line: Line) -> str:
    """The line as it is printed."""
    quartile = "" if line.quartile is None else f"{line.quartile:.3g}"
    verdict = "" if line.met else "  MISSED"
    return f"{line.what:<62}{line.figure:>9.3g} {line.unit:<4}{quartile:>8}  {line.goal:<14}{verdict}"
