"""DynamoDB the obvious way: a conditional put_item a document, and get_records as boto3 gives them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from schemas.attribute_values import Attributes

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient


class NaiveUpdates:
    """Documents of users that are in the table `name`, as attribute values: what makes those is not even counted."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        self._client = client
        self._name = name

    def __call__(self, documents: Iterable[Attributes], version: str) -> None:
        """Raises where one of them was not older."""
        for document in documents:
            item: Mapping[str, Any] = {**document, "source_version": {"S": version}}
            self._client.put_item(
                TableName=self._name,
                Item=item,
                ConditionExpression="attribute_exists(UserId) AND source_version < :version",
                ExpressionAttributeValues={":version": {"S": version}},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )


class NaiveStreams:
    """The records of a stream, in the form in which the bridge takes them."""

    def __init__(self, client: DynamoDBStreamsClient) -> None:
        self._client = client

    def read(self, arn: str, iterator: str) -> list[dict[str, Any]]:
        """A page of one of its shards; users have no binary attribute, which boto3 would have decoded."""
        page = self._client.get_records(ShardIterator=iterator)
        return [_lambda_record(record, arn) for record in page["Records"]]


def _lambda_record(record: Mapping[str, Any], arn: str) -> dict[str, Any]:
    change = record["dynamodb"]
    seconds = change["ApproximateCreationDateTime"].timestamp()
    return {**record, "dynamodb": {**change, "ApproximateCreationDateTime": seconds}, "eventSourceARN": arn}
