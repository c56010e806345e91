"""The read model in a DynamoDB table keeps to its contract, on moto."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, ClassVar

import pytest

from consumers.errors import Outage
from consumers.read_model import APPLIED, STALE, Document, ReadModel, WriteOutcome, WriteStatus
from consumers.read_models.dynamodb import DynamoDBTable
from consumers.read_models.dynamodb_steps import EXPIRES_AT, REMOVALS
from consumers.read_models.version_guard import Found
from consumers.writes import Fields, Put, Remove, VersionedWrite
from distributary.local.dynamodb import LocalDynamoDB
from schemas.errors import InvalidKey
from schemas.keys import KeySchema
from tests.contracts import dynamodb_tables
from tests.contracts.documents import COMPOSITE_KEY, NUMBER_KEY, one, put, remove, version
from tests.contracts.dynamodb_replacing import TwoRowsContract
from tests.contracts.dynamodb_tables import NOW, Tables, on_the_model
from tests.contracts.read_model import ReadModelContract, Store
from tests.contracts.rebuilding import RebuildingContract
from tests.contracts.replacing import ReplacingContract, SharedContract
from tests.unit import version_guard_model as model

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


_numbers = count(1)


@pytest.fixture(scope="session")
def dynamodb() -> Iterator[LocalDynamoDB]:
    """A DynamoDB for all tests of the process."""
    with LocalDynamoDB() as dynamodb:
        yield dynamodb


@pytest.fixture(scope="session")
def client(dynamodb: LocalDynamoDB) -> Iterator[DynamoDBClient]:
    """A client of it."""
    with closing(dynamodb.clients()) as clients:
        yield clients.tables


@pytest.fixture
def make_tables(client: DynamoDBClient) -> Callable[[KeySchema], Tables]:
    """Makes tables of its own for a test."""

    def make(schema: KeySchema) -> Tables:
        return dynamodb_tables.make_tables(client, str(next(_numbers)), schema)

    return make


@pytest.fixture
def tables(make_tables: Callable[[KeySchema], Tables]) -> Tables:
    """Tables whose key is a number."""
    return make_tables(NUMBER_KEY)


class TestDynamoDBTable(ReadModelContract, ReplacingContract, RebuildingContract, SharedContract, TwoRowsContract):
    """A table and its removals table are the store."""

    examples: ClassVar[int] = 20
    replacing_examples: ClassVar[int] = 20

    @pytest.fixture
    def made(self) -> list[Tables]:
        """The tables of the test's stores."""
        return []

    @pytest.fixture
    def somebody_else(self, made: list[Tables]) -> Callable[[str], None]:
        """See `SharedContract.somebody_else`."""
        return lambda key: made[-1].put_as_somebody_else({"UserId": {"N": key}})

    @pytest.fixture
    def make_store(
        self, make_tables: Callable[[KeySchema], Tables], made: list[Tables]
    ) -> Iterator[Callable[[KeySchema], Store]]:
        """See `ReadModelContract.make_store`."""
        opened: list[DynamoDBTable] = []

        def make(schema: KeySchema) -> Store:
            tables = make_tables(schema)
            made.append(tables)

            def open_table() -> ReadModel:
                opened.append(tables.open())
                return opened[-1]

            return open_table

        yield make
        for read_model in opened:
            read_model.close()


def test_a_removed_item_leaves_nothing_but_a_removal_that_expires(tables: Tables) -> None:
    tables.open().apply([put("1", 1)])
    tables.open().apply([remove("1", 2)])
    assert tables.item("1") == {}
    assert tables.removal("1") == {
        REMOVALS.key[0].name: {"S": f"{tables.table.name}#1"},
        "source_version": {"S": version(2)},
        EXPIRES_AT: {"N": str(int(NOW) + 30 * 24 * 3600)},
    }


def test_the_version_stands_beside_the_documents_attributes(tables: Tables) -> None:
    tables.open().apply([put("1", 1, Name="Ann")])
    assert tables.item("1") == {"UserId": {"N": "1"}, "Name": {"S": "Ann"}, "source_version": {"S": version(1)}}


def test_an_item_of_somebody_else_is_given_without_a_version(tables: Tables) -> None:
    tables.put_as_somebody_else({"UserId": {"N": "1"}, "Name": {"S": "Ann"}})
    assert tables.open().get("1") == Document("1", None, {"UserId": 1, "Name": "Ann"})
    assert list(tables.open().scan()) == [Document("1", None, {"UserId": 1, "Name": "Ann"})]


def test_an_item_of_somebody_else_is_taken_over_by_any_put(tables: Tables) -> None:
    tables.put_as_somebody_else({"UserId": {"N": "1"}, "Theirs": {"S": "x"}})
    assert one(tables.open(), VersionedWrite(Put("1", {"UserId": 1}), "0")) == APPLIED
    assert tables.open().get("1") == Document("1", "0", {"UserId": 1})


def test_an_item_of_somebody_else_is_taken_away_by_any_removal(tables: Tables) -> None:
    tables.put_as_somebody_else({"UserId": {"N": "1"}})
    assert one(tables.open(), VersionedWrite(Remove("1"), "0~")) == APPLIED
    assert tables.item("1") == {}


FOUND = (None, Found(None), Found("1"), Found("2"), Found("3"))


