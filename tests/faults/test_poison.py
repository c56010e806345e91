"""Poison among good events, and nothing but poison."""

from __future__ import annotations

from random import Random
from time import monotonic

import pytest

from bridge.publisher import Message
from consumers.subscription import Delivery
from tests.faults.place import Place, until
from tests.faults.workload import HOSTILE, Workload, hostile, publish, seeded, send

GOOD, POISON = 100_000, 1_000
MARK = b"poison "


def bad(place: Place, random: Random, value: bytes) -> Message:
    """A message with a value that is poison; known by its key."""
    return Message(place.topic.name, MARK + b"%d" % random.randrange(10_000), value)


def is_bad(delivery: Delivery) -> bool:
    """Whether it is one of those."""
    return (delivery.key or b"").startswith(MARK)


@pytest.mark.slow
def test_a_thousand_poison_messages_among_a_hundred_thousand_cost_their_own_letters_alone(place: Place) -> None:
    seed = seeded()
    random, workload = Random(seed), Workload(seed, changes=GOOD * 9 // 10, users=5_000)
    relay, task = place.relay(), place.group("users-to-search")
    publisher = place.publisher()
    send(relay, workload.records[:1])
    (good,) = [found.value or b"" for found in place.deliveries(place.topic.name)]
    for part in workload.parts(POISON // 10):
        send(relay, part, 1_000)
        publish(publisher, [bad(place, random, hostile(random, good)) for _ in range(POISON // 100)])

    began = monotonic()
    member = place.start(task, DISTRIBUTARY_GROUP_BATCH="1000")
    until(lambda: member.last.finished > GOOD // 5, f"a fifth, seed {seed}", 120)
    early = member.last.kilobytes
    until(lambda: place.drained(task), f"drained, seed {seed}", 300)
    took = monotonic() - began
    assert member.end() == 0
    assert member.last.finished >= GOOD
    assert member.last.outcomes["dead_lettered"] == POISON
    rate = member.last.finished / took
    print(f"{rate:,.0f} deliveries a second; {early} KB after a fifth, {member.last.kilobytes} KB at the end")  # noqa: T201
    # Flat: what four times as much adds is no more than an allocator's whim.
    assert member.last.kilobytes < early * 1.25 + 16_384, f"seed {seed}"
    place.assert_conserved(task, workload.expected("users-to-search"), place.places(is_bad))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["app-users", "users-to-search"])
def test_a_topic_of_poison_alone_stops_the_group_at_its_limit(place: Place, kind: str) -> None:
    seed = seeded()
    random, task = Random(seed), place.group(kind)
    publisher = place.publisher()
    publish(publisher, [bad(place, random, random.choice(HOSTILE)) for _ in range(2_000)])
    member = place.start(task)
    until(lambda: member.status is not None, f"stopped, seed {seed}")
    assert member.status == 1
    assert "deliveries became dead letters" in member.last.stopped
    assert f"dead-letters list {task.name}" in member.last.stopped
    # Everything that it recorded is committed, and nothing besides.
    positions = place.adapters.log.positions(task.name, task.topic)
    assert place.letters(task) == {
        f"{task.topic}/{partition}/{offset}" for partition, end in positions.items() for offset in range(end)
    }
    assert 100 <= len(place.letters(task)) < 2_000
    assert place.documents(task) == {}
