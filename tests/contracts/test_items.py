"""Items and the progress of snapshots keep to their contracts: in memory, on moto, and on a server over HTTP."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import uuid4

import pytest

from bridge.dynamodb_items import DynamoDBItems
from bridge.dynamodb_runs import DynamoDBSnapshotProgress
from bridge.items import Items
from bridge.memory_items import MemoryItems, MemorySnapshotProgress
from bridge.snapshot import SnapshotProgress
from distributary.dynamodb_clients import DynamoDBClients, local_clients
from distributary.local.dynamodb import LocalDynamoDB
from distributary.tables import DeclaredTable, create_tables, declared_tables
from tests.contracts.items import KEY, ItemsContract, SnapshotProgressContract, Table


class MemoryTable:
    def __init__(self) -> None:
        self.name = "Users"
        self._memory = MemoryItems(self.name, KEY)
        self.items: Items = self._memory

    def put(self, item: dict[str, Any]) -> None:
        self._memory.put(item)

    def remove(self, key: dict[str, Any]) -> None:
        self._memory.remove(key)


class DynamoDBTable:
    def __init__(self, clients: DynamoDBClients) -> None:
        self.name = f"Users-{uuid4().hex[:8]}"
        self.items: Items = DynamoDBItems(clients.tables)
        self._client = clients.tables
        create_tables(clients.tables, [DeclaredTable(self.name, KEY)])

    def put(self, item: dict[str, Any]) -> None:
        self._client.put_item(TableName=self.name, Item=_binary(item))

    def remove(self, key: dict[str, Any]) -> None:
        self._client.delete_item(TableName=self.name, Key=key)


def _binary(value: Any) -> Any:
    """The attribute values as boto3 takes them."""
    if isinstance(value, list):
        return [_binary(member) for member in value]
    if isinstance(value, dict):
        return {
            name: base64.b64decode(inner) if name == "B" and isinstance(inner, str) else _binary(inner)
            for name, inner in value.items()
        }
    return value


def runs(clients: DynamoDBClients) -> SnapshotProgress:
    create_tables(clients.tables, [table for table in declared_tables() if table.name == "DistributaryRuns"])
    return DynamoDBSnapshotProgress(clients.tables)


@pytest.fixture(scope="module")
def moto() -> Iterator[DynamoDBClients]:
    with LocalDynamoDB() as dynamodb, closing(dynamodb.clients()) as clients:
        yield clients


@pytest.fixture(scope="module")
def server(dynamodb_url: str) -> Iterator[DynamoDBClients]:
    with closing(local_clients(dynamodb_url)) as clients:
        yield clients


class TestMemoryItems(ItemsContract):
    @pytest.fixture
    def table(self) -> Table:
        return MemoryTable()


class TestDynamoDBItems(ItemsContract):
    @pytest.fixture
    def table(self, moto: DynamoDBClients) -> Table:
        return DynamoDBTable(moto)


class TestDynamoDBItemsOnAServer(ItemsContract):
    @pytest.fixture
    def table(self, server: DynamoDBClients) -> Table:
        return DynamoDBTable(server)


class TestMemorySnapshotProgress(SnapshotProgressContract):
    @pytest.fixture
    def kept(self) -> SnapshotProgress:
        return MemorySnapshotProgress()


class TestDynamoDBSnapshotProgress(SnapshotProgressContract):
    @pytest.fixture
    def kept(self, moto: DynamoDBClients) -> SnapshotProgress:
        return runs(moto)


class TestDynamoDBSnapshotProgressOnAServer(SnapshotProgressContract):
    @pytest.fixture
    def kept(self, server: DynamoDBClients) -> SnapshotProgress:
        return runs(server)
