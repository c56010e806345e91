"""Calls whose JSON is given and taken as it is: everything else is the client's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any
from zlib import crc32

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from werkzeug.wrappers import Request, Response

from distributary.dynamodb_clients import DynamoDBClients
from distributary.local.direct_calls import call_directly
from schemas.dynamodb import call, exchange_json
from tests.dynamodb_answers import Answers

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

    from mypy_boto3_dynamodb import DynamoDBClient

STATEMENT: Any = [{"Statement": "-"}]
BODY = b'{"Statements": [{"Statement": "ours"}]}'


@pytest.fixture
def client_of() -> Iterator[Callable[[Answers], DynamoDBClient]]:
    """A client whose server answers from a script."""
    with ExitStack() as opened:

        def make(answers: Answers) -> DynamoDBClient:
            client = opened.enter_context(closing(answers.clients())).tables
            # Twice, as for two tables of one client.
            exchange_json(client)
            exchange_json(client)
            return client

        yield make


def ask(client: DynamoDBClient, body: bytes = BODY) -> dict[str, Any]:
    return call(dict[str, Any], client.batch_execute_statement, body, Statements=STATEMENT)


def test_the_body_goes_out_and_the_answer_comes_back_as_they_are(
    client_of: Callable[[Answers], DynamoDBClient],
) -> None:
    answers = Answers({"Anything": {"B": "AP8="}})
    assert ask(client_of(answers)) == {"Anything": {"B": "AP8="}}
    assert answers.asked == [{"Statements": [{"Statement": "ours"}]}]


def test_other_calls_of_the_client_are_as_they_were(client_of: Callable[[Answers], DynamoDBClient]) -> None:
    answers = Answers({}, {"Item": {"Avatar": {"B": "AP8="}}})
    client = client_of(answers)
    ask(client)
    found = client.get_item(TableName="Users", Key={"UserId": {"B": b"\x00"}})
    assert found["Item"] == {"Avatar": {"B": b"\x00\xff"}}
    assert answers.asked[1] == {"TableName": "Users", "Key": {"UserId": {"B": "AA=="}}}


def test_an_error_is_the_clients_own(client_of: Callable[[Answers], DynamoDBClient]) -> None:
    with pytest.raises(ClientError, match="so it is") as raised:
        ask(client_of(Answers("AccessDeniedException")))
    assert raised.value.response["Error"]["Code"] == "AccessDeniedException"
    assert raised.value.operation_name == "BatchExecuteStatement"


def test_a_call_that_is_throttled_is_taken_again_as_the_client_is_told(
    client_of: Callable[[Answers], DynamoDBClient],
) -> None:
    answers = Answers("ThrottlingException", {"Anything": 1})
    assert ask(client_of(answers)) == {"Anything": 1}
    assert answers.asked == [{"Statements": [{"Statement": "ours"}]}] * 2
    for headers in answers.headers:
        assert headers["Authorization"].startswith("AWS4-HMAC-SHA256")


def test_a_failed_call_leaves_nothing_to_the_next(client_of: Callable[[Answers], DynamoDBClient]) -> None:
    answers = Answers("AccessDeniedException", {"Responses": [{"Item": {"Avatar": {"B": "AA=="}}}]})
    client = client_of(answers)
    with pytest.raises(ClientError):
        ask(client)
    found = client.batch_execute_statement(Statements=[{"Statement": "theirs"}])
    assert found["Responses"] == [{"Item": {"Avatar": {"B": b"\x00"}}}]
    assert answers.asked[1] == {"Statements": [{"Statement": "theirs"}]}


@pytest.mark.parametrize("answer", [b"", b"{", b"<html>", b"[]", b"[" * 100_000])
def test_an_answer_that_cannot_be_read_is_one_of_botocores_errors(
    client_of: Callable[[Answers], DynamoDBClient], answer: bytes
) -> None:
    with pytest.raises(BotoCoreError):
        ask(client_of(Answers(answer)))


def echo(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
    """Answers what it was asked, with DynamoDB's checksum."""
    body = Request(environ).get_data()
    return Response(body, headers={"x-amz-crc32": str(crc32(body))})(environ, start_response)


@pytest.fixture
def echoing() -> Iterator[DynamoDBClient]:
    """A client as Amazon's is: it looks at its parameters, and tries as often as it is told."""
    config = Config(retries={"mode": "standard", "total_max_attempts": 1}, parameter_validation=True)
    session = boto3.Session("id", "secret", region_name="eu-west-1")
    with closing(session.client("dynamodb", config=config)) as client:
        streams: Any = client
        call_directly(DynamoDBClients(client, streams), echo)
        exchange_json(client)
        yield client


def test_a_client_that_looks_at_its_parameters_lets_the_call_through(echoing: DynamoDBClient) -> None:
    assert ask(echoing) == {"Statements": [{"Statement": "ours"}]}
    with pytest.raises(ParamValidationError):
        echoing.batch_execute_statement(Statements=[])


def test_each_thread_has_its_own_call(echoing: DynamoDBClient) -> None:
    with ThreadPoolExecutor(8) as threads:
        found = threads.map(lambda number: ask(echoing, b'{"Number": %d}' % number), range(200))
        assert list(found) == [{"Number": number} for number in range(200)]
