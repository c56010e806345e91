"""A store away for a minute: the group waits, says for what, dead-letters nothing, and catches up by itself."""

from __future__ import annotations

from functools import partial
from itertools import cycle
from time import monotonic

import pytest

from distributary.settings import Endpoints
from tests.faults.place import LOOK_SECONDS, due, place_on, until
from tests.faults.process import Member
from tests.faults.workload import Workload, seeded, send
from tests.real_servers import OwnServers

AWAY_SECONDS = 60.0
STORES = {"app-users": ("DynamoDB", "dynamodb_url"), "users-to-search": ("OpenSearch", "opensearch_url")}


@pytest.mark.slow
@pytest.mark.parametrize("killed", ["dynamodb_url", "opensearch_url"])
def test_a_minute_without_the_stores_loses_nothing_and_is_made_up_for_within_two(
    own_servers: OwnServers, kafka_bootstrap: str, registry_url: str, killed: str
) -> None:
    """One store is killed (connections are refused), the other frozen (nothing ever answers)."""
    seed = seeded()
    workload = Workload(seed, changes=6_000)
    parts = workload.parts(40)
    servers = own_servers("dynamodb_url", "opensearch_url")
    (frozen,) = {"dynamodb_url", "opensearch_url"} - {killed}
    where = Endpoints(kafka_bootstrap, registry_url, servers["opensearch_url"].address, servers["dynamodb_url"].address)
    with place_on(where) as place:
        relay, tasks = place.relay(), [place.group(kind) for kind in STORES]
        members = [place.start(task) for task in tasks]
        for part in parts[:10]:
            send(relay, part)
        until(lambda: all(member.last.finished for member in members), f"under way, seed {seed}")

        servers[killed].kill()
        servers[frozen].pause()
        gone = monotonic()
        for at, part in enumerate(parts[10:30]):
            send(relay, part)
            until(partial(due, gone + AWAY_SECONDS * at / 20), "the minute goes by")
        for member in members:
            assert_waits(member, STORES[member.task.kind][0], seed)
        assert not any(place.drained(task) for task in tasks)
        until(partial(due, gone + AWAY_SECONDS), "the minute goes by")

        servers[frozen].resume()
        servers[killed].restart()
        back = monotonic()
        for part in parts[30:]:
            send(relay, part)
        for task in tasks:
            until(lambda task=task: place.drained(task), f"made up for, seed {seed}", 2 * AWAY_SECONDS)  # type: ignore[misc]
        assert monotonic() - back < 2 * AWAY_SECONDS + LOOK_SECONDS
        assert [member.last.waits_for for member in members] == ["", ""]
        for member, task in zip(members, tasks, strict=True):
            assert member.end() == 0
            place.assert_conserved(task, workload.expected(task.kind))


def assert_waits(member: Member, store: str, seed: int) -> None:
    """It says, or will soon say, that it waits for this store, and has taken nothing for poison."""
    until(lambda: member.last.waits_for, f"it says that it waits, seed {seed}")
    assert member.last.waits_for == store
    assert member.last.reason
    assert member.last.since > 0
    assert not member.last.outcomes["dead_lettered"]


@pytest.mark.slow
def test_without_the_registry_a_member_waits_at_its_start_and_goes_on_later(
    own_servers: OwnServers, kafka_bootstrap: str, opensearch_url: str, dynamodb_url: str
) -> None:
    seed = seeded()
    workload = Workload(seed)
    first, second, third = workload.parts(3)
    servers = own_servers("registry_url")
    registry = servers["registry_url"]
    with place_on(Endpoints(kafka_bootstrap, registry.address, opensearch_url, dynamodb_url)) as place:
        relay, task = place.relay(), place.group("users-to-search")
        send(relay, first)
        # Away at the start: what a relay learned at its own start it keeps, a member that knows no schema yet waits.
        registry.kill()
        early = place.start(task)
        send(relay, second)
        until(lambda: early.last.waits_for, f"it says that it waits, seed {seed}")
        assert early.last.waits_for == "the schema registry"
        assert early.last.finished == 0
        registry.restart()
        until(lambda: place.drained(task), f"drained, seed {seed}")
        # Away later: who has the schema needs it no more, and a member that joins waits without harm to the first.
        registry.kill()
        late = place.start(task)
        old = cycle(workload.parts(100))
        until(lambda: send(relay, next(old)) or late.last.waits_for, f"the other one waits, seed {seed}")
        send(relay, third)
        registry.restart()
        until(lambda: place.drained(task), f"drained by both, seed {seed}")
        assert early.end() == late.end() == 0
        place.assert_conserved(task, workload.expected("users-to-search"))
