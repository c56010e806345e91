"""DynamoDB in process: what a pipeline needs of it, and what moto alone does not give."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count
from threading import Thread
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from bridge.dynamodb_streams import DynamoDBStreams
from distributary.dynamodb_clients import DynamoDBClients, local_clients
from distributary.local import moto_streams
from distributary.local.dynamodb import LocalDynamoDB
from distributary.tables import DeclaredTable, create_tables
from schemas.change_event import ViewType
from schemas.keys import KeyAttribute

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

NUMBER_KEY = (KeyAttribute("UserId", "N"),)
_numbers = count()


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[LocalDynamoDB]:
    with LocalDynamoDB() as dynamodb:
        yield dynamodb


@pytest.fixture(scope="module", params=["in process", "over the network"])
def clients(request: pytest.FixtureRequest, dynamodb: LocalDynamoDB) -> Iterator[DynamoDBClients]:
    clients = dynamodb.clients() if request.param == "in process" else local_clients(dynamodb.url)
    with closing(clients):
        yield clients


class Users:
    """A new table with a stream, and a reader of the stream who was there from the beginning."""

    def __init__(self, clients: DynamoDBClients) -> None:
        self.name = f"Users{next(_numbers)}"
        self.client = clients.tables
        create_tables(self.client, [DeclaredTable(self.name, NUMBER_KEY, ViewType.NEW_AND_OLD_IMAGES)])
        self._streams = DynamoDBStreams(*clients)
        self._arn = self._streams.find(self.name).arn
        (shard,) = self._streams.shards(self._arn)
        self._iterator = self._streams.iterator(self._arn, shard.shard_id, None)

    def item(self, user_id: int, **attributes: str) -> dict[str, Any]:
        return {"UserId": {"N": str(user_id)}} | {name: {"S": text} for name, text in attributes.items()}

    def put(self, user_id: int, **attributes: str) -> None:
        self.client.put_item(TableName=self.name, Item=self.item(user_id, **attributes))

    def items(self) -> list[Any]:
        return self.client.scan(TableName=self.name)["Items"]

    def changes(self) -> list[tuple[str, str]]:
        """What the stream says since the last call."""
        page = self._streams.read(self._arn, self._iterator)
        assert page.next_iterator is not None
        self._iterator = page.next_iterator
        return [(record["eventName"], record["dynamodb"]["Keys"]["UserId"]["N"]) for record in page.records]


@pytest.fixture
def users(clients: DynamoDBClients) -> Users:
    return Users(clients)


def test_a_transaction_that_holds_is_whole(users: Users) -> None:
    users.put(1)
    users.client.transact_write_items(
        TransactItems=[
            {
                "ConditionCheck": {
                    "TableName": users.name,
                    "Key": users.item(2),
                    "ConditionExpression": "attribute_not_exists(UserId)",
                }
            },
            {"Put": {"TableName": users.name, "Item": users.item(3)}},
            {"Delete": {"TableName": users.name, "Key": users.item(1)}},
        ]
    )
    assert users.items() == [users.item(3)]
    assert users.changes() == [("INSERT", "1"), ("INSERT", "3"), ("REMOVE", "1")]


FAILING_CHECK = {"Key": {"UserId": {"N": "9"}}, "ConditionExpression": "attribute_exists(UserId)"}


@pytest.mark.parametrize(
    "change",
    [
        {"Put": {"Item": {"UserId": {"N": "1"}, "Name": {"S": "new"}}}},
        {"Put": {"Item": {"UserId": {"N": "2"}}}},
        {"Delete": {"Key": {"UserId": {"N": "1"}}}},
        {
            "Update": {
                "Key": {"UserId": {"N": "1"}},
                "UpdateExpression": "SET #n = :n",
                "ExpressionAttributeNames": {"#n": "Name"},
                "ExpressionAttributeValues": {":n": {"S": "new"}},
            }
        },
    ],
    ids=["put over an item", "put of a new item", "delete", "update"],
)
def test_a_cancelled_transaction_leaves_items_and_stream_as_they_were(users: Users, change: dict[str, Any]) -> None:
    ((action, operation),) = change.items()
    users.put(1, Name="old")
    users.changes()
    parts: list[Any] = [
        {action: operation | {"TableName": users.name}},
        {"ConditionCheck": FAILING_CHECK | {"TableName": users.name}},
    ]
    with pytest.raises(ClientError, match="ConditionalCheckFailed") as raised:
        users.client.transact_write_items(TransactItems=parts)
    codes = [reason["Code"] for reason in raised.value.response["CancellationReasons"]]
    assert codes == ["None", "ConditionalCheckFailed"]
    assert users.items() == [users.item(1, Name="old")]
    users.put(5)
    assert users.changes() == [("INSERT", "5")]


@pytest.fixture
def restless_threads() -> Iterator[None]:
    """Threads take turns at every chance there is."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("restless_threads")
