"""The four real servers: on loopback alone, one address each, with a state that outlives them and any kill."""

from __future__ import annotations

import socket
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewTopic

from distributary.errors import ServerFailed, UnusableFolder
from distributary.local.servers.kafka import Kafka
from distributary.local.servers.stack import KINDS, Servers
from distributary.local.servers.unprivileged import give
from tests.real_servers import OwnServers

SCHEMA = {"schema": '{"type": "record", "name": "Kept", "fields": []}'}


def kafka_client(address: str) -> AdminClient:
    return AdminClient({"bootstrap.servers": address, "log_level": 0})


def dynamodb_client(address: str) -> Any:
    return boto3.client(
        "dynamodb",
        endpoint_url=address,
        region_name="eu-central-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
    )


def write(servers: Servers) -> dict[str, Any]:
    """Puts something into each of the servers; what `read` finds then."""
    client = kafka_client(servers.endpoints.kafka)
    client.create_topics([NewTopic("kept", 3)])["kept"].result(30)
    registered = httpx.post(f"{servers.endpoints.registry_url}/subjects/kept-value/versions", json=SCHEMA)
    put = httpx.put(f"{servers.endpoints.opensearch_url}/kept/_doc/1", json={"text": "kept"})
    assert (registered.status_code, put.status_code) == (200, 201)
    with closing(dynamodb_client(servers.endpoints.dynamodb_url)) as client:
        client.create_table(
            TableName="kept",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        client.put_item(TableName="kept", Item={"id": {"S": "1"}})
    return read(servers, registered.json()["id"])


def read(servers: Servers, schema_id: int) -> dict[str, Any]:
    """What each of the servers holds of what `write` put there, and where they are."""
    topic = kafka_client(servers.endpoints.kafka).list_topics(timeout=30).topics["kept"]
    schema = httpx.get(f"{servers.endpoints.registry_url}/schemas/ids/{schema_id}")
    document = httpx.get(f"{servers.endpoints.opensearch_url}/kept/_doc/1").json()
    with closing(dynamodb_client(servers.endpoints.dynamodb_url)) as client:
        item = client.get_item(TableName="kept", Key={"id": {"S": "1"}})["Item"]
    return {
        "endpoints": servers.endpoints,
        "partitions": len(topic.partitions),
        "schema": (schema_id, schema.json()["schema"]),
        "document": document["_source"],
        "item": item,
    }


def listening(pid: int) -> list[str]:
    """The addresses a process listens on, in hexadecimal as the kernel gives them."""
    process = Path("/proc") / str(pid)
    if not process.exists():
        pytest.skip("there is no /proc on this system to see what a process listens on")
    sockets = {link.readlink().name for link in (process / "fd").iterdir() if "socket:" in str(link.readlink())}
    rows = [line.split() for table in ("tcp", "tcp6") for line in (process / "net" / table).read_text().splitlines()]
    return [row[1].split(":")[0] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in sockets]


def test_every_server_of_the_run_answers(
    kafka_bootstrap: str, registry_url: str, opensearch_url: str, dynamodb_url: str
) -> None:
    assert kafka_client(kafka_bootstrap).list_topics(timeout=30).brokers
    assert httpx.get(f"{registry_url}/subjects").status_code == 200
    assert httpx.get(opensearch_url).json()["version"]["number"].startswith("3.")
    with closing(dynamodb_client(dynamodb_url)) as client:
        assert "TableNames" in client.list_tables()


def test_what_the_servers_hold_and_where_they_are_survives_kills_and_a_new_start(
    own_servers: OwnServers, open_home: Path
) -> None:
    servers = own_servers(*KINDS, home=open_home)
    written = write(servers)
    before = {name: servers[name].pid for name in KINDS}
    for name in KINDS:
        servers[name].kill()
    with ThreadPoolExecutor(len(KINDS)) as threads:
        list(threads.map(lambda name: servers[name].restart(), KINDS))
    assert all(servers[name].pid != before[name] for name in KINDS)
    assert read(servers, written["schema"][0]) == written
    servers.__exit__(None, None, None)
    assert read(own_servers(*KINDS, home=open_home), written["schema"][0]) == written


def test_the_servers_listen_on_loopback_alone(own_servers: OwnServers) -> None:
    servers = own_servers(*KINDS)
    loopback = {
        socket.inet_aton("127.0.0.1")[::-1].hex().upper(),
        "0000000000000000FFFF0000" + socket.inet_aton("127.0.0.1")[::-1].hex().upper(),
    }
    for name, ports in {"kafka": 2, "registry_url": 2, "opensearch_url": 2, "dynamodb_url": 1}.items():
        addresses = listening(servers[name].pid)
        assert len(addresses) == ports, name
        assert set(addresses) <= loopback, name


class PatientKafka(Kafka):
    session_ms = 9_000


def test_kafka_keeps_everything_takes_large_messages_and_has_a_settable_session(own_servers: OwnServers) -> None:
    servers = own_servers(kafka=PatientKafka)
    client = kafka_client(servers["kafka"].address)
    (described,) = client.describe_configs([ConfigResource(ResourceType.BROKER, "1")]).values()
    settings = {name: entry.value for name, entry in described.result(30).items()}
    expected = {
        "log.retention.ms": "-1",
        "offsets.retention.minutes": "2147483647",
        "message.max.bytes": str(9 * 1024 * 1024 + 64 * 1024),
        "auto.create.topics.enable": "false",
        "group.consumer.session.timeout.ms": "9000",
        "group.consumer.heartbeat.interval.ms": "3000",
    }
    assert expected.items() <= settings.items()


def test_the_dynamodb_server_has_the_indexes_that_keep_its_streams_fast(own_servers: OwnServers) -> None:
    server = own_servers("dynamodb_url")["dynamodb_url"]
    with closing(sqlite3.connect(server.home / "dynamodb.db")) as database:
        names = database.execute("SELECT name FROM sqlite_master WHERE tbl_name = '_stream_records'").fetchall()
    assert {("d1",), ("d2",)} <= set(names)


def test_a_server_that_cannot_start_fails_the_whole_start_and_leaves_none_running(
    own_servers: OwnServers, open_home: Path
) -> None:
    class Broken(Kafka):
        session_ms = -1

    with pytest.raises(ServerFailed, match=r"kafka .*group\.consumer\.session\.timeout\.ms"):
        own_servers("dynamodb_url", kafka=Broken, home=open_home)
    assert (open_home / "dynamodb.pid").read_text() == ""


def test_a_home_that_opensearch_cannot_reach_is_named(open_home: Path) -> None:
    (open_home / "closed" / "opensearch").mkdir(parents=True)
    (open_home / "closed").chmod(0o700)
    with pytest.raises(UnusableFolder, match=rf"{open_home}/closed is closed to the user 'nobody'.*--home"):
        give(open_home / "closed" / "opensearch", "nobody", {})
