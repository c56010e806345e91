"""Writes with boto3 come out of the poller as Lambda would deliver them: once each, in order, and exact."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from random import Random
from threading import Event, Thread
from typing import Any

import pytest

from bridge.accounts import BatchResult
from bridge.dynamodb_streams import DynamoDBStreams
from bridge.memory_streams import MemoryShardPositions
from bridge.poller import Poller
from bridge.stream_record import check
from distributary.dynamodb_clients import DynamoDBClients
from distributary.local.dynamodb import LocalDynamoDB
from distributary.tables import DeclaredTable, create_tables
from schemas.change_event import Operation, ViewType
from schemas.keys import KeyAttribute
from schemas.topics import Topic

USERS = Topic("Users", "users.changes", item_record="users")
EVERY_TYPE: dict[str, Any] = {
    "Username": {"S": ""},
    "Whole": {"N": "12345678901234567890123456789012345678"},
    "Small": {"N": "-1.50E-120"},
    "Avatar": {"B": b"\x00\xff"},
    "Empty": {"B": b""},
    "Active": {"BOOL": False},
    "Gone": {"NULL": True},
    "Roles": {"SS": ["a", "b"]},
    "Scores": {"NS": ["1", "2.50"]},
    "Prints": {"BS": [b"\x01", b"\x02"]},
    "Skills": {"L": [{"S": "x"}, {"B": b"\x03"}, {"M": {}}, {"L": []}]},
    "Preferences": {"M": {"deep": {"M": {"binary": {"B": b"\x04"}, "set": {"BS": [b"\x05"]}, "n": {"N": "1.0"}}}}},
}


def in_json(value: Any) -> Any:
    """The value with its binary as base64 text."""
    match value:
        case bytes():
            return base64.b64encode(value).decode("ascii")
        case dict():
            return {name: in_json(member) for name, member in value.items()}
        case list():
            return [in_json(member) for member in value]
    return value


class Capture:
    """A table, and what a poller relayed of its stream; `returns` are places in the whole where a batch is returned."""

    def __init__(self, clients: DynamoDBClients, returns: Sequence[int] = ()) -> None:
        create_tables(
            clients.tables, [DeclaredTable("Users", (KeyAttribute("UserId", "N"),), ViewType.NEW_AND_OLD_IMAGES)]
        )
        self.client = clients.tables
        self.records: list[Mapping[str, Any]] = []
        self._returns = list(returns)
        self._seconds = 0.0
        self.poller = Poller(
            USERS,
            DynamoDBStreams(*clients),
            MemoryShardPositions(),
            self._relay,
            clock=self._clock,
            chance=Random(1).random,
        )

    def put(self, user_id: int, **attributes: Any) -> None:
        self.client.put_item(TableName="Users", Item={"UserId": {"N": str(user_id)}, **attributes})

    def _clock(self) -> float:
        """A second passes between any two looks, so that no wait is long."""
        self._seconds += 1.0
        return self._seconds

    def _relay(self, records: Sequence[Mapping[str, Any]]) -> BatchResult:
        done = len(self.records)
        if self._returns and done <= self._returns[0] < done + len(records):
            at = self._returns.pop(0) - done
            self.records += records[:at]
            return BatchResult({}, records[at]["dynamodb"]["SequenceNumber"])
        self.records += records
        return BatchResult({})


@pytest.fixture
def clients() -> Iterator[DynamoDBClients]:
    with LocalDynamoDB() as dynamodb, closing(dynamodb.clients()) as clients:
        yield clients


def test_an_item_of_every_type_comes_out_exact_in_each_operation(clients: DynamoDBClients) -> None:
    capture = Capture(clients)
    capture.put(1, **EVERY_TYPE)
    capture.put(1, Username={"S": "new"})
    capture.client.delete_item(TableName="Users", Key={"UserId": {"N": "1"}})
    capture.poller.poll_once()

    inserted, modified, removed = map(check, capture.records)
    key = {"UserId": {"N": "1"}}
    old, new = key | in_json(EVERY_TYPE), key | {"Username": {"S": "new"}}
    assert (inserted.operation, inserted.old_image, inserted.new_image) == (Operation.INSERT, None, old)
    assert (modified.operation, modified.old_image, modified.new_image) == (Operation.MODIFY, old, new)
    assert (removed.operation, removed.old_image, removed.new_image) == (Operation.REMOVE, new, None)
    assert {str(each.keys) for each in (inserted, modified, removed)} == {str(key)}
    assert {each.stream.table for each in (inserted, modified, removed)} == {"Users"}


@pytest.mark.slow
def test_changes_come_once_each_and_in_order_over_pages_and_returns(clients: DynamoDBClients) -> None:
    capture = Capture(clients, returns=[0, 1, 999, 1000, 1080])
    for number in range(1100):
        capture.put(number % 7, Username={"S": str(number)})
    stop = Event()
    thread = Thread(target=capture.poller.run, args=(stop,))
    thread.start()
    try:
        assert capture.poller.wait_for_empty_pass(20)
    finally:
        stop.set()
        thread.join()
    names = [record["dynamodb"]["NewImage"]["Username"]["S"] for record in capture.records]
    assert names == [str(number) for number in range(1100)]


def test_a_cancelled_transaction_is_no_change(clients: DynamoDBClients) -> None:
    capture = Capture(clients)
    capture.poller.poll_once()
    put: Any = {"TableName": "Users", "Item": {"UserId": {"N": "1"}}}
    absent: Any = {
        "TableName": "Users",
        "Key": {"UserId": {"N": "2"}},
        "ConditionExpression": "attribute_exists(UserId)",
    }
    with pytest.raises(clients.tables.exceptions.TransactionCanceledException):
        clients.tables.transact_write_items(TransactItems=[{"Put": put}, {"ConditionCheck": absent}])
    capture.put(3)
    capture.poller.poll_once()
    assert [check(record).keys for record in capture.records] == [{"UserId": {"N": "3"}}]
