"""DynamoDB Streams through boto3: records come out in the form in which Lambda delivers them.

Source: the API's DescribeTable, DescribeStream, GetShardIterator and GetRecords, and their lists of errors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

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
from schemas.client_form import with_base64

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient

_NOT_FOUND = "ResourceNotFoundException"
_ERRORS: Mapping[str, type[BridgeError]] = {
    _NOT_FOUND: ShardMissing,
    "ExpiredIteratorException": ExpiredIterator,
    "TrimmedDataAccessException": TrimmedRecords,
}


class DynamoDBStreams:
    """The streams behind these clients, which stay the caller's to close."""

    def __init__(self, tables: DynamoDBClient, streams: DynamoDBStreamsClient) -> None:
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
            page = self._streams.get_records(ShardIterator=iterator, Limit=limit)
        return Page([lambda_record(record, arn) for record in page["Records"]], page.get("NextShardIterator"))


def lambda_record(record: Mapping[str, Any], arn: str) -> dict[str, Any]:
    """A record of GetRecords, as boto3 parsed it, in the form in which Lambda delivers it."""
    change = dict(record["dynamodb"])
    for name in ("Keys", "NewImage", "OldImage"):
        if name in change:
            change[name] = with_base64(change[name])
    written = change.get("ApproximateCreationDateTime")
    if isinstance(written, datetime):
        seconds = written.timestamp()
        change["ApproximateCreationDateTime"] = int(seconds) if seconds.is_integer() else seconds
    converted = {**record, "dynamodb": change, "eventSourceARN": arn}
    if (identity := record.get("userIdentity")) is not None:
        converted["userIdentity"] = {"principalId": identity["PrincipalId"], "type": identity["Type"]}
    return converted


@contextmanager
def _errors(by_code: Mapping[str, type[BridgeError]], what: str) -> Iterator[None]:
    """Raises what an error's code stands for; everything else is an outage (design section 6)."""
    try:
        yield
    except ClientError as error:
        raise by_code.get(error.response["Error"]["Code"], StreamUnavailable)(f"{what}: {error}") from error
    except BotoCoreError as error:
        raise StreamUnavailable(f"{what}: {error}") from error
