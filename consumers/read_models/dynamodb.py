"""A read model in a DynamoDB table that stays clean: a removed item is really deleted (design section 7)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from consumers.errors import LostRace, Outage, RefusedDocument
from consumers.read_model import REMOVALS_KEPT_SECONDS, SOURCE_VERSION, Document, Table, WriteOutcome, WriteStatus
from consumers.read_models.bounded_key import bounded_key
from consumers.read_models.dynamodb_items import DynamoDBItem, document_item, item_document, key_item
from consumers.read_models.version_guard import Action, Answer, Found, Part, Place, Step, steps
from consumers.writes import Put, VersionedWrite
from schemas.errors import InvalidKey
from schemas.keys import KeyAttribute

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REMOVALS = Table("DistributaryRemovals", key=(KeyAttribute("removed_key", "S"),))
"""Where removals of every table are recorded, under `<table>#<key>`."""
EXPIRES_AT = "expires_at"
"""Its TTL attribute, in epoch seconds."""

MAX_CALLS = 20
"""Calls for one write before it counts as a lost race; one or two are usual."""

# What DynamoDB says where an item, or the key it would stand under, is at fault. Any other ValidationException is
# about the table or the request, and would be the same for every item.
_REFUSALS = re.compile(
    r"item size|nesting level|empty string|size of hashkey|size of all range keys|index key|number overflow"
    r"|number underflow",
    re.IGNORECASE,
)
_VALIDATION = frozenset({"ValidationException", "ValidationError"})
_OF_ONE_WRITE_ALONE = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "Throttling",
        "ThrottlingException",
        "TransactionCanceledException",
    }
)
"""What one write may meet while its neighbours get through."""
_LOST_RACES = frozenset({"TransactionConflict", "TransactionConflictException", "TransactionInProgressException"})


class _Row(NamedTuple):
    """Where a part acts: the row's key, and the whole item that a put would leave there."""

    table: str
    key: DynamoDBItem
    item: DynamoDBItem


