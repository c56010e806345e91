"""Writes go out no faster than they may, and again where they failed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from consumers.errors import Outage
from consumers.read_model import APPLIED, STALE, WriteOutcome, WriteStatus
from distributary.folding import sending
from distributary.folding.sending import Sending

FAILED = WriteOutcome(WriteStatus.FAILED, "away")


class Store:
    """Takes what it is told to; `sent` are the numbers of each request."""

    def __init__(self, *failures: int) -> None:
        self.sent: list[list[int]] = []
        self._failures = list(failures)

    def __call__(self, writes: Sequence[int]) -> list[WriteOutcome]:
        self.sent.append(list(writes))
        return [self._outcome(write) for write in writes]

    def _outcome(self, write: int) -> WriteOutcome:
        if write in self._failures:
            self._failures.remove(write)
            return FAILED
        return STALE if write % 2 else APPLIED


def test_what_failed_goes_again_alone_and_every_write_has_its_own_outcome() -> None:
    store = Store(1, 3, 3)
    assert Sending("memory", lambda: 0.0).outcomes(store, [0, 1, 2, 3]) == [APPLIED, STALE, APPLIED, STALE]
    assert store.sent == [[0, 1, 2, 3], [1, 3], [3]]


def test_what_stays_away_is_an_outage_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "OUTAGE_SECONDS", -1.0)
    with pytest.raises(Outage, match="OpenSearch cannot be used just now: away"):
        Sending("OpenSearch", lambda: 0.0).outcomes(Store(0), [0])


def test_a_second_holds_so_many_and_each_part_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    now = [0.0]
    monkeypatch.setattr(sending, "monotonic", lambda: now[0])

    class Pause:
        def is_set(self) -> bool:
            return False

        def wait(self, seconds: float) -> bool:
            waits.append(seconds)
            now[0] += seconds
            return False

    monkeypatch.setattr(sending, "Event", Pause)
    store, told = Store(), list[int]()
    Sending("memory", lambda: 0.0, 2.0, told.append).outcomes(store, [0, 1, 2, 3, 4])
    assert store.sent == [[0, 1], [2, 3], [4]]
    assert told == [2, 2, 1]
    assert sum(waits) == 2.0
