"""What to do about an outage: wait, and how long. Decisions as values; the loop carries them out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from consumers.errors import Outage


class Waiting(NamedTuple):
    """What a group waits for: `of` and `reason` as in `Outage`, since when (epoch seconds), how often it has tried
    since, and how many seconds lie before the next try.
    """

    of: str
    reason: str
    since: float
    tries: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds before the first retry; each later one waits twice as long, `longest` at the most.

    `longest` is short: what was away for a minute shall not be waited for a minute longer.
    """

    first: float = 0.1
    longest: float = 5.0


def decide_retry(before: Waiting | None, outage: Outage, now: float, chance: float, backoff: Backoff) -> Waiting:
    """The wait that follows an outage, after the wait `before` it, if that has not ended yet.

    `chance` from 0 up to 1 spreads the members of a group: between half of the seconds and all.
    """
    tries = 0 if before is None else before.tries + 1
    since = now if before is None or before.of != outage.of else before.since
    seconds = min(backoff.longest, backoff.first * 2.0 ** min(tries, 32)) * (0.5 + chance / 2)
    return Waiting(outage.of, outage.reason, since, tries, seconds)
