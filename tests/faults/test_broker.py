"""kill -9 and restart of the broker, in the middle of a producer's batches and of a group's turns."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from distributary.settings import Endpoints
from tests.faults.place import place_on, until
from tests.faults.workload import Workload, seeded, send
from tests.real_servers import OwnServers

KILLS = 3


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["consumer", "classic"])
def test_a_broker_killed_and_restarted_while_it_is_produced_to_and_consumed_from_loses_nothing(
    own_servers: OwnServers, registry_url: str, opensearch_url: str, dynamodb_url: str, protocol: str
) -> None:
    seed = seeded()
    random, workload = Random(seed), Workload(seed, changes=6_000)
    servers = own_servers("kafka")
    broker = servers["kafka"]
    with place_on(Endpoints(broker.address, registry_url, opensearch_url, dynamodb_url)) as place:
        groups = [place.group("app-users", protocol), place.group("users-to-search", protocol)]
        members = [place.start(task) for task in groups]
        relay = place.relay(**{"message.timeout.ms": 5_000})
        with ThreadPoolExecutor(1) as producing:
            # Small batches, so that the broker dies in the middle of some.
            sent = producing.submit(send, relay, workload.records, 20)
            for _ in range(KILLS):
                seen = sum(member.last.polled for member in members)
                wanted = seen + random.randrange(200, 800)
                until(lambda wanted=wanted: sum(m.last.polled for m in members) > wanted, f"consumed, seed {seed}")  # type: ignore[misc]
                broker.kill()
                broker.restart()
            returned = sent.result()
        until(lambda: all(place.drained(task) for task in groups), f"drained, seed {seed}")
        print(f"the relay returned a batch {returned} times")  # noqa: T201 - what was measured
        for member in members:
            assert member.end() == 0
        for task in groups:
            place.assert_conserved(task, workload.expected(task.kind))
