"""What DynamoDB's errors mean to a read model: refusals, outages and lost races."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from botocore.stub import Stubber

from consumers.read_model import APPLIED, Table, WriteStatus
from consumers.read_models.dynamodb import MAX_CALLS, DynamoDBTable
from distributary.dynamodb_clients import local_clients
from tests.contracts.documents import put


@pytest.fixture
def answers() -> Iterator[Stubber]:
    """A client whose answers a test writes down beforehand."""
    with Stubber(local_clients("http://127.0.0.1:1").tables) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def _against(answers: Stubber) -> DynamoDBTable:
    client: Any = answers.client
    return DynamoDBTable(Table("Users"), client, lambda: 0.0, parallel=1)


@pytest.mark.parametrize(
    "code",
    ["ProvisionedThroughputExceededException", "ThrottlingException", "AccessDeniedException", "InternalServerError"],
)
def test_a_store_that_cannot_be_used_is_an_outage(answers: Stubber, code: str) -> None:
    answers.add_client_error("put_item", code)
    assert_failed(answers, code)


@pytest.mark.parametrize(
    "message",
    [
        "One or more parameter values were invalid: Missing the key Id in the item",
        "One or more parameter values were invalid: Type mismatch for key UserId expected: S actual: N",
        "The provided key element does not match the schema",
        "Invalid ConditionExpression: Syntax error",
    ],
)
def test_a_table_that_is_not_as_declared_is_an_outage(answers: Stubber, message: str) -> None:
    answers.add_client_error("put_item", "ValidationException", message)
    assert_failed(answers, "ValidationException")


@pytest.mark.parametrize(
    "message",
    [
        "Item size has exceeded the maximum allowed size",
        "Item size to update has exceeded the maximum allowed size",
        "Nesting Levels have exceeded supported limits",
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty "
        "string value. Key: UserId",
        "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes",
        "One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of "
        "1024 bytes",
        "One or more parameter values were invalid: Type mismatch for Index Key Status Expected: S Actual: N "
        "IndexName: ByStatus",
    ],
)
@pytest.mark.parametrize("in_transaction", [False, True])
def test_what_dynamodb_says_of_the_item_itself_is_a_refusal(
    answers: Stubber, message: str, in_transaction: bool
) -> None:
    if in_transaction:
        answers.add_client_error("put_item", "ConditionalCheckFailedException")
        _cancelled(answers, {"Code": "None"}, {"Code": "ValidationError", "Message": message})
    else:
        answers.add_client_error("put_item", "ValidationException", message)
    (outcome,) = _against(answers).apply([put("1", 1)])
    assert outcome.status is WriteStatus.REFUSED
    assert outcome.reason.startswith("Users 1: ")
    assert message in outcome.reason


def test_a_transaction_that_is_throttled_is_an_outage(answers: Stubber) -> None:
    answers.add_client_error("put_item", "ConditionalCheckFailedException")
    _cancelled(answers, {"Code": "ConditionalCheckFailed"}, {"Code": "ThrottlingError"})
    assert_failed(answers, "TransactionCanceled")


@pytest.mark.parametrize("other_part", ["None", "ConditionalCheckFailed"])
def test_a_step_that_met_a_transaction_of_somebody_else_is_taken_again(answers: Stubber, other_part: str) -> None:
    answers.add_client_error("put_item", "TransactionConflictException")
    answers.add_client_error("put_item", "ConditionalCheckFailedException")
    _cancelled(answers, {"Code": other_part}, {"Code": "TransactionConflict"})
    answers.add_response("transact_write_items", {})
    assert _against(answers).apply([put("1", 1)]) == [APPLIED]


def test_a_race_lost_time_and_again_is_an_outage(answers: Stubber) -> None:
    for _ in range(MAX_CALLS):
        answers.add_client_error("put_item", "TransactionConflictException")
    assert_failed(answers, "Users 1: others wrote it at the same time")


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException", "InternalServerError"])
def test_once_the_store_is_away_the_writes_that_wait_their_turn_fail_without_asking_it(
    answers: Stubber, code: str
) -> None:
    answers.add_client_error("put_item", code)
    outcomes = _against(answers).apply([put("1", 1), put("2", 1), put("3", 1)])
    assert [outcome.status for outcome in outcomes] == [WriteStatus.FAILED] * 3
    assert all(code in outcome.reason for outcome in outcomes)


@pytest.mark.parametrize("code", ["ThrottlingException", "ProvisionedThroughputExceededException"])
def test_a_write_that_is_throttled_does_not_hold_up_the_others(answers: Stubber, code: str) -> None:
    answers.add_client_error("put_item", code)
    answers.add_response("put_item", {})
    throttled, applied = _against(answers).apply([put("1", 1), put("2", 1)])
    assert (throttled.status, applied) == (WriteStatus.FAILED, APPLIED)


def test_after_an_outage_the_store_is_asked_again(answers: Stubber) -> None:
    answers.add_client_error("put_item", "InternalServerError")
    answers.add_response("put_item", {})
    table = _against(answers)
    assert table.apply([put("1", 1)])[0].status is WriteStatus.FAILED
    assert table.apply([put("1", 1)]) == [APPLIED]


def test_a_store_that_does_not_answer_is_an_outage() -> None:
    with closing(local_clients("http://127.0.0.1:1")) as clients:
        (outcome,) = DynamoDBTable(Table("Users"), clients.tables, lambda: 0.0).apply([put("1", 1)])
    assert outcome.status is WriteStatus.FAILED
    assert "Could not connect" in outcome.reason


def assert_failed(answers: Stubber, reason: str) -> None:
    (outcome,) = _against(answers).apply([put("1", 1)])
    assert outcome.status is WriteStatus.FAILED
    assert reason in outcome.reason


def _cancelled(answers: Stubber, *reasons: dict[str, Any]) -> None:
    answers.add_client_error(
        "transact_write_items", "TransactionCanceledException", modeled_fields={"CancellationReasons": list(reasons)}
    )
