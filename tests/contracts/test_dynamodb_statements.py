"""A DynamoDB table whose fields are a closed list keeps to the read model's contract, many updates in a request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import ClassVar
from uuid import uuid4

import pytest

from consumers.read_model import APPLIED, STALE, Document, WriteStatus
from consumers.read_models.version_guard import Found
from consumers.writes import Put, Remove, VersionedWrite
from distributary.dynamodb_clients import DynamoDBClients, local_clients
from schemas.keys import KeySchema
from tests.contracts import dynamodb_tables, test_dynamodb_table
from tests.contracts.documents import EVERY_TYPE, NUMBER_KEY, one, put, remove, version
from tests.contracts.dynamodb_tables import Tables, on_the_model
from tests.unit import version_guard_model as model

ODD_NAMES = ('a"b', "a'b", "a.b", "a[0]", "a b", "size", "SET", "#x", ":y", "?", "é", "\\", "--")
FIELDS = (*EVERY_TYPE, *ODD_NAMES, "Bad", "Length", "Name", "Phone", "Share", "Skills", "Tenant", "Turn")


@pytest.fixture(scope="module")
def clients(dynamodb_url: str) -> Iterator[DynamoDBClients]:
    with closing(local_clients(dynamodb_url)) as clients:
        yield clients


@pytest.fixture
def make_tables(clients: DynamoDBClients) -> Callable[[KeySchema], Tables]:
    """Makes tables of its own for a test."""
    return lambda schema: dynamodb_tables.make_tables(clients.tables, uuid4().hex, schema, FIELDS)


@pytest.fixture
def tables(make_tables: Callable[[KeySchema], Tables]) -> Tables:
    return make_tables(NUMBER_KEY)


class TestStatements(test_dynamodb_table.TestDynamoDBTable):
    """The read model's contract."""

    examples: ClassVar[int] = 60


@pytest.mark.parametrize("removal", test_dynamodb_table.FOUND[:1] + test_dynamodb_table.FOUND[2:])
@pytest.mark.parametrize("item", test_dynamodb_table.FOUND)
@pytest.mark.parametrize("asked", [Put("1", {"UserId": 1}), Remove("1")], ids=["put", "remove"])
def test_a_step_does_to_the_table_what_it_does_to_the_model(
    tables: Tables, item: Found | None, removal: Found | None, asked: Put | Remove
) -> None:
    write = VersionedWrite(asked, "2")
    tables.leave("1", model.Store(item, removal))
    outcome, store = on_the_model(write, model.Store(item, removal), revising=True)
    assert one(tables.open(), write) == outcome
    assert tables.left("1") == store


def test_what_a_document_lacks_goes_and_what_it_has_comes(tables: Tables) -> None:
    table = tables.open()
    one(table, VersionedWrite(Put("1", EVERY_TYPE), version(1)))
    assert one(table, put("1", 2, Name="Ann", Map={"x": 1})) == APPLIED
    assert table.get("1") == Document("1", version(2), {"UserId": 1, "Name": "Ann", "Map": {"x": 1}})


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_field_of_any_name_is_set_and_removed(tables: Tables, name: str) -> None:
    table = tables.open()
    for number, fields in enumerate(({}, {name: "first"}, {name: "second", "Name": "Ann"}, {"Name": "Ann"}), 1):
        assert one(table, put("1", number, **fields)) == APPLIED
        assert table.get("1") == Document("1", version(number), {"UserId": 1, **fields})


def test_somebody_elses_item_is_taken_over_whole(tables: Tables) -> None:
    tables.put_as_somebody_else({"UserId": {"N": "1"}, "Theirs": {"S": "x"}, "Name": {"S": "Bo"}})
    assert one(tables.open(), put("1", 1, Phone="1")) == APPLIED
    assert tables.open().get("1") == Document("1", version(1), {"UserId": 1, "Phone": "1"})


def test_every_kind_of_write_in_one_batch_has_its_own_outcome(tables: Tables) -> None:
    table = tables.open()
    table.apply([put(str(number), 5) for number in range(1, 71)])
    table.apply([remove("71", 5), remove("72", 5)])
    tables.put_as_somebody_else({"UserId": {"N": "73"}, "Theirs": {"S": "x"}})
    writes = [
        *(put(str(number), 6, Name="Ann") for number in range(1, 60)),
        put("60", 6, Text="x" * 410_000),
        put("61", 5),
        put("62", 4, Name="old"),
        remove("63", 6),
        put("71", 5),
        put("72", 6),
        put("73", 1),
        put("74", 1),
    ]
    outcomes = table.apply(writes)
    assert outcomes[:59] == [APPLIED] * 59
    assert outcomes[59].status is WriteStatus.REFUSED
    assert "size" in outcomes[59].reason
    assert outcomes[60:] == [STALE, STALE, APPLIED, STALE, APPLIED, APPLIED, APPLIED]
    assert table.get("60") == Document("60", version(5), {"UserId": 60})
    assert table.get("62") == Document("62", version(5), {"UserId": 62})
    assert {document.key for document in table.scan()} == {str(n) for n in range(1, 75)} - {"63", "71"}


def test_new_items_go_together_and_none_waits_for_one_that_may_not_come_back(tables: Tables) -> None:
    table = tables.open()
    assert table.apply([remove(str(number), 5) for number in (3, 30, 55)]) == [APPLIED] * 3
    outcomes = table.apply([put(str(number), 2, Name="Ann") for number in range(1, 61)])
    assert outcomes == [STALE if number in (3, 30, 55) else APPLIED for number in range(1, 61)]
    assert {document.key for document in table.scan()} == {str(n) for n in range(1, 61)} - {"3", "30", "55"}


def test_removals_go_together_whatever_they_meet(tables: Tables) -> None:
    table = tables.open()
    table.apply([put(str(number), 5) for number in range(1, 61)])
    tables.put_as_somebody_else({"UserId": {"N": "61"}})
    table.apply([remove("62", 7)])
    writes = [remove(str(number), 4 if number % 10 == 0 else 6) for number in range(1, 64)]
    expected = [STALE if number % 10 == 0 or number == 62 else APPLIED for number in range(1, 64)]
    assert table.apply(writes) == expected
    assert {document.key for document in table.scan()} == {"10", "20", "30", "40", "50", "60"}
    assert table.apply(writes) == [STALE] * 63
    assert table.apply([put(str(number), 5) for number in range(1, 10)]) == [STALE] * 9


def test_a_removal_under_a_key_that_is_none_is_refused_and_no_neighbour_suffers(tables: Tables) -> None:
    table = tables.open()
    table.apply([put("1", 1)])
    refused, applied = table.apply([remove("no number", 2), remove("1", 2)])
    assert refused.status is WriteStatus.REFUSED
    assert applied == APPLIED


def test_a_batch_that_comes_again_is_stale_and_changes_nothing(tables: Tables) -> None:
    table = tables.open()
    writes = [put(str(number), 2, Name="Ann") for number in range(40)]
    table.apply([put(str(number), 1) for number in range(40)])
    assert table.apply(writes) == [APPLIED] * 40
    assert table.apply(writes) == [STALE] * 40


def test_a_missing_table_is_an_outage(tables: Tables) -> None:
    tables.client.delete_table(TableName=tables.table.name)
    (outcome,) = tables.open().apply([put("1", 1)])
    assert outcome.status is WriteStatus.FAILED
    assert "ResourceNotFound" in outcome.reason
