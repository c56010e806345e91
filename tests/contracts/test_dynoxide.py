"""What is kept in DynamoDB keeps to its contracts on a real server too, over HTTP."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from uuid import uuid4

import pytest

from bridge.dynamodb_positions import DynamoDBPositions
from bridge.dynamodb_streams import DynamoDBStreams
from bridge.errors import StreamUnavailable
from bridge.memory_streams import MemoryShardPositions
from bridge.stream_record import check
from bridge.streams import SHARD_END, ShardPositions, Streams
from bridge.translate import translate
from consumers.read_models.dynamodb_steps import REMOVALS
from distributary.dynamodb_clients import DynamoDBClients, local_clients
from distributary.tables import DeclaredTable, create_tables, declared_tables
from schemas.change_event import Operation, ViewType
from schemas.errors import InvalidKey
from schemas.keys import KeyAttribute, KeySchema
from schemas.topics import TOPICS
from tests.contracts import dynamodb_tables, test_dynamodb_table
from tests.contracts.documents import COMPOSITE_KEY, NUMBER_KEY
from tests.contracts.dynamodb_replacing import NO_KEYS
from tests.contracts.dynamodb_tables import Tables
from tests.contracts.streams import StreamsContract


@pytest.fixture(scope="module")
def clients(dynamodb_url: str) -> Iterator[DynamoDBClients]:
    with closing(local_clients(dynamodb_url)) as clients:
        yield clients


class TestDynoxideTable(test_dynamodb_table.TestDynamoDBTable):
    """The read model's contract."""

    @pytest.fixture
    def make_tables(self, clients: DynamoDBClients) -> Callable[[KeySchema], Tables]:
        def make(schema: KeySchema) -> Tables:
            return dynamodb_tables.make_tables(clients.tables, uuid4().hex, schema)

        return make

    @pytest.mark.parametrize("key", NO_KEYS)
    def test_a_key_that_the_table_cannot_have_is_named_among_others(
        self, make_tables: Callable[[KeySchema], Tables], key: str
    ) -> None:
        table = make_tables(COMPOSITE_KEY).open()
        with pytest.raises(InvalidKey, match=re.escape(repr(key))):
            table.states([*(f"{number}|b" for number in range(9)), key])
        table.close()


class StreamedTable:
    """A table with a stream; dynoxide's never age, and it answers for shards that it does not know."""

    def __init__(self, clients: DynamoDBClients) -> None:
        self.name = f"U-{uuid4().hex}"
        self.streams: Streams = DynamoDBStreams(*clients)
        self._clients = clients
        create_tables(clients.tables, [DeclaredTable(self.name, NUMBER_KEY, ViewType.NEW_AND_OLD_IMAGES)])

    def write(self, *user_ids: int) -> None:
        for user_id in user_ids:
            self._clients.tables.put_item(TableName=self.name, Item={"UserId": {"N": str(user_id)}})

    def expire(self) -> None:
        raise AssertionError

    def trim(self) -> None:
        raise AssertionError


class TestDynoxideStreams(StreamsContract):
    """The streams' contract."""

    @pytest.fixture
    def table(self, clients: DynamoDBClients) -> StreamedTable:
        return StreamedTable(clients)


def test_its_stream_becomes_change_events_whose_versions_grow(clients: DynamoDBClients) -> None:
    name = f"Users-{uuid4().hex}"
    create_tables(clients.tables, [DeclaredTable(name, NUMBER_KEY, ViewType.NEW_AND_OLD_IMAGES)])
    key = {"UserId": {"N": "1"}}
    clients.tables.put_item(TableName=name, Item={**key, "Username": {"S": "ann"}})
    clients.tables.put_item(TableName=name, Item={**key, "Username": {"S": "anna"}})
    clients.tables.delete_item(TableName=name, Key=key)
    streams = DynamoDBStreams(*clients)
    found = streams.find(name)
    (shard,) = streams.shards(found.arn)
    page = streams.read(found.arn, streams.iterator(found.arn, shard.shard_id, None))
    events = [translate(check(record), TOPICS[0], NUMBER_KEY, {}) for record in page.records]
    assert [event.operation for event in events] == [Operation.INSERT, Operation.MODIFY, Operation.REMOVE]
    assert sorted(event.version for event in events) == [event.version for event in events]
    assert len({event.version for event in events}) == 3
    names = [[None if item is None else item["Username"] for item in (event.before, event.after)] for event in events]
    assert names == [[None, "ann"], ["ann", "anna"], ["anna", None]]


def test_the_tables_of_a_pipeline_are_made_once_and_removals_expire(clients: DynamoDBClients) -> None:
    for _ in range(2):
        create_tables(clients.tables, declared_tables())
    found = clients.tables.describe_time_to_live(TableName=REMOVALS.name)["TimeToLiveDescription"]
    assert (found["TimeToLiveStatus"], found["AttributeName"]) == ("ENABLED", "expires_at")


@pytest.fixture(params=["memory", "dynamodb"])
def positions(request: pytest.FixtureRequest, clients: DynamoDBClients) -> ShardPositions:
    if request.param == "memory":
        return MemoryShardPositions()
    table = DeclaredTable(f"Positions-{uuid4().hex}", (KeyAttribute("stream", "S"), KeyAttribute("shard", "S")))
    create_tables(clients.tables, [table])
    return DynamoDBPositions(clients.tables, table.name)


def test_a_shard_has_the_position_that_was_put_last_and_no_other_shards(positions: ShardPositions) -> None:
    assert positions.get("arn", "shard") is None
    positions.put("arn", "shard", "1")
    positions.put("arn", "shard", "22")
    positions.put("arn", "other", SHARD_END)
    assert [positions.get("arn", shard) for shard in ("shard", "other", "none")] == ["22", SHARD_END, None]
    assert positions.get("another arn", "shard") is None


def test_positions_that_cannot_be_used_are_an_outage(clients: DynamoDBClients) -> None:
    nowhere = DynamoDBPositions(clients.tables, "Nowhere")
    with pytest.raises(StreamUnavailable, match=r"positions cannot be used: .*ResourceNotFound"):
        nowhere.get("arn", "shard")
    with pytest.raises(StreamUnavailable, match=r"positions cannot be used: .*ResourceNotFound"):
        nowhere.put("arn", "shard", "1")
