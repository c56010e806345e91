"""DynamoDB Streams through boto3: what it makes of answers that a local server does not give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from bridge.dynamodb_streams import DynamoDBStreams
from bridge.errors import ShardMissing, StreamMissing, StreamUnavailable
from bridge.shards import Shard
from distributary.dynamodb_clients import local_clients
from tests.dynamodb_answers import Answers
from tests.records import arn


@pytest.fixture
def streams_of() -> Iterator[Callable[[Answers], DynamoDBStreams]]:
    """Streams whose server answers from a script."""
    clients = []

    def make(answers: Answers) -> DynamoDBStreams:
        clients.append(answers.clients())
        return DynamoDBStreams(*clients[-1])

    yield make
    for each in clients:
        each.close()


def test_every_page_of_shards_is_read(streams_of: Callable[[Answers], DynamoDBStreams]) -> None:
    answers = Answers(
        {"StreamDescription": {"Shards": [{"ShardId": "a"}], "LastEvaluatedShardId": "a"}},
        {"StreamDescription": {"Shards": [{"ShardId": "b", "ParentShardId": "a"}]}},
    )
    assert streams_of(answers).shards(arn()) == [Shard("a"), Shard("b", "a")]
    assert [each.get("ExclusiveStartShardId") for each in answers.asked] == [None, "a"]


def test_a_shard_without_a_next_iterator_has_ended(streams_of: Callable[[Answers], DynamoDBStreams]) -> None:
    answers = Answers({"Records": []})
    assert streams_of(answers).read(arn(), "iterator").next_iterator is None
    assert answers.asked == [{"ShardIterator": "iterator", "Limit": 1000}]


def test_a_record_is_written_as_lambda_delivers_it(streams_of: Callable[[Answers], DynamoDBStreams]) -> None:
    image = {
        "Avatar": {"B": "AP8="},
        "Keys": {"BS": ["AQ==", "Ag=="]},
        "Deep": {"M": {"x": {"L": [{"B": ""}, {"M": {"y": {"B": "Aw=="}}}, {"NULL": True}, {"BOOL": False}]}}},
        "Exact": {"N": "1.50"},
        "Many": {"NS": ["1", "12345678901234567890123456789012345678"]},
        "Names": {"SS": ["a", ""]},
    }
    change = {
        "Keys": {"UserId": {"N": "1"}},
        "OldImage": image,
        "SequenceNumber": "700",
        "SizeBytes": 26,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    record = {"eventID": "e", "eventName": "REMOVE", "eventVersion": "1.1", "eventSource": "aws:dynamodb"}
    identity = {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}
    answers = Answers(
        {
            "Records": [
                record | {"dynamodb": change | {"ApproximateCreationDateTime": 1770000000.25}},
                record | {"dynamodb": change | {"ApproximateCreationDateTime": 1770000000}, "userIdentity": identity},
            ]
        }
    )
    fraction, whole = streams_of(answers).read(arn(), "iterator").records
    lambdas = record | {"eventSourceARN": arn()}
    assert fraction == lambdas | {"dynamodb": change | {"ApproximateCreationDateTime": 1770000000.25}}
    assert whole == lambdas | {
        "dynamodb": change | {"ApproximateCreationDateTime": 1770000000},
        "userIdentity": {"principalId": "dynamodb.amazonaws.com", "type": "Service"},
    }


def test_a_page_is_read_though_one_of_its_values_is_no_text(streams_of: Callable[[Answers], DynamoDBStreams]) -> None:
    answers = Answers(
        b'{"NextShardIterator": "next", "Records": [{"eventName": "INSERT", "dynamodb": {"SequenceNumber": "1", '
        b'"ApproximateCreationDateTime": 1.77E9, "Keys": {"UserId": {"S": "\\ud800"}}}}, {"dynamodb": 1}]}'
    )
    page = streams_of(answers).read(arn(), "iterator")
    first, second = page.records
    assert first["dynamodb"]["Keys"] == {"UserId": {"S": "\ud800"}}
    assert str(first["dynamodb"]["ApproximateCreationDateTime"]) == "1770000000"
    assert second == {"dynamodb": 1, "eventSourceARN": arn()}
    assert page.next_iterator == "next"


@pytest.mark.parametrize("answer", [b"<html>", b"{}", b'{"Records": {}}', b'{"Records": [1]}', b"[" * 100_000])
def test_an_answer_that_is_no_page_is_an_outage(
    streams_of: Callable[[Answers], DynamoDBStreams], answer: bytes
) -> None:
    with pytest.raises(StreamUnavailable, match=r"no records: .*(read|reading)"):
        streams_of(Answers(answer)).read(arn(), "iterator")


def test_a_table_whose_stream_is_off_says_what_to_do(streams_of: Callable[[Answers], DynamoDBStreams]) -> None:
    off = {"Table": {"TableName": "Users", "LatestStreamArn": arn()}}
    with pytest.raises(StreamMissing, match="Users has no stream switched on; switch it on"):
        streams_of(Answers(off)).find("Users")


def test_a_stream_that_is_gone_is_missing_and_a_shard_too(streams_of: Callable[[Answers], DynamoDBStreams]) -> None:
    with pytest.raises(StreamMissing, match="is not there any more"):
        streams_of(Answers("ResourceNotFoundException")).shards(arn())
    with pytest.raises(ShardMissing):
        streams_of(Answers("ResourceNotFoundException")).read(arn(), "iterator")


@pytest.mark.parametrize("code", ["LimitExceededException", "AccessDeniedException", "InternalServerError"])
def test_any_other_error_is_an_outage(code: str, streams_of: Callable[[Answers], DynamoDBStreams]) -> None:
    with pytest.raises(StreamUnavailable, match=code):
        streams_of(Answers(code, code)).read(arn(), "iterator")


def test_a_server_that_is_not_there_is_an_outage() -> None:
    with closing(local_clients("http://127.0.0.1:1")) as clients, pytest.raises(StreamUnavailable, match="connect"):
        DynamoDBStreams(*clients).find("Users")
