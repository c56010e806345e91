"""The steps of one write as calls of DynamoDB: conditional puts and deletes, and transactions of two."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from consumers.read_model import REMOVALS_KEPT_SECONDS, SOURCE_VERSION, Table
from consumers.read_models.bounded_key import bounded_key
from consumers.read_models.dynamodb_answers import answers, found
from consumers.read_models.dynamodb_items import DynamoDBItem, key_item, versioned_item
from consumers.read_models.version_guard import Action, Answer, Part, Place, Step
from consumers.writes import VersionedWrite
from schemas.attribute_values import Attributes
from schemas.keys import KeyAttribute

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REMOVALS = Table("DistributaryRemovals", key=(KeyAttribute("removed_key", "S"),))
"""Where removals of every table are recorded, under `<table>#<key>`."""
EXPIRES_AT = "expires_at"
"""Its TTL attribute, in epoch seconds."""


class Row(NamedTuple):
    """Where a part acts: the row's key, and the whole item that a put would leave there."""

    table: str
    key: DynamoDBItem
    item: DynamoDBItem


class StepCalls:
    """Carries out the steps of writes to `table`, whose removals are recorded in `removals`.

    `clock` gives epoch seconds.
    """

    def __init__(
        self,
        table: Table,
        client: DynamoDBClient,
        clock: Callable[[], float],
        removals: Table = REMOVALS,
        removals_kept_seconds: float = REMOVALS_KEPT_SECONDS,
    ) -> None:
        self._table = table
        self._client = client
        self._clock = clock
        self.removals = removals
        self._removals_kept_seconds = removals_kept_seconds

    def removal_key(self, key: str) -> DynamoDBItem:
        """Where the removal of a key is recorded."""
        return {self.removals.key[0].name: {"S": f"{self._table.name}#{bounded_key(key)}"}}

    def rows(self, write: VersionedWrite, attributes: Attributes) -> Mapping[Place, Row]:
        """Where a write's parts act; `attributes` are those of its document, if it has one. Raises InvalidKey."""
        key = key_item(write.key, self._table.key)
        item = versioned_item(attributes, write.version) if attributes else {}
        return {
            Place.ITEM: Row(self._table.name, key, item),
            Place.REMOVAL: Row(self.removals.name, self.removal_key(write.key), self.removal_row(write)),
        }

    def removal_row(self, write: VersionedWrite) -> DynamoDBItem:
        """The record of a removal, its key included."""
        expires_at = int(self._clock() + self._removals_kept_seconds)
        stamp = {SOURCE_VERSION: {"S": write.version}, EXPIRES_AT: {"N": str(expires_at)}}
        return {**self.removal_key(write.key), **stamp}

    def carry_out(self, step: Step, rows: Mapping[Place, Row], version: str) -> tuple[Answer, ...] | None:
        """Carries the step out: one answer a part, or None where it lost a race and must be taken again.

        Raises RefusedDocument, ClientError, BotoCoreError.
        """
        try:
            if len(step) == 1:
                return (self._write(step[0], _request(step[0], rows[step[0].place], version)),)
            self._client.transact_write_items(TransactItems=transaction(step, rows, version))
            return (Answer(held=True, found=None),) * len(step)
        except ClientError as error:
            return answers(error)

    def _write(self, part: Part, request: dict[str, Any]) -> Answer:
        if part.action is Action.DELETE:
            before = self._client.delete_item(**request, ReturnValues="ALL_OLD").get("Attributes")
        elif part.place is Place.REMOVAL:
            before = self._client.put_item(**request, ReturnValues="ALL_OLD").get("Attributes")
        else:
            # Nobody asks what an update replaced, and it can be large.
            self._client.put_item(**request)
            before = None
        return Answer(held=True, found=found(before))


def transaction(step: Step, rows: Mapping[Place, Row], version: str) -> list[Any]:
    """The parts of a step as a transaction has them."""
    return [{part.action.value: _request(part, rows[part.place], version)} for part in step]


def _request(part: Part, row: Row, version: str) -> dict[str, Any]:
    expression = " AND ".join(part.conditions)
    request: dict[str, Any] = {
        "TableName": row.table,
        "ConditionExpression": expression,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    if part.action is Action.PUT:
        request["Item"] = row.item
    else:
        request["Key"] = row.key
    # DynamoDB refuses a name or a value that the expression does not use.
    if "#key" in expression:
        request["ExpressionAttributeNames"] = {"#key": next(iter(row.key))}
    if ":version" in expression:
        request["ExpressionAttributeValues"] = {":version": {"S": version}}
    return request
