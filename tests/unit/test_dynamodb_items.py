"""A table's items through boto3: what it makes of answers that a local server does not give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError

from bridge import dynamodb_items as module
from bridge.dynamodb_items import DynamoDBItems
from bridge.dynamodb_runs import DynamoDBSnapshotProgress
from bridge.errors import BridgeError, StreamMissing, StreamUnavailable, TableRefused, TableUnavailable
from bridge.items import Segment
from bridge.snapshot import Progress
from distributary.dynamodb_clients import DynamoDBClients
from tests.dynamodb_answers import Answers
from tests.records import arn, image

ITEMS = [image(UserId=user_id, Username="ann") for user_id in range(3)]
KEYS = [image(UserId=user_id) for user_id in range(3)]


@pytest.fixture
def clients_of() -> Iterator[Callable[[Answers], DynamoDBClients]]:
    clients = []

    def make(answers: Answers) -> DynamoDBClients:
        clients.append(answers.clients())
        return clients[-1]

    yield make
    for each in clients:
        each.close()


@pytest.fixture
def items_of(clients_of: Callable[[Answers], DynamoDBClients]) -> Callable[[Answers], DynamoDBItems]:
    return lambda answers: DynamoDBItems(clients_of(answers).tables)


def test_a_scan_asks_consistently_for_its_segment_and_the_units_it_takes(
    items_of: Callable[[Answers], DynamoDBItems],
) -> None:
    answers = Answers(
        {"Items": ITEMS[:1], "LastEvaluatedKey": KEYS[0], "ConsumedCapacity": {"CapacityUnits": 128.5}}, {"Items": []}
    )
    items = items_of(answers)
    page = items.scan("Users", Segment(2, 5), None)
    assert (list(page.items), page.next_start, page.consumed) == (ITEMS[:1], KEYS[0], 128.5)
    assert items.scan("Users", Segment(2, 5), page.next_start, 7) == ([], None, 0.0)
    first, second = answers.asked
    assert first == {
        "TableName": "Users",
        "Segment": 2,
        "TotalSegments": 5,
        "ConsistentRead": True,
        "Limit": 1000,
        "ReturnConsumedCapacity": "TOTAL",
    }
    assert (second["ExclusiveStartKey"], second["Limit"]) == (KEYS[0], 7)


def test_keys_that_were_not_processed_are_asked_for_again(items_of: Callable[[Answers], DynamoDBItems]) -> None:
    answers = Answers(
        {"Responses": {"Users": [ITEMS[2]]}, "UnprocessedKeys": {"Users": {"Keys": KEYS[:2], "ConsistentRead": True}}},
        {"Responses": {"Users": [ITEMS[0]]}, "UnprocessedKeys": {}},
    )
    assert items_of(answers).get("Users", KEYS) == [ITEMS[0], None, ITEMS[2]]
    assert [asked["RequestItems"]["Users"] for asked in answers.asked] == [
        {"Keys": keys, "ConsistentRead": True} for keys in (KEYS, KEYS[:2])
    ]


def test_keys_that_are_never_processed_are_an_outage(items_of: Callable[[Answers], DynamoDBItems]) -> None:
    never = {"Responses": {}, "UnprocessedKeys": {"Users": {"Keys": KEYS}}}
    with pytest.raises(TableUnavailable, match="leaves 3 keys unread"):
        items_of(Answers(*[never] * module.TRIES)).get("Users", KEYS)


def test_an_item_is_found_however_its_number_is_written(items_of: Callable[[Answers], DynamoDBItems]) -> None:
    (item,) = items_of(Answers({"Responses": {"Users": [ITEMS[1]]}})).get("Users", [{"UserId": {"N": "1.0"}}])
    assert item == ITEMS[1]


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        ("AccessDeniedException", TableRefused, r"allow dynamodb:\w+ on it"),
        ("ExpiredTokenException", TableRefused, "may not be read"),
        (NoCredentialsError(), TableRefused, "may not be read: Unable to locate credentials"),
        ("ResourceNotFoundException", StreamMissing, "the table Users is not there"),
        ("ProvisionedThroughputExceededException", TableUnavailable, "cannot be read just now"),
        (b"no JSON", TableUnavailable, "cannot be read just now"),
    ],
)
def test_an_error_is_one_sentence_by_its_code(
    items_of: Callable[[Answers], DynamoDBItems], answer: Any, error: type[BridgeError], said: str
) -> None:
    asks: list[Callable[[DynamoDBItems], object]] = [
        lambda items: items.scan("Users", Segment(0, 1), None),
        lambda items: items.get("Users", KEYS),
    ]
    for ask in asks:
        with pytest.raises(error, match=said):
            ask(items_of(Answers(answer, answer)))


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (
            "ResourceNotFoundException",
            StreamMissing,
            "is not there; make it with `distributary prepare`",
        ),
        ("AccessDeniedException", StreamUnavailable, "DistributaryRuns cannot be used"),
    ],
)
def test_so_it_is_where_progress_is_kept(
    clients_of: Callable[[Answers], DynamoDBClients], answer: str, error: type[BridgeError], said: str
) -> None:
    asks: list[Callable[[DynamoDBSnapshotProgress], object]] = [
        lambda kept: kept.load("Users"),
        lambda kept: kept.store("Users", Progress(0, 1, arn())),
        lambda kept: kept.clear("Users"),
    ]
    for ask in asks:
        with closing(clients_of(Answers(answer, answer)).tables) as client, pytest.raises(error, match=said):
            ask(DynamoDBSnapshotProgress(client))