class DynamoDBTable:
    """The read model in `table`. That table and the removals table exist.

    `clock` gives epoch seconds. `client` stays the caller's to close. Up to `parallel` writes are under way at once.
    """

    store = "DynamoDB"

    def __init__(
        self,
        table: Table,
        client: DynamoDBClient,
        clock: Callable[[], float],
        *,
        removals: Table = REMOVALS,
        removals_kept_seconds: float = REMOVALS_KEPT_SECONDS,
        parallel: int = 8,
    ) -> None:
        self.name = table.name
        self._schema = table.key
        self._client = client
        self._clock = clock
        self._removals = removals
        self._removals_kept_seconds = removals_kept_seconds
        self._writers = ThreadPoolExecutor(parallel, thread_name_prefix=f"writes-{table.name}")

    def apply(self, writes: Sequence[VersionedWrite]) -> list[WriteOutcome]:
        """See `ReadModel.apply`. Once the store is found to be away, the writes that wait their turn fail with it: each
        would wait for a time limit of its own.
        """
        away: list[str] = []
        return list(self._writers.map(lambda write: self._apply(write, away), writes))

    def get(self, key: str) -> Document | None:
        """See `ReadModel.get`; a consistent read."""
        item = self._item(self.name, key_item(key, self._schema), key)
        return item_document(item, self._schema) if item else None

    def version(self, key: str) -> str | None:
        """See `ReadModel.version`; two consistent reads.

        The item first: a removal is recorded before its item goes, so whichever of them there was is seen.
        """
        found = [
            _found(self._item(self.name, key_item(key, self._schema), key)),
            _found(self._item(self._removals.name, self._removal_key(key), key)),
        ]
        return max((each.version for each in found if each is not None and each.version is not None), default=None)

    def scan(self) -> Iterator[Document]:
        """See `ReadModel.scan`; consistent reads, page by page."""
        try:
            for page in self._client.get_paginator("scan").paginate(TableName=self.name, ConsistentRead=True):
                for item in page["Items"]:
                    yield item_document(item, self._schema)
        except (ClientError, BotoCoreError) as error:
            raise Outage(self.store, f"{self.name}: {error}") from error

    def close(self) -> None:
        """Waits for what is under way."""
        self._writers.shutdown()

    def _item(self, table: str, row_key: DynamoDBItem, key: str) -> DynamoDBItem:
        """The row as it stands, empty where there is none; `key` is what was asked for."""
        try:
            return self._client.get_item(TableName=table, Key=row_key, ConsistentRead=True).get("Item", {})
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError) and (refusal := _refusal(error)):
                raise InvalidKey(f"{key!r} is no key of {self.name}: {refusal}") from error
            raise Outage(self.store, f"{table}: {error}") from error

    def _removal_key(self, key: str) -> DynamoDBItem:
        return {self._removals.key[0].name: {"S": f"{self.name}#{bounded_key(key)}"}}

    def _apply(self, write: VersionedWrite, away: list[str]) -> WriteOutcome:
        if away:
            return WriteOutcome(WriteStatus.FAILED, away[0])
        try:
            return self._take_steps(write, self._rows(write))
        except (RefusedDocument, InvalidKey) as error:
            return WriteOutcome(WriteStatus.REFUSED, f"{self.name} {write.key}: {error}")
        except (ClientError, BotoCoreError, LostRace) as error:
            failed = WriteOutcome(WriteStatus.FAILED, f"{self.name} {write.key}: {error}")
            if not _is_of_one_write_alone(error):
                away.append(failed.reason)
            return failed

    def _take_steps(self, write: VersionedWrite, rows: dict[Place, _Row]) -> WriteOutcome:
        run = steps(write)
        step = next(run)
        for _ in range(MAX_CALLS):
            answers = self._call(step, [_request(part, rows[part.place], write.version) for part in step])
            if answers is None:
                continue
            try:
                step = run.send(answers)
            except StopIteration as end:
                outcome: WriteOutcome = end.value
                return outcome
        raise LostRace(f"others wrote it at the same time, {MAX_CALLS} times in a row")

    def _call(self, step: Step, requests: list[dict[str, Any]]) -> tuple[Answer, ...] | None:
        """Carries the step out: one answer a part, or None where it lost a race and must be taken again."""
        try:
            if len(step) == 1:
                return (self._write(step[0], requests[0]),)
            transaction: list[Any] = [
                {part.action.value: request} for part, request in zip(step, requests, strict=True)
            ]
            self._client.transact_write_items(TransactItems=transaction)
            return (Answer(held=True, found=None),) * len(step)
        except ClientError as error:
            return _answers(error)

    def _write(self, part: Part, request: dict[str, Any]) -> Answer:
        if part.action is Action.DELETE:
            before = self._client.delete_item(**request, ReturnValues="ALL_OLD").get("Attributes")
        elif part.place is Place.REMOVAL:
            before = self._client.put_item(**request, ReturnValues="ALL_OLD").get("Attributes")
        else:
            # Nobody asks what an update replaced, and it can be large.
            self._client.put_item(**request)
            before = None
        return Answer(held=True, found=_found(before))

    def _rows(self, write: VersionedWrite) -> dict[Place, _Row]:
        key = key_item(write.key, self._schema)
        item = document_item(write.write, write.version, self._schema) if isinstance(write.write, Put) else {}
        removal_key = self._removal_key(write.key)
        expires_at = int(self._clock() + self._removals_kept_seconds)
        removal = {**removal_key, SOURCE_VERSION: {"S": write.version}, EXPIRES_AT: {"N": str(expires_at)}}
        return {
            Place.ITEM: _Row(self.name, key, item),
            Place.REMOVAL: _Row(self._removals.name, removal_key, removal),
        }


def _request(part: Part, row: _Row, version: str) -> dict[str, Any]:
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


def _answers(error: ClientError) -> tuple[Answer, ...] | None:
    """What the error says of the step's parts; None where the step must be taken again.

    Raises RefusedDocument, and the error itself where it is about neither the item nor its conditions.
    """
    response: Any = error.response
    code = response["Error"]["Code"]
    if code == "ConditionalCheckFailedException":
        return (Answer(held=False, found=_found(response.get("Item"))),)
    if code in _LOST_RACES:
        return None
    reasons = response.get("CancellationReasons", [])
    codes = {reason["Code"] for reason in reasons} - {"None"}
    if codes == {"ConditionalCheckFailed"}:
        return tuple(Answer(reason["Code"] == "None", _found(reason.get("Item"))) for reason in reasons)
    if codes and codes <= _LOST_RACES | {"ConditionalCheckFailed"}:
        return None
    if refusal := _refusal(error):
        raise RefusedDocument(refusal) from error
    raise error


def _is_of_one_write_alone(error: Exception) -> bool:
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"] in _OF_ONE_WRITE_ALONE
    return isinstance(error, LostRace)


def _refusal(error: ClientError) -> str | None:
    """What DynamoDB says against the item itself, if that is what the error is about."""
    response: Any = error.response
    for complaint in (response["Error"], *response.get("CancellationReasons", [])):
        if complaint["Code"] in _VALIDATION and _REFUSALS.search(complaint["Message"]):
            return str(complaint["Message"])
    return None


def _found(item: dict[str, Any] | None) -> Found | None:
    return None if not item else Found(item.get(SOURCE_VERSION, {}).get("S"))
