"""Many updates in one request: what is asked, and what each answer means to its own write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError

from consumers.read_model import APPLIED, STALE, Table, WriteOutcome, WriteStatus
from consumers.read_models.dynamodb import DynamoDBTable
from consumers.read_models.dynamodb_statements import MAX_TEXT, can_be_stated
from consumers.writes import Put, VersionedWrite
from tests.contracts.documents import COMPOSITE_KEY, NUMBER_KEY, named, put, remove, version
from tests.dynamodb_answers import Answers

DONE: dict[str, Any] = {"TableName": "Users"}
USERS = Table("Users", NUMBER_KEY, fields=("Name", "Phone"))


def said(code: str, message: str = "so it is", item: dict[str, Any] | None = None) -> dict[str, Any]:
    """The answer to a statement that was not carried out."""
    return {"Error": {"Code": code, "Message": message} | ({} if item is None else {"Item": item})}


def batch(*responses: dict[str, Any]) -> dict[str, Any]:
    """The answer to a request."""
    return {"Responses": list(responses)}


@pytest.fixture
def table_of() -> Iterator[Callable[..., DynamoDBTable]]:
    """A table whose server answers from a script, one request at a time."""
    with ExitStack() as opened:

        def make(answers: Answers, table: Table = USERS) -> DynamoDBTable:
            clients = opened.enter_context(closing(answers.clients()))
            return opened.enter_context(closing(DynamoDBTable(table, clients.tables, lambda: 0.0, parallel=1)))

        yield make


def statuses(outcomes: list[WriteOutcome]) -> list[str]:
    return [outcome.status.value for outcome in outcomes]


def test_updates_go_together_each_with_its_values_its_removals_and_its_condition(
    table_of: Callable[..., DynamoDBTable],
) -> None:
    answers = Answers(batch(DONE, DONE))
    outcomes = table_of(answers).apply([put("1", 1, Name="Ann", Phone=7), put("2", 2, Name=b"\x00\xff")])
    assert outcomes == [APPLIED, APPLIED]
    ann, other = ({"S": version(number)} for number in (1, 2))
    assert answers.asked == [
        {
            "Statements": [
                {
                    "Statement": 'UPDATE "Users" SET "Name"=?, "Phone"=?, "source_version"=? '
                    'WHERE "UserId"=? AND source_version < ?',
                    "Parameters": [{"S": "Ann"}, {"N": "7"}, ann, {"N": "1"}, ann],
                    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                },
                {
                    "Statement": 'UPDATE "Users" SET "Name"=?, "source_version"=? REMOVE "Phone" '
                    'WHERE "UserId"=? AND source_version < ?',
                    "Parameters": [{"B": "AP8="}, other, {"N": "2"}, other],
                    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                },
            ]
        }
    ]
    assert answers.headers[0]["X-Amz-Target"] == "DynamoDB_20120810.BatchExecuteStatement"
    assert answers.headers[0]["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=local/")


def test_a_composite_key_is_named_whole(table_of: Callable[..., DynamoDBTable]) -> None:
    answers = Answers(batch(DONE))
    table = Table("Tenants", COMPOSITE_KEY, fields=("Length", "Tenant"))
    assert table_of(answers, table).apply([VersionedWrite(Put("a|b", named("a|b")), "1")]) == [APPLIED]
    (statement,) = answers.asked[0]["Statements"]
    assert statement["Statement"] == (
        'UPDATE "Tenants" SET "Length"=?, "source_version"=? WHERE "Tenant"=? AND "Name"=? AND source_version < ?'
    )
    assert statement["Parameters"] == [{"N": "3"}, {"S": "1"}, {"S": "a"}, {"S": "b"}, {"S": "1"}]


def test_at_most_25_go_in_a_request(table_of: Callable[..., DynamoDBTable]) -> None:
    answers = Answers(batch(*[DONE] * 25), batch(*[DONE] * 25), batch(DONE))
    assert table_of(answers).apply([put(str(number), 1) for number in range(51)]) == [APPLIED] * 51
    assert [len(asked["Statements"]) for asked in answers.asked] == [25, 25, 1]


def test_large_ones_go_in_more_requests(table_of: Callable[..., DynamoDBTable]) -> None:
    answers = Answers(batch(DONE, DONE), batch(DONE))
    writes = [put(str(number), 1, Name="x" * 390_000) for number in range(3)]
    assert table_of(answers).apply(writes) == [APPLIED] * 3


def test_a_refused_statement_does_not_hurt_its_neighbours(table_of: Callable[..., DynamoDBTable]) -> None:
    theirs = {"UserId": {"N": "2"}, "Name": {"S": "Bo"}, "source_version": {"S": version(9)}}
    answers = Answers(batch(DONE, said("ConditionalCheckFailed", item=theirs), DONE))
    assert table_of(answers).apply([put(key, 1) for key in "123"]) == [APPLIED, STALE, APPLIED]


def test_a_statement_of_no_item_goes_on_to_the_insert(table_of: Callable[..., DynamoDBTable]) -> None:
    answers = Answers(batch(said("ConditionalCheckFailed")), {})
    assert table_of(answers).apply([put("1", 1)]) == [APPLIED]
    assert [set(part) for part in answers.asked[1]["TransactItems"]] == [{"ConditionCheck"}, {"Put"}]


@pytest.mark.parametrize(
    "answer",
    [
        said("ConditionalCheckFailed", item={"UserId": {"N": "1"}, "Theirs": {"S": "x"}}),
        said("TransactionConflict"),
        said("ValidationError"),
        said("ItemCollectionSizeLimitExceeded"),
    ],
)
def test_what_a_statement_leaves_open_is_decided_by_a_put_of_the_whole_item(
    table_of: Callable[..., DynamoDBTable], answer: dict[str, Any]
) -> None:
    answers = Answers(batch(answer, DONE), {})
    assert table_of(answers).apply([put("1", 1, Name="Ann"), put("2", 1)]) == [APPLIED, APPLIED]
    assert answers.asked[1]["Item"] == {
        "UserId": {"N": "1"},
        "Name": {"S": "Ann"},
        "source_version": {"S": version(1)},
    }


def test_a_request_that_is_refused_as_such_is_asked_for_one_by_one(table_of: Callable[..., DynamoDBTable]) -> None:
    answers = Answers("ValidationException", {}, "ValidationException")
    outcomes = table_of(answers).apply([put("1", 1), put("2", 1)])
    assert statuses(outcomes) == ["applied", "failed"]


@pytest.mark.parametrize("code", ["ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"])
def test_throttling_of_a_part_fails_that_part_alone(table_of: Callable[..., DynamoDBTable], code: str) -> None:
    answers = Answers(batch(DONE, said(code), said("ConditionalCheckFailed")), {})
    outcomes = table_of(answers).apply([put(key, 1) for key in "123"])
    assert statuses(outcomes) == ["applied", "failed", "applied"]
    assert outcomes[1].reason == f"Users 2: {code}: so it is"


@pytest.mark.parametrize("code", ["InternalServerError", "ResourceNotFound", "AccessDenied", "Unheard"])
def test_a_store_that_is_away_for_one_statement_is_not_asked_by_the_writes_that_wait(
    table_of: Callable[..., DynamoDBTable], code: str
) -> None:
    answers = Answers(batch(*[DONE] * 24, said(code)))
    outcomes = table_of(answers).apply([*(put(str(number), 1) for number in range(30)), remove("99", 1)])
    assert statuses(outcomes) == ["applied"] * 24 + ["failed"] * 7
    assert all(code in outcome.reason for outcome in outcomes[24:])


def test_an_outage_half_way_leaves_what_was_applied_before_it(table_of: Callable[..., DynamoDBTable]) -> None:
    gone = ConnectionClosedError(endpoint_url="http://127.0.0.1:1")
    answers = Answers(batch(*[DONE] * 25), gone, gone)
    outcomes = table_of(answers).apply([put(str(number), 1) for number in range(60)])
    assert statuses(outcomes) == ["applied"] * 25 + ["failed"] * 35
    # The client's own second try, and nothing for the ten that waited.
    assert len(answers.asked) == 3


def test_a_lost_answer_is_asked_for_again_by_the_clients_own_terms(table_of: Callable[..., DynamoDBTable]) -> None:
    answers = Answers(ConnectionClosedError(endpoint_url="http://127.0.0.1:1"), batch(DONE))
    assert table_of(answers).apply([put("1", 1)]) == [APPLIED]
    assert answers.asked[0] == answers.asked[1]


def test_a_throttled_request_fails_its_writes_alone(table_of: Callable[..., DynamoDBTable]) -> None:
    throttled = "ProvisionedThroughputExceededException"
    answers = Answers(throttled, throttled, batch(*[DONE] * 5))
    outcomes = table_of(answers).apply([put(str(number), 1) for number in range(30)])
    assert statuses(outcomes) == ["failed"] * 25 + ["applied"] * 5


@pytest.mark.parametrize("answer", [b"<html>", b'{"Responses": 1}', batch(DONE, DONE), b"[" * 100_000])
def test_an_answer_that_is_none_is_an_outage(
    table_of: Callable[..., DynamoDBTable], answer: bytes | dict[str, Any]
) -> None:
    (outcome,) = table_of(Answers(answer)).apply([put("1", 1)])
    assert outcome.status is WriteStatus.FAILED


def test_a_field_that_the_table_does_not_name_is_refused_by_name(table_of: Callable[..., DynamoDBTable]) -> None:
    answers = Answers(batch(DONE))
    refused, applied = table_of(answers).apply([put("1", 1, Email="x"), put("2", 1)])
    assert (refused.status, applied) == (WriteStatus.REFUSED, APPLIED)
    assert "has Email, which the fields of Users do not name" in refused.reason


def test_a_table_with_open_fields_and_one_with_very_many_have_no_statements() -> None:
    assert can_be_stated(USERS)
    assert not can_be_stated(Table("Users"))
    assert not can_be_stated(Table("Users", fields=tuple(f"Field{number}" for number in range(MAX_TEXT // 16))))
