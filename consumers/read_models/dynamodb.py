"""A read model in a DynamoDB table that stays clean: a removed item is really deleted (design section 7)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from consumers.errors import LostRace, Outage, RefusedDocument
from consumers.read_model import (
    REMOVALS_KEPT_SECONDS,
    Document,
    Replacement,
    State,
    Table,
    WriteOutcome,
    WriteStatus,
)
from consumers.read_models.dynamodb_answers import found, refusal
from consumers.read_models.dynamodb_batches import Batches
from consumers.read_models.dynamodb_items import DynamoDBItem, document_attributes, item_document, key_item
from consumers.read_models.dynamodb_pending import Pending
from consumers.read_models.dynamodb_replacements import Asked, Replacements
from consumers.read_models.dynamodb_statements import can_be_stated
from consumers.read_models.dynamodb_states import States
from consumers.read_models.dynamodb_steps import REMOVALS, StepCalls
from consumers.read_models.version_guard import steps
from consumers.writes import Fields, Put, VersionedWrite
from schemas.attribute_values import Attributes, plain
from schemas.errors import InvalidKey
from schemas.keys import parse_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MAX_CALLS = 20
"""Calls for one write before it counts as a lost race; one or two are usual."""


class DynamoDBTable:
    """The read model in `table`. That table and the removals table exist.

    `clock` gives epoch seconds. `client` stays the caller's to close. Up to `parallel` requests are under way at once.
    `statements`: whether the server takes PartiQL; where it does and the table's fields are a closed list, many writes
    go in one request (`dynamodb_batches`).
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
        statements: bool = True,
    ) -> None:
        self.name = table.name
        self._schema = table.key
        self._fields = None if table.fields is None else {*table.fields, *(name for name, _ in table.key)}
        self._client = client
        self._calls = StepCalls(table, client, clock, removals, removals_kept_seconds)
        self._writers = ThreadPoolExecutor(parallel, thread_name_prefix=f"writes-{table.name}")
        self._states = States(table, client, self._calls, self._writers)
        self._replacements = Replacements(table, client, self._calls, self._writers)
        self._batches = None
        if statements and can_be_stated(table):
            self._batches = Batches(table, client, self._calls, self._writers)

    def apply(self, writes: Sequence[VersionedWrite]) -> list[WriteOutcome]:
        """See `ReadModel.apply`. Once the store is found to be away, the writes that wait their turn fail with it: each
        would wait for a time limit of its own.
        """
        away: list[str] = []
        asked = map(self._pending, writes)
        # 1. What can be done many in a request.
        pending = list(asked) if self._batches is None else self._batches.take(asked, away)
        # 2. What is left, one by one: somebody else's items, lost races.
        left = [each for each in pending if each.outcome is None]
        list(self._writers.map(lambda each: self._finish(each, away), left))
        return [each.outcome for each in pending if each.outcome is not None]

    def get(self, key: str) -> Document | None:
        """See `ReadModel.get`; a consistent read."""
        item = self._item(self.name, key_item(key, self._schema), key)
        return item_document(item, self._schema) if item else None

    def version(self, key: str) -> str | None:
        """See `ReadModel.version`; two consistent reads.

        The item first: a removal is recorded before its item goes, so whichever of them there was is seen.
        """
        known = [
            found(self._item(self.name, key_item(key, self._schema), key)),
            found(self._item(self._calls.removals.name, self._calls.removal_key(key), key)),
        ]
        return max((each.version for each in known if each is not None and each.version is not None), default=None)

    def scan(self) -> Iterator[Document]:
        """See `ReadModel.scan`; consistent reads, page by page."""
        try:
            for page in self._client.get_paginator("scan").paginate(TableName=self.name, ConsistentRead=True):
                for item in page["Items"]:
                    yield item_document(item, self._schema)
        except (ClientError, BotoCoreError) as error:
            raise Outage(self.store, f"{self.name}: {error}") from error

    def states(self, keys: Sequence[str]) -> list[State]:
        """See `ReadModel.states`; consistent reads, the item's before that of its removal."""
        return self._states.of(keys)

    def replace(self, replacements: Sequence[Replacement]) -> list[WriteOutcome]:
        """See `ReadModel.replace`; transactions of up to 50 keys."""
        taken = self._replacements.take(map(self._asked, replacements))
        return [each.outcome for each in taken if each.outcome is not None]

    def given_back(self, put: Put) -> Fields:
        """See `ReadModel.given_back`: the key's attributes are part of it."""
        return {name: plain(value) for name, value in self._attributes(put).items()}

    def close(self) -> None:
        """Waits for what is under way."""
        self._writers.shutdown()

    def _item(self, table: str, row_key: DynamoDBItem, key: str) -> DynamoDBItem:
        """The row as it stands, empty where there is none; `key` is what was asked for."""
        try:
            return self._client.get_item(TableName=table, Key=row_key, ConsistentRead=True).get("Item", {})
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError) and (complaint := refusal(error)):
                raise InvalidKey(f"{key!r} is no key of {self.name}: {complaint}") from error
            raise Outage(self.store, f"{table}: {error}") from error

    def _pending(self, write: VersionedWrite) -> Pending:
        """The write before its first step, or refused."""
        run = steps(write, revising=self._batches is not None)
        pending = Pending(self.name, write, {}, run, next(run))
        try:
            if isinstance(write.write, Put):
                pending.attributes = self._attributes(write.write)
            else:
                parse_key(write.key, self._schema)
        except (RefusedDocument, InvalidKey) as error:
            pending.refuse(error)
        return pending

    def _asked(self, replacement: Replacement) -> Asked:
        """The replacement before it goes out, or refused."""
        write, place = replacement.write, f"{self.name} {replacement.write.key}"
        try:
            attributes = self._attributes(write) if isinstance(write, Put) else {}
            return self._replacements.ask(place, replacement, attributes)
        except (RefusedDocument, InvalidKey) as error:
            refused = Asked(place)
            refused.end(WriteStatus.REFUSED, error)
            return refused

    def _attributes(self, put: Put) -> Attributes:
        """The attribute values of the document. Raises RefusedDocument, InvalidKey."""
        attributes = document_attributes(put, self._schema)
        if self._fields is not None and not attributes.keys() <= self._fields:
            undeclared = ", ".join(sorted(attributes.keys() - self._fields))
            raise RefusedDocument(
                f"the document has {undeclared}, which the fields of {self.name} do not name; add it to the table's "
                "line in consumers/groups.py"
            )
        return attributes

    def _finish(self, each: Pending, away: list[str]) -> None:
        """Takes the steps that are left, to an outcome."""
        if away:
            each.outcome = WriteOutcome(WriteStatus.FAILED, away[0])
            return
        try:
            self._take_steps(each)
        except (RefusedDocument, InvalidKey) as error:
            each.refuse(error)
        except (ClientError, BotoCoreError, LostRace) as error:
            each.fail_by(error, away)

    def _take_steps(self, each: Pending) -> None:
        rows = self._calls.rows(each.write, each.attributes)
        for _ in range(MAX_CALLS):
            given = self._calls.carry_out(each.step, rows, each.write.version)
            if given is not None:
                each.take(given)
            if each.outcome is not None:
                return
        raise LostRace(f"others wrote it at the same time, {MAX_CALLS} times in a row")
