"""Keys replaced many in a transaction, and read many in a request: what each answer means to its own key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError

from consumers.errors import Outage
from consumers.read_model import APPLIED, STALE, Document, Replacement, State, Table, WriteOutcome, WriteStatus
from consumers.read_models import dynamodb_replacements, dynamodb_states
from consumers.read_models.dynamodb import DynamoDBTable
from consumers.read_models.dynamodb_steps import REMOVALS
from consumers.writes import Put, Remove
from schemas.errors import InvalidKey
from tests.contracts.documents import NUMBER_KEY
from tests.dynamodb_answers import Answers

TOO_FAST = "ProvisionedThroughputExceededException"
REMOVED_KEY = REMOVALS.key[0].name
STAMP = {"source_version": {"S": "4"}}
ACTIONS: list[dict[str, Any]] = [
    {
        "Put": {
            "TableName": "Users",
            "Item": {"UserId": {"N": "1"}, "Blob": {"B": "AP8="}, **STAMP},
            "ConditionExpression": "attribute_not_exists(#key)",
            "ExpressionAttributeNames": {"#key": "UserId"},
        }
    },
    {
        "ConditionCheck": {
            "TableName": REMOVALS.name,
            "Key": {REMOVED_KEY: {"S": "Users#1"}},
            "ConditionExpression": "attribute_not_exists(source_version)",
        }
    },
    {
        "Put": {
            "TableName": "Users",
            "Item": {"UserId": {"N": "2"}, **STAMP},
            "ConditionExpression": "source_version = :seen",
            "ExpressionAttributeValues": {":seen": {"S": "5"}},
        }
    },
    {
        "ConditionCheck": {
            "TableName": REMOVALS.name,
            "Key": {REMOVED_KEY: {"S": "Users#2"}},
            "ConditionExpression": "source_version = :seen",
            "ExpressionAttributeValues": {":seen": {"S": "3"}},
        }
    },
    {
        "Put": {
            "TableName": "Users",
            "Item": {"UserId": {"N": "3"}, **STAMP},
            "ConditionExpression": "attribute_exists(#key) AND NOT attribute_type(source_version, :text)",
            "ExpressionAttributeNames": {"#key": "UserId"},
            "ExpressionAttributeValues": {":text": {"S": "S"}},
        }
    },
    {
        "Delete": {
            "TableName": REMOVALS.name,
            "Key": {REMOVED_KEY: {"S": "Users#3"}},
            "ConditionExpression": "source_version = :seen",
            "ExpressionAttributeValues": {":seen": {"S": "4"}},
        }
    },
]
"""Where nothing stands, where an older removal is remembered, and where one of the same version is."""


@pytest.fixture
def table_of() -> Iterator[Callable[[Answers], DynamoDBTable]]:
    """A table whose server answers from a script, one request at a time."""
    with ExitStack() as opened:

        def make(answers: Answers) -> DynamoDBTable:
            clients = opened.enter_context(closing(answers.clients()))
            table = DynamoDBTable(Table("Users", NUMBER_KEY), clients.tables, lambda: 0.0, parallel=1)
            return opened.enter_context(closing(table))

        yield make


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits before it goes again."""
    for module in (dynamodb_replacements, dynamodb_states):
        monkeypatch.setattr(module, "PAUSES", (0.0,) * 3)


def puts(*keys: str) -> list[Replacement]:
    return [Replacement(State(key, None), Put(key, {}), "1") for key in keys]


def cancelled(*codes: str, message: str = "so it is") -> bytes:
    """A transaction's answer, with a reason for each action."""
    reasons = ",".join(f'{{"Code":"{code}","Message":"{message}"}}' for code in codes)
    return (
        b'{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","message":"cancelled",'
        b'"CancellationReasons":[%b]}' % reasons.encode()
    )


def keys_of(asked: dict[str, Any]) -> list[str]:
    """The keys of a transaction's items."""
    items = (each[word] for each in asked["TransactItems"] for word in each if each[word]["TableName"] == "Users")
    return [(item.get("Item") or item["Key"])["UserId"]["N"] for item in items]