def test_updates_at_the_same_time_are_all_counted(users: Users) -> None:
    def add(_: int) -> None:
        users.client.update_item(
            TableName=users.name,
            Key=users.item(1),
            UpdateExpression="ADD Visits :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(add, range(80)))
    assert users.items() == [users.item(1) | {"Visits": {"N": "80"}}]


def test_tables_that_are_there_stay_as_they_are(users: Users) -> None:
    users.put(1)
    create_tables(users.client, [DeclaredTable(users.name, NUMBER_KEY)])
    assert users.items() == [users.item(1)]
    assert users.changes() == [("INSERT", "1")]


def test_a_table_may_have_a_key_of_two_attributes_and_no_stream(clients: DynamoDBClients) -> None:
    key = (KeyAttribute("Tenant", "S"), KeyAttribute("At", "N"))
    name = f"Visits{next(_numbers)}"
    create_tables(clients.tables, [DeclaredTable(name, key)])
    found = clients.tables.describe_table(TableName=name)["Table"]
    assert [(each["AttributeName"], each["KeyType"]) for each in found["KeySchema"]] == [
        ("Tenant", "HASH"),
        ("At", "RANGE"),
    ]
    assert "StreamSpecification" not in found


def test_a_busy_writer_does_not_keep_a_reader_waiting(dynamodb: LocalDynamoDB) -> None:
    with closing(dynamodb.clients()) as clients:
        users = Users(clients)
        reads = 100
        reader = Thread(target=lambda: [users.changes() for _ in range(reads)])
        reader.start()
        writes = 0
        while reader.is_alive():
            users.put(1)
            writes += 1
    assert writes < 50 * reads  # a reader that is kept waiting lets thousands pass each time


@pytest.mark.slow
def test_changes_that_were_read_long_ago_take_no_memory(users: Users, monkeypatch: pytest.MonkeyPatch) -> None:
    def change_and_read(times: int) -> int:
        for number in range(times):
            users.put(1, Name=str(number))
            users.changes()
        gc.collect()
        return sum(str(type(each).__module__).startswith("moto.dynamodb") for each in gc.get_objects())

    monkeypatch.setattr(moto_streams, "KEPT", 10)
    monkeypatch.setattr(moto_streams, "LIVE_ITERATORS", 10)
    before = change_and_read(30)
    assert change_and_read(100) - before < 20


def test_two_in_one_process_know_nothing_of_each_other(users: Users) -> None:
    with LocalDynamoDB() as other, closing(other.clients()) as clients:
        assert clients.tables.list_tables()["TableNames"] == []


def test_with_its_end_nobody_is_served_any_more() -> None:
    with LocalDynamoDB() as dynamodb, closing(local_clients(dynamodb.url)) as clients:
        clients.tables.list_tables()
    with pytest.raises(EndpointConnectionError):
        clients.tables.list_tables()


def test_a_port_that_is_taken_is_an_error(dynamodb: LocalDynamoDB) -> None:
    with pytest.raises(OSError, match="in use"), LocalDynamoDB(int(dynamodb.url.rpartition(":")[2])):
        pass


def test_what_is_mounted_beside_may_itself_ask_dynamodb() -> None:
    def count_tables(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        with closing(local_clients(server.url)) as clients:
            tables = clients.tables.list_tables()["TableNames"]
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [f"{environ['PATH_INFO']}: {len(tables)}".encode()]

    server = LocalDynamoDB(beside=count_tables)
    with server:
        assert httpx.get(f"{server.url}/-/tables").text == "/tables: 0"


def test_a_web_page_under_another_name_reaches_nothing(dynamodb: LocalDynamoDB) -> None:
    assert httpx.post(dynamodb.url, headers={"Host": "evil.example"}).status_code == 403
    assert httpx.get(dynamodb.url).status_code == 404


def test_the_environment_of_aws_does_not_matter(monkeypatch: pytest.MonkeyPatch, dynamodb: LocalDynamoDB) -> None:
    for name, value in {
        "AWS_PROFILE": "nobody",
        "AWS_CONFIG_FILE": "/nowhere",
        "AWS_ACCESS_KEY_ID": "",
        "AWS_DEFAULT_REGION": "mars-east-1",
        "AWS_ENDPOINT_URL": "http://192.0.2.1",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
        "AWS_ACCOUNT_ID_ENDPOINT_MODE": "required",
        "AWS_MAX_ATTEMPTS": "nonsense",
        "AWS_RETRY_MODE": "nonsense",
        "AWS_DEFAULTS_MODE": "auto",
        "HTTP_PROXY": "http://192.0.2.1:1",
        "http_proxy": "http://192.0.2.1:1",
    }.items():
        monkeypatch.setenv(name, value)
    with LocalDynamoDB() as own, closing(local_clients(own.url)) as clients:
        create_tables(clients.tables, [DeclaredTable("Users", NUMBER_KEY, ViewType.KEYS_ONLY)])
        assert DynamoDBStreams(*clients).find("Users").view_type is ViewType.KEYS_ONLY


READY = """
import sys, time
began = time.monotonic()
import rich.live, typer
from distributary.local.dynamodb import LocalDynamoDB
from distributary.tables import DeclaredTable, create_tables
from schemas.change_event import ViewType
from schemas.keys import KeyAttribute
with LocalDynamoDB() as dynamodb:
    clients = dynamodb.clients()
    key = (KeyAttribute("UserId", "N"),)
    images = ViewType.NEW_AND_OLD_IMAGES
    create_tables(clients.tables, [DeclaredTable(name, key, images) for name in ("Users", "Others")])
    peak = open("/proc/self/status").read().partition("VmHWM:")[2].split()[0]
    print(time.monotonic() - began, peak)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads memory as Linux counts it")
def test_it_is_ready_at_once_and_small() -> None:
    ran = subprocess.run([sys.executable, "-c", READY], capture_output=True, text=True, check=True)
    seconds, kilobytes = map(float, ran.stdout.split())
    assert kilobytes / 1024 < 150  # 80 to 95 MB when this was written; the whole pipeline has 300
    assert seconds < 5  # 0.6 to 0.9 s on a quiet machine
