"""A bridge frozen as Lambda freezes a function: between invocations, and where SIGSTOP happens to meet it."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from functools import partial
from random import Random
from time import monotonic

import pytest

from distributary.settings import Endpoints
from tests.faults.bridge import MESSAGE_TIMEOUT_MS, BridgeProcess
from tests.faults.place import due, place_on, until
from tests.faults.workload import Record, Workload, go_on, seeded, send
from tests.real_servers import OwnServers

FREEZES = 8


@pytest.mark.slow
def test_a_bridge_frozen_between_batches_and_inside_of_one_loses_nothing(
    own_servers: OwnServers, registry_url: str, opensearch_url: str, dynamodb_url: str
) -> None:
    """Its clock jumps by more than a message may take; in every other freeze its connections die as well."""
    seed = seeded()
    random, workload = Random(seed), Workload(seed)
    broker = own_servers("kafka")["kafka"]
    with place_on(Endpoints(broker.address, registry_url, opensearch_url, dynamodb_url)) as place:
        task = place.group("users-to-search")
        member = place.start(task)
        bridge = BridgeProcess(place)
        returned = 0
        for number, part in enumerate(workload.parts(FREEZES)):
            returned += send(bridge, part[:-50])
            inside, broken = number % 4 >= 2, number % 2
            if inside:
                # A broker that is frozen first keeps the bridge waiting for its acknowledgements.
                broker.pause()
                bridge.give(part[-50:], seconds=30.0)
                until(partial(due, monotonic() + 0.5), "it has published them")
            bridge.process.send_signal(signal.SIGSTOP)
            until_jump = partial(due, monotonic() + MESSAGE_TIMEOUT_MS / 1000 + random.random())
            if broken:
                broker.kill()
                broker.restart()
            else:
                broker.resume()
            until(until_jump, "frozen for longer than a message may take")
            bridge.process.send_signal(signal.SIGCONT)
            left: Sequence[Record] = part[-50:]
            if inside:
                left = go_on(left, bridge.answer())
                returned += bool(left)
            returned += send(bridge, left)
        assert returned, f"no freeze met a batch, seed {seed}"
        until(lambda: place.drained(task), f"drained, seed {seed}")
        assert member.end() == 0
        place.assert_conserved(task, workload.expected("users-to-search"))
