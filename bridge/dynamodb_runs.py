"""How far snapshots have come, kept in a DynamoDB table: one that was killed goes on from there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from bridge.errors import StreamMissing, StreamUnavailable
from bridge.snapshot import Progress

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

RUNS = "DistributaryRuns"
"""The table; its key is `run` and `part`, both text. A snapshot's are `snapshot:<table>` and `segment:0003`."""


class DynamoDBSnapshotProgress:
    """See `SnapshotProgress`; one item a segment. `client` stays the caller's to close."""

    def __init__(self, client: DynamoDBClient) -> None:
        self._client = client

    def load(self, table: str) -> list[Progress]:
        """See `SnapshotProgress.load`; consistent reads."""
        return [msgspec.json.decode(item["progress"]["S"], type=Progress) for item in self._rows(table)]

    def store(self, table: str, progress: Progress) -> None:
        """See `SnapshotProgress.store`."""
        part = f"segment:{progress.segment:04}"
        written = {"progress": {"S": msgspec.json.encode(progress).decode()}}
        with _outages():
            self._client.put_item(TableName=RUNS, Item={**_key(table, part), **written})

    def clear(self, table: str) -> None:
        """See `SnapshotProgress.clear`."""
        for item in list(self._rows(table)):
            with _outages():
                self._client.delete_item(TableName=RUNS, Key=_key(table, item["part"]["S"]))

    def _rows(self, table: str) -> Iterator[Any]:
        page: dict[str, Any] = {}
        while True:
            with _outages():
                found = self._client.query(
                    TableName=RUNS,
                    KeyConditionExpression="#run = :run",
                    ExpressionAttributeNames={"#run": "run"},
                    ExpressionAttributeValues={":run": {"S": f"snapshot:{table}"}},
                    ConsistentRead=True,
                    **page,
                )
            yield from found["Items"]
            if not (last := found.get("LastEvaluatedKey")):
                return
            page = {"ExclusiveStartKey": last}


def _key(table: str, part: str) -> dict[str, Any]:
    return {"run": {"S": f"snapshot:{table}"}, "part": {"S": part}}


@contextmanager
def _outages() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            raise StreamMissing(f"the table {RUNS} is not there; make it with `distributary prepare`") from error
        raise StreamUnavailable(f"the table {RUNS} cannot be used: {error}") from error
    except BotoCoreError as error:
        raise StreamUnavailable(f"the table {RUNS} cannot be used: {error}") from error
