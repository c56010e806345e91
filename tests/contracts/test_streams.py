"""The streams in memory, and DynamoDB's through boto3 on moto, keep to their contract."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import count

import pytest

from bridge.dynamodb_streams import DynamoDBStreams
from bridge.memory_streams import MemoryStreams
from bridge.streams import Streams
from distributary.dynamodb_clients import DynamoDBClients
from distributary.local import moto_streams
from distributary.local.dynamodb import LocalDynamoDB
from distributary.tables import DeclaredTable, create_tables
from schemas.change_event import ViewType
from tests.contracts.streams import KEY, AgeingStreamsContract, Table, begin
from tests.records import arn, record

_numbers = count()


class MemoryTable:
    def __init__(self) -> None:
        self.name = f"Users{next(_numbers)}"
        self._memory = MemoryStreams(self.name, arn(self.name))
        self.streams: Streams = self._memory
        self._shard = self._memory.open("shard")

    def write(self, *user_ids: int) -> None:
        for user_id in user_ids:
            self._shard.records.append(record("INSERT", user_id, user_id=user_id, after={}, table=self.name))

    def expire(self) -> None:
        self._memory.expire()

    def trim(self) -> None:
        self._shard.trimmed = len(self._shard.records)


class DynamoDBTable:
    def __init__(self, clients: DynamoDBClients, monkeypatch: pytest.MonkeyPatch) -> None:
        self.name = f"Users{next(_numbers)}"
        self.streams: Streams = DynamoDBStreams(*clients)
        self._clients = clients
        self._monkeypatch = monkeypatch
        create_tables(clients.tables, [DeclaredTable(self.name, KEY, ViewType.NEW_AND_OLD_IMAGES)])

    def write(self, *user_ids: int) -> None:
        for user_id in user_ids:
            self._clients.tables.put_item(TableName=self.name, Item={"UserId": {"N": str(user_id)}})

    def expire(self) -> None:
        self._monkeypatch.setattr(moto_streams, "LIVE_ITERATORS", 1)
        for _ in range(2):
            begin(self)

    def trim(self) -> None:
        self._monkeypatch.setattr(moto_streams, "KEPT", 0)
        arn, page = begin(self)
        assert page.next_iterator is not None
        self.streams.read(arn, page.next_iterator)


@pytest.fixture(scope="module")
def clients() -> Iterator[DynamoDBClients]:
    with LocalDynamoDB() as dynamodb, closing(dynamodb.clients()) as clients:
        yield clients


class TestMemoryStreams(AgeingStreamsContract):
    @pytest.fixture
    def table(self) -> Table:
        return MemoryTable()


class TestDynamoDBStreams(AgeingStreamsContract):
    @pytest.fixture
    def table(self, clients: DynamoDBClients, monkeypatch: pytest.MonkeyPatch) -> Table:
        return DynamoDBTable(clients, monkeypatch)
