"""How far each shard has been relayed, kept in a DynamoDB table: a poller that starts again goes on from there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from bridge.errors import StreamUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

POSITIONS = "DistributaryPositions"
"""The table; its key is `stream` (the ARN) and `shard`, both text."""


class DynamoDBPositions:
    """See `ShardPositions`; one item a shard. `client` stays the caller's to close. Raises StreamUnavailable."""

    def __init__(self, client: DynamoDBClient, table: str = POSITIONS) -> None:
        self._client = client
        self._table = table

    def get(self, arn: str, shard_id: str) -> str | None:
        """See `ShardPositions.get`; a consistent read."""
        key = {"stream": {"S": arn}, "shard": {"S": shard_id}}
        with _outages():
            found = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return found["Item"]["position"]["S"] if "Item" in found else None

    def put(self, arn: str, shard_id: str, position: str) -> None:
        """See `ShardPositions.put`."""
        item = {"stream": {"S": arn}, "shard": {"S": shard_id}, "position": {"S": position}}
        with _outages():
            self._client.put_item(TableName=self._table, Item=item)


@contextmanager
def _outages() -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise StreamUnavailable(f"positions cannot be used: {error}") from error
