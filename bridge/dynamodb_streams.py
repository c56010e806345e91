"""DynamoDB Streams through boto3: records come out in the form in which Lambda delivers them.

A page's records are read from their JSON as it is: boto3 would make each value anew, at ten times the cost.

Source: the API's DescribeTable, DescribeStream, GetShardIterator and GetRecords, and their lists of errors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from bridge.errors import (
    BridgeError,
    ExpiredIterator,
    ShardMissing,
    StreamMissing,
    StreamUnavailable,
    TrimmedRecords,
)
from bridge.shards import Shard
from bridge.streams import PAGE_RECORDS, Page, Stream
from schemas.change_event import ViewType
from schemas.dynamodb import call, exchange_json

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient

_NOT_FOUND = "ResourceNotFoundException"
_ERRORS: Mapping[str, type[BridgeError]] = {
    _NOT_FOUND: ShardMissing,
    "ExpiredIteratorException": ExpiredIterator,
    "TrimmedDataAccessException": TrimmedRecords,
}


class _Page(msgspec.Struct, rename="pascal"):
    records: list[dict[str, Any]]
    next_shard_iterator: str | None = None


class DynamoDBStreams:
    """The streams behind these clients, which stay the caller's to close."""

    def __init__(self, tables: DynamoDBClient, streams: DynamoDBStreamsClient) -> None:
        exchange_json(streams)
        self._tables = tables
        self._streams = streams

    def find(self, table: str) -> Stream:
        """See `Streams.find`."""
        with _errors({_NOT_FOUND: StreamMissing}, f"the table {table} is not there; create it"):
            found = self._tables.describe_table(TableName=table)["Table"]
        specification = found.get("StreamSpecification")
        if specification is None or not specification["StreamEnabled"] or "LatestStreamArn" not in found:
            raise StreamMissing(
                f"the table {table} has no stream switched on; switch it on with the view type that stands in its line "
                "of schemas/topics.py"
            )
        return Stream(found["LatestStreamArn"], ViewType(specification["StreamViewType"]))

    def shards(self, arn: str) -> list[Shard]:
        """See `Streams.shards`."""
        shards: list[Shard] = []
        page: dict[str, Any] = {}
        while True:
            with _errors({_NOT_FOUND: StreamMissing}, f"the stream {arn} is not there any more"):
                description = self._streams.describe_stream(StreamArn=arn, **page)["StreamDescription"]
            shards += [Shard(each["ShardId"], each.get("ParentShardId")) for each in description.get("Shards", [])]
            if not (last := description.get("LastEvaluatedShardId")):
                return shards
            page = {"ExclusiveStartShardId": last}

    def iterator(self, arn: str, shard_id: str, after: str | None) -> str:
        """See `Streams.iterator`."""
        place: Any = {"ShardIteratorType": "TRIM_HORIZON"}
        if after is not None:
            place = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": after}
        with _errors(_ERRORS, "no iterator"):
            return self._streams.get_shard_iterator(StreamArn=arn, ShardId=shard_id, **place)["ShardIterator"]

    def read(self, arn: str, iterator: str, limit: int = PAGE_RECORDS) -> Page:
        """See `Streams.read`."""
        with _errors(_ERRORS, "no records"):
            page = call(_Page, self._streams.get_records, ShardIterator=iterator, Limit=limit)
        return Page([_lambda_record(record, arn) for record in page.records], page.next_shard_iterator)


def _lambda_record(record: dict[str, Any], arn: str) -> dict[str, Any]:
    """A record of GetRecords' JSON, in the form in which Lambda delivers it; it is changed in place."""
    record["eventSourceARN"] = arn
    change = record.get("dynamodb")
    if isinstance(change, dict) and type(seconds := change.get("ApproximateCreationDateTime")) is float:
        # DynamoDB writes whole ones as 1.77E9.
        change["ApproximateCreationDateTime"] = int(seconds) if seconds.is_integer() else seconds
    if isinstance(identity := record.get("userIdentity"), dict):
        record["userIdentity"] = {name[:1].lower() + name[1:]: text for name, text in identity.items()}
    return record


@contextmanager
def _errors(by_code: Mapping[str, type[BridgeError]], what: str) -> Iterator[None]:
    """Raises what an error's code stands for; everything else is an outage (design section 6)."""
    try:
        yield
    except ClientError as error:
        raise by_code.get(error.response["Error"]["Code"], StreamUnavailable)(f"{what}: {error}") from error
    except BotoCoreError as error:
        raise StreamUnavailable(f"{what}: {error}") from error