def statuses(outcomes: list[WriteOutcome]) -> list[str]:
    return [outcome.status.value for outcome in outcomes]


def test_a_put_is_conditional_on_both_rows_and_forgets_a_removal_that_it_is_not_above(
    table_of: Callable[[Answers], DynamoDBTable],
) -> None:
    answers = Answers({})
    ours = Document("2", "5", {})
    asked = [
        Replacement(State("1", None), Put("1", {"Blob": b"\x00\xff"}), "4"),
        Replacement(State("2", ours, "3"), Put("2", {}), "4"),
        Replacement(State("3", Document("3", None, {}), "4"), Put("3", {}), "4"),
    ]
    assert table_of(answers).replace(asked) == [APPLIED] * 3
    (request,) = answers.asked
    assert len(request["ClientRequestToken"]) == 32
    assert request["TransactItems"] == ACTIONS


def test_a_transaction_has_at_most_50_keys(table_of: Callable[[Answers], DynamoDBTable]) -> None:
    answers = Answers({}, {}, {})
    assert table_of(answers).replace(puts(*map(str, range(101)))) == [APPLIED] * 101
    assert [len(keys_of(asked)) for asked in answers.asked] == [50, 50, 1]


def test_what_is_no_longer_as_it_was_seen_keeps_the_others_waiting_for_one_request(
    table_of: Callable[[Answers], DynamoDBTable],
) -> None:
    failed = "ConditionalCheckFailed"
    answers = Answers(cancelled("None", "None", failed, "None", "None", failed, "None", "None"), {})
    assert table_of(answers).replace(puts("1", "2", "3", "4")) == [APPLIED, STALE, STALE, APPLIED]
    assert [keys_of(asked) for asked in answers.asked] == [["1", "2", "3", "4"], ["1", "4"]]


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_what_was_held_up_goes_again_in_fewer(table_of: Callable[[Answers], DynamoDBTable], code: str) -> None:
    answers = Answers(cancelled("None", "None", code, "None", "None", "None", "None", "None"), {}, {})
    assert table_of(answers).replace(puts("1", "2", "3", "4")) == [APPLIED] * 4
    assert [keys_of(asked) for asked in answers.asked] == [["1", "2", "3", "4"], ["1", "2"], ["3", "4"]]


def test_what_is_held_up_time_and_again_fails_and_nothing_else_does(
    table_of: Callable[[Answers], DynamoDBTable],
) -> None:
    held_up = cancelled("TransactionConflict", "None")
    answers = Answers(cancelled("TransactionConflict", *["None"] * 3), held_up, held_up, held_up, {})
    first, second = table_of(answers).replace(puts("1", "2"))
    assert (first.status, second) == (WriteStatus.FAILED, APPLIED)
    assert first.reason == "Users 1: TransactionConflict: so it is"


@pytest.mark.parametrize("code", [TOO_FAST, "ThrottlingException", "TransactionInProgressException"])
def test_a_request_that_is_throttled_goes_again_in_halves(
    table_of: Callable[[Answers], DynamoDBTable], code: str
) -> None:
    # The client itself asks twice.
    answers = Answers(code, code, {}, {})
    assert table_of(answers).replace(puts("1", "2")) == [APPLIED] * 2
    assert keys_of(answers.asked[-1]) == ["2"]


def test_a_request_that_is_refused_goes_in_halves_to_find_whose_fault_it_is(
    table_of: Callable[[Answers], DynamoDBTable],
) -> None:
    too_large = cancelled("ValidationError", "None", message="Item size has exceeded the maximum allowed size")
    answers = Answers("ValidationException", {}, too_large)
    assert statuses(table_of(answers).replace(puts("1", "2"))) == ["applied", "refused"]
    assert [keys_of(asked) for asked in answers.asked] == [["1", "2"], ["1"], ["2"]]


@pytest.mark.parametrize("reasons", [(), ("None", "None")])
def test_a_transaction_that_is_cancelled_without_a_reason_does_not_go_for_ever(
    table_of: Callable[[Answers], DynamoDBTable], reasons: tuple[str, ...]
) -> None:
    answers = Answers(*[cancelled(*reasons)] * 4)
    assert statuses(table_of(answers).replace(puts("1"))) == ["failed"]


