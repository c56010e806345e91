"""The obvious read model in DynamoDB: boto3, one guarded write an event, a removal's version kept apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBServiceResource

OLDER = "(attribute_not_exists(source_version) OR source_version < :version)"
NOT_NEWER = "(attribute_not_exists(source_version) OR source_version <= :version)"
REMOVAL_SECONDS = 30 * 24 * 3600
ANY_CREDENTIALS: Any = {
    "region_name": "us-east-1",
    "aws_access_key_id": "local",
    "aws_secret_access_key": "local",
}


class NaiveTable:
    """Documents of users in the table `name`, their removals in DistributaryRemovals (design section 7)."""

    def __init__(self, url: str, name: str) -> None:
        dynamodb: DynamoDBServiceResource = boto3.resource("dynamodb", endpoint_url=url, **ANY_CREDENTIALS)
        self._name = name
        self._client = dynamodb.meta.client
        self._table = dynamodb.Table(name)
        self._removals = dynamodb.Table("DistributaryRemovals")

    def put(self, document: dict[str, Any], version: str) -> None:
        """Leaves the document there, unless that or a later version was there before."""
        item = {**document, "source_version": version}
        while True:
            # 1. The item exists.
            try:
                self._table.put_item(
                    Item=item,
                    ConditionExpression=f"attribute_exists(UserId) AND {OLDER}",
                    ExpressionAttributeValues={":version": version},
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
                return
            except self._client.exceptions.ConditionalCheckFailedException as refused:
                if refused.response.get("Item"):
                    return
            # 2. It does not; an item that appeared meanwhile begins it anew.
            if self._insert(item, version):
                return

    def _insert(self, item: dict[str, Any], version: str) -> bool:
        check = {
            "TableName": self._removals.name,
            "Key": {"removed_key": self._removed_key(item["UserId"])},
            "ConditionExpression": OLDER,
            "ExpressionAttributeValues": {":version": version},
        }
        put = {"TableName": self._name, "Item": item, "ConditionExpression": "attribute_not_exists(UserId)"}
        transaction: Any = [{"ConditionCheck": check}, {"Put": put}]
        try:
            self._client.transact_write_items(TransactItems=transaction)
        except self._client.exceptions.TransactionCanceledException as cancelled:
            codes = [reason.get("Code") for reason in cancelled.response["CancellationReasons"]]
            if not set(codes) <= {"None", "ConditionalCheckFailed", "TransactionConflict"}:
                raise
            return codes[0] == "ConditionalCheckFailed"
        return True

    def remove(self, user_id: object, version: str, now: float) -> None:
        """Removes the document, unless a later version was there before; `now` is in epoch seconds."""
        values = {":version": version}
        removal: dict[str, Any] = {
            "removed_key": self._removed_key(user_id),
            "source_version": version,
            "expires_at": int(now) + REMOVAL_SECONDS,
        }
        try:
            # 1. First its version, or an older put could slip in between; 2. then the item.
            self._removals.put_item(Item=removal, ConditionExpression=NOT_NEWER, ExpressionAttributeValues=values)
            key: Any = {"UserId": user_id}
            self._table.delete_item(Key=key, ConditionExpression=OLDER, ExpressionAttributeValues=values)
        except self._client.exceptions.ConditionalCheckFailedException:
            return

    def _removed_key(self, user_id: object) -> str:
        return f"{self._name}#{user_id}"
