"""A rebalance storm: members of one group join, leave, die and freeze every other second while it works."""

from __future__ import annotations

import signal
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from random import Random
from time import monotonic

import pytest

from tests.faults.place import Place, due, until
from tests.faults.process import Member
from tests.faults.task import Task
from tests.faults.workload import Workload, seeded, send

STORM_SECONDS = 30.0
CHANGE_SECONDS = 2.0
MOST_MEMBERS = 4


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "protocol"), [("users-to-search", "consumer"), ("app-users", "classic")])
def test_a_rebalance_storm_loses_nothing(place: Place, kind: str, protocol: str) -> None:
    seed = seeded()
    random, workload = Random(seed), Workload(seed, changes=8_000)
    *parts, rest = workload.parts(10)
    most = [record for part in parts for record in part]
    relay, task = place.relay(), place.group(kind, protocol)
    with ThreadPoolExecutor(1) as producing:
        sent = producing.submit(send, relay, most, 10)
        changes = storm(place, task, random, sent)
        sent.result()
    print(f"members joined, left, died and froze {changes} times, seed {seed}")  # noqa: T201 - what was done
    last = place.start(task)
    send(relay, rest)
    until(lambda: place.drained(task), f"drained, seed {seed}")
    assert last.end() == 0
    place.assert_conserved(task, workload.expected(kind))


def storm(place: Place, task: Task, random: Random, sent: Future[int]) -> int:
    """Changes the group every `CHANGE_SECONDS`, for as long as it lasts and records are sent; how often."""
    working: list[Member] = []
    frozen: list[Member] = []
    changes, began = 0, monotonic()
    while monotonic() < began + STORM_SECONDS or not sent.done():
        match random.choice(("join", "join", "leave", "die", "freeze", "thaw")):
            case "join" if len(working) + len(frozen) < MOST_MEMBERS:
                working.append(place.start(task))
            case "leave" if working:
                leave(working.pop(random.randrange(len(working))))
            case "die" if working:
                working.pop(random.randrange(len(working))).kill()
            case "freeze" if working:
                frozen.append(working.pop(random.randrange(len(working))))
                frozen[-1].send(signal.SIGSTOP)
            case "thaw" if frozen:
                working.append(frozen.pop())
                working[-1].send(signal.SIGCONT)
            case _:
                continue
        changes += 1
        until(partial(due, began + changes * CHANGE_SECONDS), "the next change is due")
    for member in frozen:
        member.send(signal.SIGCONT)
    for member in (*working, *frozen):
        leave(member)
    return changes


def leave(member: Member) -> None:
    """Has it leave the group, once it has come so far that it can."""
    until(member.reports, "it has started")
    assert member.end() == 0