@pytest.mark.parametrize(
    "answer",
    [
        "AccessDeniedException",
        "ResourceNotFoundException",
        "ValidationException",
        ConnectionClosedError(endpoint_url=""),
    ],
    ids=["permission", "table", "request", "connection"],
)
def test_once_the_store_is_away_nothing_more_is_sent(
    table_of: Callable[[Answers], DynamoDBTable], answer: str | Exception
) -> None:
    answers = Answers(*[answer] * 8)
    outcomes = table_of(answers).replace(puts(*map(str, range(120))))
    assert set(statuses(outcomes)) == {"failed"}
    assert len(answers.asked) <= 7
    assert outcomes[119].reason.startswith("Users 119: ")


@pytest.mark.parametrize("write", [Remove("x"), Put("x", {}), Put("1", {"UserId": 2})])
def test_what_the_adapter_refuses_by_itself_is_not_sent(
    table_of: Callable[[Answers], DynamoDBTable], write: Put | Remove
) -> None:
    answers = Answers({})
    outcomes = table_of(answers).replace([Replacement(State(write.key, None), write, "1"), *puts("3")])
    assert statuses(outcomes) == ["refused", "applied"]
    assert keys_of(answers.asked[0]) == ["3"]


def got(table: str, *rows: dict[str, Any], left: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    unprocessed = {table: {"Keys": list(left)}} if left else {}
    return {"Responses": {table: list(rows)}, "UnprocessedKeys": unprocessed}


def test_the_item_is_read_before_the_removal_and_consistently(table_of: Callable[[Answers], DynamoDBTable]) -> None:
    removal = {REMOVED_KEY: {"S": "Users#2"}, "source_version": {"S": "7"}}
    item = {"UserId": {"N": "1"}, "Blob": {"B": "AP8="}, "source_version": {"S": "5"}}
    answers = Answers(got("Users", item), got("DistributaryRemovals", removal))
    assert table_of(answers).states(["2", "1"]) == [
        State("2", None, "7"),
        State("1", Document("1", "5", {"UserId": 1, "Blob": b"\x00\xff"})),
    ]
    removals = [{REMOVED_KEY: {"S": f"Users#{key}"}} for key in ("2", "1")]
    items = [{"UserId": {"N": key}} for key in ("2", "1")]
    assert answers.asked == [
        {"RequestItems": {"Users": {"Keys": items, "ConsistentRead": True}}},
        {"RequestItems": {"DistributaryRemovals": {"Keys": removals, "ConsistentRead": True}}},
    ]


def test_what_was_left_out_of_an_answer_is_asked_for_again(table_of: Callable[[Answers], DynamoDBTable]) -> None:
    first, second = ({"UserId": {"N": key}} for key in "12")
    answers = Answers(
        got("Users", left=(first, second)),
        got("Users", first, left=(second,)),
        got("Users", second),
        got("DistributaryRemovals"),
    )
    states = table_of(answers).states(["1", "2"])
    assert [state.document is not None for state in states] == [True, True]
    assert answers.asked[2]["RequestItems"] == {"Users": {"Keys": [second], "ConsistentRead": True}}


@pytest.mark.parametrize(
    "answer",
    [got("Users", left=({"UserId": {"N": "1"}},)), TOO_FAST, "AccessDeniedException", b"no JSON"],
    ids=["nothing", "throttled", "permission", "nonsense"],
)
def test_what_is_never_read_is_an_outage(table_of: Callable[[Answers], DynamoDBTable], answer: Any) -> None:
    with pytest.raises(Outage, match="Users: "):
        table_of(Answers(*[answer] * 8)).states(["1"])


def test_a_key_that_the_table_refuses_is_named(table_of: Callable[[Answers], DynamoDBTable]) -> None:
    refused = (
        b'{"__type":"com.amazonaws.dynamodb.v20120810#ValidationException",'
        b'"message":"Size of hashkey has exceeded the maximum size limit"}'
    )
    with pytest.raises(InvalidKey, match=r"'2' is no key of Users: Size of hashkey"):
        table_of(Answers(refused, got("Users"), refused)).states(["1", "2"])
