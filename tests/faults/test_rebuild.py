"""A rebuild that is killed, frozen or not alone: it ends right, and nothing of it is left."""

from __future__ import annotations

import signal
import time

import pytest

from tests.faults.alone import Alone

pytestmark = [pytest.mark.slow, pytest.mark.servers]

DEAD = 30.0
"""Seconds in which a run of the dead is surely taken over."""


@pytest.mark.parametrize(("stage", "done"), [("events read", 0), ("plan", 0), ("keys written", 1)])
def test_a_rebuild_that_is_killed_and_given_again_ends_right(alone: Alone, stage: str, done: int) -> None:
    alone.empty()
    killed = alone.rebuilding("--workers", "2", "--writes-per-second", "40")
    killed.come_to(stage, done)
    killed.kill()
    assert alone.documents() != alone.truth
    begun = time.monotonic()
    result = alone.rebuilding().result()
    assert time.monotonic() - begun < DEAD
    assert result["put"] == len(alone.truth) or (stage == "keys written" and 0 < result["put"] < len(alone.truth))
    alone.assert_true()
    assert not list((alone.home / "folds").iterdir())


def test_two_rebuilds_at_the_same_time_are_one(alone: Alone) -> None:
    alone.empty()
    first = alone.rebuilding("--workers", "2", "--writes-per-second", "100")
    second = alone.rebuilding("--writes-per-second", "100")
    results = [first.result(), second.result()]
    # Who comes when the other has left already finds nothing to do.
    assert max(result["put"] for result in results) == len(alone.truth)
    assert {result["put"] for result in results} <= {0, len(alone.truth)}
    alone.assert_true()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_the_other_one_takes_over_what_a_dead_or_frozen_one_had(alone: Alone, number: signal.Signals) -> None:
    alone.empty()
    first = alone.rebuilding("--writes-per-second", "20")
    first.come_to("plan")
    second = alone.rebuilding()
    second.come_to("partitions done")
    first.process.send_signal(number)
    assert second.result()["put"] > 0
    if number == signal.SIGSTOP:
        # It wakes up: whatever it still writes has been written.
        first.process.send_signal(signal.SIGCONT)
        first.process.communicate(timeout=120)
        assert first.process.returncode == 0
    else:
        first.process.communicate()
    alone.assert_true()


def test_what_a_stopped_group_has_not_had_is_listed_apart_and_rebuilt_all_the_same(alone: Alone) -> None:
    alone.empty()
    alone.forget_positions()
    found = alone.found()
    assert set(found) == {"undelivered"}
    assert found["undelivered"] >= len(alone.truth)
    assert alone.rebuilding().result()["put"] == len(alone.truth)
    alone.assert_true()