@pytest.mark.parametrize("removal", FOUND[:1] + FOUND[2:])
@pytest.mark.parametrize("item", FOUND)
@pytest.mark.parametrize("write", [Put("1", {"UserId": 1}), Remove("1")], ids=["put", "remove"])
def test_a_step_does_to_the_table_what_it_does_to_the_model(
    tables: Tables, write: Put | Remove, item: Found | None, removal: Found | None
) -> None:
    versioned = VersionedWrite(write, "2")
    tables.leave("1", model.Store(item, removal))
    outcome, store = on_the_model(versioned, model.Store(item, removal))
    assert one(tables.open(), versioned) == outcome
    assert tables.left("1") == store


def test_a_repeated_removal_finishes_what_its_first_writer_left_undone(tables: Tables) -> None:
    tables.leave("1", model.Store(item=Found("1"), removal=Found("2")))
    assert one(tables.open(), VersionedWrite(Remove("1"), "2")) == APPLIED
    assert tables.left("1") == model.Store(item=None, removal=Found("2"))


@pytest.mark.parametrize(("theirs", "outcome", "left"), [("1", APPLIED, "2"), ("3", STALE, "3")])
def test_an_item_that_appears_just_before_the_insert_is_compared_with(
    dynamodb: LocalDynamoDB, tables: Tables, theirs: str, outcome: WriteOutcome, left: str
) -> None:
    with closing(dynamodb.clients()) as clients:
        clients.tables.meta.events.register_first(
            "before-call.dynamodb.TransactWriteItems",
            lambda **_: tables.leave("1", model.Store(item=Found(theirs), removal=None)),
        )
        overtaken = replace(tables, client=clients.tables)
        assert one(overtaken.open(), VersionedWrite(Put("1", {}), "2")) == outcome
    assert tables.left("1") == model.Store(item=Found(left), removal=None)


@pytest.mark.parametrize("there", [True, False])
def test_an_item_that_is_too_large_is_refused(tables: Tables, there: bool) -> None:
    if there:
        tables.open().apply([put("1", 1)])
    outcome = one(tables.open(), put("1", 2, Text="x" * 410_000))
    assert outcome.status is WriteStatus.REFUSED
    assert "size" in outcome.reason
    assert tables.open().get("1") == (Document("1", version(1), {"UserId": 1}) if there else None)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"UserId": 1, "Share": 0.5}, "document.Share"),
        ({"UserId": 1, "Text": "\ud800"}, "document.Text"),
        ({"UserId": 1, "Number": 10**38 + 1}, "document.Number"),
        ({"UserId": 1, "Number": Decimal("NaN")}, "document.Number"),
        ({"UserId": 1, "Nobody": frozenset()}, "document.Nobody"),
        ({"UserId": 2}, "key"),
        ({"UserId": "1"}, "document.UserId"),
        ({"UserId": 1, "source_version": "mine"}, "source_version"),
    ],
)
def test_a_document_that_dynamodb_cannot_hold_is_refused(tables: Tables, document: Fields, reason: str) -> None:
    outcome = one(tables.open(), VersionedWrite(Put("1", document), version(1)))
    assert outcome.status is WriteStatus.REFUSED
    assert reason in outcome.reason
    assert tables.item("1") == {}


def test_a_document_need_not_hold_its_key(tables: Tables) -> None:
    assert one(tables.open(), VersionedWrite(Put("1", {}), version(1))) == APPLIED
    assert tables.open().get("1") == Document("1", version(1), {"UserId": 1})


@pytest.mark.parametrize("key", ["", "|b", "a|", "a", "a|b|c", "x" * 2049 + "|b", "a|" + "x" * 1025])
def test_a_key_that_the_table_cannot_have_is_refused(make_tables: Callable[[KeySchema], Tables], key: str) -> None:
    outcome = one(make_tables(COMPOSITE_KEY).open(), VersionedWrite(Put(key, {}), version(1)))
    assert outcome.status is WriteStatus.REFUSED


def test_the_removal_of_a_key_of_another_table_is_refused(tables: Tables) -> None:
    outcome = one(tables.open(), VersionedWrite(Remove("Ann"), version(1)))
    assert outcome.status is WriteStatus.REFUSED
    assert "Ann" in outcome.reason


@pytest.mark.parametrize("key", ["", "|b", "a", "a|"])
def test_asking_for_a_key_that_the_table_cannot_have_is_an_error(
    make_tables: Callable[[KeySchema], Tables], key: str
) -> None:
    with pytest.raises(InvalidKey):
        make_tables(COMPOSITE_KEY).open().get(key)


def test_a_long_key_is_hashed_in_the_removals_table(make_tables: Callable[[KeySchema], Tables]) -> None:
    tables = make_tables(COMPOSITE_KEY)
    longest, too_long = "a|" + "x" * 398, "a|" + "x" * 399
    tables.open().apply([VersionedWrite(Remove(key), version(1)) for key in (longest, too_long)])
    assert tables.removal(longest)
    assert tables.removal(hashlib.sha256(too_long.encode()).hexdigest())


def test_a_missing_table_is_an_outage(tables: Tables) -> None:
    tables.client.delete_table(TableName=tables.table.name)
    assert_failed(tables, put("1", 1))
    with pytest.raises(Outage, match="ResourceNotFound"):
        list(tables.open().scan())


def test_a_missing_removals_table_is_an_outage(tables: Tables) -> None:
    tables.client.delete_table(TableName=tables.removals.name)
    assert_failed(tables, put("1", 1))
    assert_failed(tables, remove("1", 1))


def assert_failed(tables: Tables, write: VersionedWrite) -> None:
    assert one(tables.open(), write).status is WriteStatus.FAILED
