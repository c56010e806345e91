"""kill -9 of a group at each of its numbered steps: everything is delivered again, and nothing shows it."""

from __future__ import annotations

import signal
from random import Random

import msgspec
import pytest

from bridge.publisher import Message
from tests.faults.place import Place, until
from tests.faults.task import STEPS
from tests.faults.workload import HOSTILE, Workload, publish, seeded, send


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "protocol"), [("app-users", "consumer"), ("users-to-search", "classic")])
def test_a_group_killed_at_each_of_its_steps_in_turn_ends_as_the_table(place: Place, kind: str, protocol: str) -> None:
    seed = seeded()
    random, workload = Random(seed), Workload(seed, changes=6_000)
    relay, task = place.relay(), place.group(kind, protocol)
    publisher = place.publisher()
    # Poison all along, so that a letter is written in every turn.
    poison = 0
    for part in workload.parts(60):
        send(relay, part)
        bad = [Message(place.topic.name, b"%d" % random.randrange(99), random.choice(HOSTILE)) for _ in range(2)]
        publish(publisher, bad)
        poison += len(bad)

    for step in random.sample(STEPS, len(STEPS)):
        fault = msgspec.structs.replace(task, step=step, times=random.randrange(1, 4), signal=signal.SIGKILL)
        member = place.start(fault)
        until(lambda member=member: member.status is not None, f"killed {step}, seed {seed}")  # type: ignore[misc]
        assert (member.status, member.last.step) == (-signal.SIGKILL, step), f"seed {seed}"
        assert not place.drained(task)

    last = place.start(task)
    until(lambda: place.drained(task), f"drained, seed {seed}")
    assert last.end() == 0
    bad_places = place.places(lambda delivery: delivery.value in HOSTILE)
    assert len(bad_places) == poison
    place.assert_conserved(task, workload.expected(kind), bad_places)
