"""Feeding what Lambda wrote to an on-failure destination: in S3 it holds the batch, elsewhere only its place."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from distributary.errors import UnreadableFeed
from distributary.feed.records import MAX_RECORD_BYTES, read_records
from tests.records import arn, record, written

ONE, TWO, THREE = (written(record(sequence=number, after={"Bio": "Grüße 🎉"})) for number in (1, 2, 3))
EVENT = b'{"Records": [' + ONE + b" , " + TWO + b"]}"


def failed(**members: Any) -> bytes:
    """An object as Lambda writes it; the form is that of the developer guide."""
    return written(
        {
            "requestContext": {
                "requestId": "316aa6d0-8154-xmpl-9af7-85d5f4a6bc81",
                "functionArn": "arn:aws:lambda:us-east-2:123456789012:function:bridge",
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": 1,
            },
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "version": "1.0",
            "timestamp": "2026-01-01T00:13:49.717Z",
            "DDBStreamBatchInfo": {
                "shardId": "shardId-00000001573689847184-864758bb",
                "startSequenceNumber": "800000000003126276362",
                "endSequenceNumber": "800000000003126276365",
                "batchSize": 2,
                "streamArn": arn(),
            },
            **members,
        }
    )


IN_S3 = failed(payload=EVENT.decode())


@pytest.mark.parametrize(
    "data",
    [IN_S3, msgspec.json.format(IN_S3, indent=2), failed(payload=msgspec.Raw(EVENT)), b"[" + IN_S3 + b"]"],
    ids=["as Lambda writes it", "over several lines", "with its payload as an object", "in a list"],
)
def test_an_object_in_s3_holds_the_records_of_its_batch_each_with_its_own_bytes(data: bytes) -> None:
    assert read_records(data, "f") == [ONE, TWO]


@pytest.mark.parametrize("between", [b"\n", b"\r\n\r\n"])
def test_objects_and_records_may_stand_in_the_same_lines(between: bytes) -> None:
    other = failed(payload=(b'{"Records":[' + THREE + b"]}").decode())
    assert read_records(between.join([IN_S3, THREE, other]), "f") == [ONE, TWO, THREE, THREE]
    assert read_records(b"[" + b",".join([other, IN_S3]) + b"]", "f") == [THREE, ONE, TWO]


def test_a_bad_record_in_a_payload_stays_a_record_of_its_own() -> None:
    assert read_records(failed(payload='{"Records": [42, {"a": "b"}]}'), "f") == [b"42", b'{"a": "b"}']


@pytest.mark.parametrize("members", [{}, {"payload": None}])
def test_an_object_of_sqs_or_sns_is_refused_by_the_place_it_names(members: dict[str, Any]) -> None:
    with pytest.raises(UnreadableFeed) as refused:
        read_records(b"\n".join([ONE, failed(**members)]), "f")
    assert str(refused.value) == (
        f"f holds what Lambda wrote to an on-failure destination about the batch of the stream {arn()}, shard "
        "shardId-00000001573689847184-864758bb, sequence numbers 800000000003126276362 to 800000000003126276365, but "
        "not its records: only an S3 destination keeps those; read them from the stream while they are there (24 "
        "hours); nothing of it was fed"
    )


@pytest.mark.parametrize("info", [None, 1, {}, {"shardId": None}])
def test_an_object_that_does_not_say_where_its_batch_was_is_refused_all_the_same(info: Any) -> None:
    with pytest.raises(UnreadableFeed, match="shard unknown, sequence numbers unknown to unknown, but not its records"):
        read_records(failed(DDBStreamBatchInfo=info), "f")


@pytest.mark.parametrize(
    "payload", ["", "nonsense", "42", "[]", "{}", '{"Records": 1}', "[" * 5_000, 42, [1], {"records": []}], ids=repr
)
def test_a_payload_that_is_no_event_is_one_clear_error(payload: Any) -> None:
    with pytest.raises(UnreadableFeed, match=r"^f: .*nothing of it was fed$"):
        read_records(failed(payload=payload), "f")


def test_a_record_that_speaks_of_such_an_object_is_a_record() -> None:
    speaks = written(record(after={"Note": '"DDBStreamBatchInfo"'}))
    assert read_records(speaks + b"\n" + ONE, "f") == [speaks, ONE]
    assert read_records(b'{"DDBStreamBatchInfo": \n' + ONE, "f") == [b'{"DDBStreamBatchInfo": ', ONE]


def test_a_record_in_a_payload_can_be_too_large_too() -> None:
    large = '{"Records": [{"eventID": "' + "x" * MAX_RECORD_BYTES + '"}]}'
    with pytest.raises(UnreadableFeed, match=r"f, record 1: \d+ bytes are more than"):
        read_records(failed(payload=large), "f")
