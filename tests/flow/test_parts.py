"""The bridge and each group in a process of its own, on real servers, as compose and production run them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from io import StringIO
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest
from rich.console import Console

from consumers.groups import GROUPS
from consumers.read_model import ReadModel
from distributary.display import Display
from distributary.dynamodb_clients import local_clients
from distributary.home import Home
from distributary.kafka_adapters import kafka_adapters
from distributary.local.on_compose import OnCompose
from distributary.run import DEMO_ACTS, Plan, run
from distributary.settings import Endpoints, Settings
from schemas.attribute_values import attribute_value
from schemas.settings import read_settings, variable
from tests.flow.command import COMMAND
from tests.real_servers import OwnServers
from tests.records import record, written
from tests.unit.test_compose_command import Engine

DEADLINE = 60.0
ANN: dict[str, Any] = {"UserId": 1, "Username": "ann", "FirstName": "Ann", "LastName": "Lee", "WorkplaceId": "acme"}


class Part:
    """`distributary` with these arguments, once it says where its pages are."""

    def __init__(self, environment: dict[str, str], *arguments: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, *arguments, "--port", "0"], stderr=subprocess.PIPE, env=environment, text=True
        )
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if found := re.search(r"(http://\S+)/metrics", line):
                self.url = found.group(1)
                return
        pytest.fail(f"{arguments} has ended with {self.process.wait()}")

    def health(self) -> dict[str, Any]:
        if self.process.poll() is not None:
            pytest.fail(f"it has ended with {self.process.returncode}: {self.process.communicate()[1]}")
        return dict(httpx.get(f"{self.url}/healthz", trust_env=False).json())

    def metrics(self) -> dict[str, float]:
        text = httpx.get(f"{self.url}/metrics", trust_env=False).text
        return {name: float(value) for name, value in re.findall(r"^([^#\s]\S*) (\S+)$", text, re.MULTILINE)}

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=30)
        return self.process.returncode


@pytest.fixture
def environment(own_servers: OwnServers) -> dict[str, str]:
    where = own_servers("kafka", "registry_url", "opensearch_url", "dynamodb_url").endpoints
    return {
        **os.environ,
        "DISTRIBUTARY_KAFKA": where.kafka,
        "DISTRIBUTARY_REGISTRY_URL": where.registry_url,
        "DISTRIBUTARY_OPENSEARCH_URL": where.opensearch_url,
        "DISTRIBUTARY_DYNAMODB_URL": where.dynamodb_url,
        "DISTRIBUTARY_KAFKA_REPLICAS": "1",
        "DISTRIBUTARY_OPENSEARCH_REPLICAS": "0",
    }


@pytest.fixture
def parts(environment: dict[str, str]) -> Iterator[Callable[..., Part]]:
    with ExitStack() as opened:

        def start(*arguments: str) -> Part:
            part = Part(environment, *arguments)
            opened.callback(part.end)
            return part

        yield start


@pytest.fixture
def read_models(environment: dict[str, str]) -> Iterator[dict[str, ReadModel]]:
    with ExitStack() as opened:
        adapters = opened.enter_context(kafka_adapters(read_settings(Settings, environment), "test", lambda: 0.0))
        yield {group.name: opened.enter_context(closing(adapters.read_model(group))) for group in GROUPS}


def until(happened: Callable[[], bool]) -> None:
    pause = Event()
    for _ in range(int(DEADLINE / 0.1)):
        if happened():
            return
        pause.wait(0.1)
    pytest.fail(f"it did not happen within {DEADLINE:g} s")


def test_the_parts_of_a_pipeline_run_alone_and_tell_what_they_do(
    environment: dict[str, str], read_models: dict[str, ReadModel], parts: Callable[..., Part]
) -> None:
    for _ in range(2):
        assert subprocess.run([*COMMAND, "prepare"], env=environment, check=False, timeout=120).returncode == 0
    bridge = parts("bridge")
    groups = {group.name: parts("consume", group.name) for group in GROUPS}
    until(lambda: all(part.health()["state"] == "running" for part in groups.values()))
    with closing(local_clients(environment["DISTRIBUTARY_DYNAMODB_URL"])) as clients:
        item = {name: attribute_value(value) for name, value in ANN.items()}
        clients.tables.put_item(TableName="Users", Item=item)
        until(lambda: all(model.get("1") is not None for model in read_models.values()))
        clients.tables.delete_item(TableName="Users", Key={"UserId": {"N": "1"}})
        until(lambda: all(model.get("1") is None for model in read_models.values()))
    for name, part in groups.items():
        assert part.health() == {"state": "running", "groups": {name: {"state": "running"}}, "stopped": {}}
        until(lambda name=name, part=part: _group(part, name) == {"applied": 2, "lag": 0})  # type: ignore[misc]
        figures = part.metrics()
        assert figures[f'distributary_group_unaccounted{{group="{name}"}}'] == 0
        assert figures[f'distributary_group_retries_total{{group="{name}"}}'] == 0
        assert figures[f'distributary_group_store_seconds_count{{group="{name}"}}'] >= 1
    figures = bridge.metrics()
    for table in ("Users", "WorkplaceUsers_V2"):
        assert figures[f'distributary_bridge_read_total{{table="{table}"}}'] == 2
        assert figures[f'distributary_bridge_records_total{{outcome="published",table="{table}"}}'] == 2
        assert figures[f'distributary_bridge_unaccounted{{table="{table}"}}'] == 0
    assert httpx.get(f"{bridge.url}/other", trust_env=False).status_code == 404
    assert [part.stop() for part in (bridge, *groups.values())] == [0] * 4


def test_a_run_on_compose_follows_the_parts_to_the_end_and_stops_the_containers(
    environment: dict[str, str], parts: Callable[..., Part], tmp_path: Path
) -> None:
    subprocess.run([*COMMAND, "prepare"], env=environment, check=True, timeout=120)
    started = {"bridge": parts("bridge"), **{group.name: parts("consume", group.name) for group in GROUPS}}
    pages = {name: part.url for name, part in started.items()}
    names = ("kafka", "registry_url", "opensearch_url", "dynamodb_url")
    endpoints = Endpoints(*(environment[variable(name)] for name in names))
    engine, told = Engine(tmp_path), list[str]()
    fed = written(record(user_id=4711, after={"Username": "fed", "WorkplaceId": "acme"}))
    plan = Plan([fed], demo=True, seed=7, exit_when_drained=True, dump=tmp_path / "dump")
    result = run(
        plan,
        Home(tmp_path / "home"),
        lambda: OnCompose(engine.compose, time.time, told.append, endpoints, pages),
        Display(Console(file=StringIO())),
        engine.stop,
    )
    users = next(row for row in result["bridge"] if row["table"] == "Users")
    assert users["read"] == users["published"] == DEMO_ACTS + 1
    outcomes = {row["group"]: row["applied"] + row["filtered"] + row["stale"] for row in result["groups"]}
    assert outcomes["app-users"] == outcomes["workplace-users"] == DEMO_ACTS + 1
    assert outcomes["user-search"] == next(row for row in result["bridge"] if row["table"] != "Users")["read"]
    documents = {name: found["documents"] for name, found in result["read_models"].items()}
    assert documents["workplace-users"] == documents["WorkplaceUsers_V2"] > 1
    assert '"4711"' in (tmp_path / "dump" / "workplace-users.jsonl").read_text()
    assert engine.calls[-1] == "compose stop"
    assert "volumes keep their state" in told[-1]


def _read(bridge: Part) -> float:
    return bridge.metrics().get('distributary_bridge_read_total{table="Users"}', 0.0)


def _group(part: Part, name: str) -> dict[str, float]:
    figures = part.metrics()
    return {
        "applied": figures[f'distributary_group_deliveries_total{{group="{name}",outcome="applied"}}'],
        "lag": figures[f'distributary_group_lag_events{{group="{name}"}}'],
    }


def test_a_bridge_that_starts_again_goes_on_where_it_was(
    environment: dict[str, str], parts: Callable[..., Part]
) -> None:
    subprocess.run([*COMMAND, "prepare"], env=environment, check=True, timeout=120)
    read = []
    with closing(local_clients(environment["DISTRIBUTARY_DYNAMODB_URL"])) as clients:
        for number in range(2):
            bridge = parts("bridge")
            item = {"UserId": {"N": str(number)}}
            clients.tables.put_item(TableName="Users", Item=item)
            until(lambda: _read(bridge) >= 1)  # noqa: B023
            read.append(_read(bridge))
            bridge.end()
    assert read == [1, 1]


@pytest.mark.parametrize(
    ("unset", "arguments", "said"),
    [
        ("DISTRIBUTARY_KAFKA", ("bridge",), "DISTRIBUTARY_KAFKA is not set"),
        ("DISTRIBUTARY_REGISTRY_URL", ("bridge",), "DISTRIBUTARY_REGISTRY_URL is not set"),
        ("DISTRIBUTARY_OPENSEARCH_URL", ("consume", "user-search"), "DISTRIBUTARY_OPENSEARCH_URL is not set"),
        ("", ("consume", "nobody"), "there is no group nobody; there are app-users"),
    ],
)
def test_a_part_that_is_not_told_what_it_needs_says_so(unset: str, arguments: tuple[str, ...], said: str) -> None:
    endpoints = {
        "DISTRIBUTARY_KAFKA": "127.0.0.1:1",
        "DISTRIBUTARY_REGISTRY_URL": "http://127.0.0.1:1",
        "DISTRIBUTARY_OPENSEARCH_URL": "http://127.0.0.1:1",
    }
    endpoints.pop(unset, None)
    bare = {name: value for name, value in os.environ.items() if not name.startswith("DISTRIBUTARY_")}
    ended = subprocess.run(
        [*COMMAND, *arguments, "--port", "0"], env={**bare, **endpoints}, capture_output=True, check=False, timeout=60
    )
    assert ended.returncode == 1
    assert said in ended.stderr.decode()
    assert "Traceback" not in ended.stderr.decode()


@pytest.mark.slow
def test_a_part_waits_for_what_is_away_at_its_start_and_says_so() -> None:
    endpoints = {
        "DISTRIBUTARY_KAFKA": "127.0.0.1:1",
        "DISTRIBUTARY_REGISTRY_URL": "http://127.0.0.1:1",
        "DISTRIBUTARY_DYNAMODB_URL": "http://127.0.0.1:1",
    }
    bridge = Part({**os.environ, **endpoints}, "bridge")
    until(lambda: "the schema registry cannot be used" in bridge.health().get("waiting_for", ""))
    assert bridge.health()["state"] == "starting"
    assert bridge.stop() == 0
