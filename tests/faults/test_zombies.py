"""A member frozen for longer than its session while another takes over: what it then still writes changes nothing."""

from __future__ import annotations

import signal

import msgspec
import pytest

from tests.faults.place import Place, until
from tests.faults.workload import Workload, seeded, send


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "protocol", "step"),
    [
        ("app-users", "consumer", "before apply"),
        ("users-to-search", "classic", "half applied"),
        ("workplace-users", "consumer", "before commit"),
        ("users-to-search", "consumer", "poll"),
    ],
)
def test_a_member_that_wakes_up_after_another_took_over_undoes_nothing(
    place: Place, kind: str, protocol: str, step: str
) -> None:
    seed = seeded()
    workload = Workload(seed)
    first, second, third = workload.parts(3)
    relay, task = place.relay(), place.group(kind, protocol)
    send(relay, first)

    zombie = place.start(msgspec.structs.replace(task, step=step, times=3, signal=signal.SIGSTOP))
    until(lambda: zombie.frozen, f"frozen {step}, seed {seed}", about=zombie)
    assert zombie.last.step == step
    # What the zombie has in hand is long outdated when it wakes up.
    send(relay, second)
    heir = place.start(task)
    until(lambda: place.drained(task), f"drained by the heir, seed {seed}", about=lambda: place.standing(task))
    before = place.documents(task)

    said = len(zombie.reports())
    zombie.send(signal.SIGCONT)
    until(lambda: any(not report.under_way for report in zombie.reports()[said:]), f"it goes on, seed {seed}")
    asleep, awake = zombie.reports()[said - 1], zombie.last
    # It finished what it had in hand, gave it back, or was refused its positions.
    assert awake.outcomes != asleep.outcomes or awake.returned or awake.reason
    assert place.drained(task)
    assert place.documents(task) == before

    # Together again; and then the one that was a zombie alone.
    send(relay, third)
    until(lambda: place.drained(task), f"drained together, seed {seed}", about=lambda: place.standing(task))
    assert heir.end() == 0
    send(relay, first[:500])
    until(lambda: place.drained(task), f"drained by the former zombie, seed {seed}", about=lambda: place.standing(task))
    assert zombie.end() == 0
    place.assert_conserved(task, workload.expected(kind))
