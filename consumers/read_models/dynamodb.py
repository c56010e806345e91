"""A read model in a DynamoDB table that stays clean: a removed item is really deleted (design section 7)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from consumers.errors import LostRace, Outage, RefusedDocument
from consumers.read_model import REMOVALS_KEPT_SECONDS, Document, Table, WriteOutcome, WriteStatus
from consumers.read_models.dynamodb_answers import VALIDATION, found, is_of_one_write_alone, refusal
from consumers.read_models.dynamodb_inserts import Inserts
from consumers.read_models.dynamodb_items import (
    DynamoDBItem,
    document_attributes,
    item_document,
    key_item,
)
from consumers.read_models.dynamodb_statements import Complaint, Statements, can_be_stated, requests
from consumers.read_models.dynamodb_steps import REMOVALS, StepCalls
from consumers.read_models.version_guard import (
    DELETE,
    INSERT,
    RECORD_REMOVAL,
    REVISE,
    UNDONE,
    Answer,
    Step,
    Steps,
    steps,
)
from consumers.writes import Put, VersionedWrite
from schemas.attribute_values import Attributes
from schemas.errors import InvalidKey
from schemas.keys import parse_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MAX_CALLS = 20
"""Calls for one write before it counts as a lost race; one or two are usual."""


@dataclass(slots=True)
class _Pending:
    """A write on its way: the step that comes next of its run, and its outcome once it has one.

    `attributes` are those of its document; none where it is a removal.
    """

    write: VersionedWrite
    attributes: Attributes
    run: Steps
    step: Step
    outcome: WriteOutcome | None = None

    def take(self, given: tuple[Answer, ...]) -> None:
        """Goes on by the answers of the step."""
        try:
            self.step = self.run.send(given)
        except StopIteration as end:
            self.outcome = end.value


class DynamoDBTable:
    """The read model in `table`. That table and the removals table exist.

    `clock` gives epoch seconds. `client` stays the caller's to close. Up to `parallel` requests are under way at once.
    `statements`: whether the server takes conditional updates as PartiQL; they are used where the table's fields are a
    closed list, so that many updates of items that exist go in one request.
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
        self._statements = Statements(table, client) if statements and can_be_stated(table) else None
        self._client = client
        self._calls = StepCalls(table, client, clock, removals, removals_kept_seconds)
        self._inserts = Inserts(client, self._calls)
        self._removals = removals.name
        self._writers = ThreadPoolExecutor(parallel, thread_name_prefix=f"writes-{table.name}")

    def apply(self, writes: Sequence[VersionedWrite]) -> list[WriteOutcome]:
        """See `ReadModel.apply`. Once the store is found to be away, the writes that wait their turn fail with it: each
        would wait for a time limit of its own.
        """
        away: list[str] = []
        pending = [self._pending(write) for write in writes]
        if self._statements is not None:
            # 1. Updates and removals as statements, many in a request; a removal takes two, one after the other.
            for steps_now in ((REVISE, RECORD_REMOVAL), (DELETE,)):
                stated = {
                    number: self._stated(each, self._statements)
                    for number, each in enumerate(pending)
                    if each.outcome is None and each.step in steps_now
                }
                list(self._writers.map(lambda together: self._state(pending, together, away), requests(stated)))
            # 2. The items that do not exist, many in a transaction.
            inserts = {
                number: self._inserts.one(each.write, each.attributes)
                for number, each in enumerate(pending)
                if each.outcome is None and each.step is INSERT
            }
            if len(inserts) > 1:
                list(self._writers.map(lambda together: self._insert(pending, together, away), requests(inserts)))
        # 3. What is left, one by one: removals, items that are somebody else's, lost races.
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
            found(self._item(self._removals, self._calls.removal_key(key), key)),
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

    def _pending(self, write: VersionedWrite) -> _Pending:
        """The write before its first step, or refused."""
        run = steps(write, revising=self._statements is not None)
        pending = _Pending(write, {}, run, next(run))
        try:
            if isinstance(write.write, Put):
                pending.attributes = document_attributes(write.write, self._schema)
                self._check_fields(pending.attributes)
            else:
                parse_key(write.key, self._schema)
        except (RefusedDocument, InvalidKey) as error:
            pending.outcome = self._refused(write, error)
        return pending

    def _check_fields(self, attributes: Attributes) -> None:
        if self._fields is not None and not attributes.keys() <= self._fields:
            undeclared = ", ".join(sorted(attributes.keys() - self._fields))
            raise RefusedDocument(
                f"the document has {undeclared}, which the fields of {self.name} do not name; add it to the table's "
                "line in consumers/groups.py"
            )

    def _stated(self, each: _Pending, statements: Statements) -> bytes:
        """The step that comes next as a statement."""
        if each.step is REVISE:
            return statements.revise(each.attributes, each.write.version)
        if each.step is DELETE:
            return statements.delete(parse_key(each.write.key, self._schema), each.write.version)
        return statements.record(self._removals, self._calls.removal_row(each.write))

    def _state(self, pending: Sequence[_Pending], stated: Mapping[int, bytes], away: list[str]) -> None:
        """Takes the next step of those writes, all in one request. What that leaves open is left to `_finish`."""
        assert self._statements is not None
        if away:
            return
        try:
            said: Sequence[Complaint | None] = self._statements.ask(list(stated.values()))
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError) and error.response["Error"]["Code"] in VALIDATION:
                # It is about one of them, or about the request: each is asked for itself.
                said = [Complaint("ValidationError")] * len(stated)
            else:
                for number in stated:
                    self._fail(pending[number], error, away)
                return
        for number, complaint in zip(stated, said, strict=True):
            self._hear(pending[number], complaint, away)

    def _hear(self, each: _Pending, complaint: Complaint | None, away: list[str]) -> None:
        """What is said of one write's statement."""
        if complaint is None:
            each.take((Answer(held=True, found=None),))
        elif (answer := complaint.answer) is not None and (each.step is REVISE or _is_of_ours(answer)):
            each.take((answer,))
        elif answer is not None or complaint.of_the_write:
            # Of a removal's steps, the step itself is taken next.
            if each.step is REVISE:
                each.take(UNDONE)
        else:
            each.outcome = self._failed(each.write, f"{complaint.code}: {complaint.message}")
            if not complaint.throttled:
                away.append(each.outcome.reason)

    def _insert(self, pending: Sequence[_Pending], inserts: Mapping[int, bytes], away: list[str]) -> None:
        """Takes the step INSERT of those writes, all in one request. What that leaves open is left to `_finish`."""
        if away:
            return
        try:
            given = dict(zip(inserts, self._inserts.ask(list(inserts.values())), strict=True))
        except ClientError:
            return  # each hears it for itself
        except BotoCoreError as error:
            for number in inserts:
                self._fail(pending[number], error, away)
            return
        left = {number: inserts[number] for number, answers in given.items() if answers is None}
        for number, answers in given.items():
            if answers is not None:
                pending[number].take(answers)
        # Those that only waited for one whose condition did not hold.
        if 1 < len(left) < len(inserts):
            self._insert(pending, left, away)

    def _finish(self, each: _Pending, away: list[str]) -> None:
        """Takes the steps that are left, to an outcome."""
        if away:
            each.outcome = WriteOutcome(WriteStatus.FAILED, away[0])
            return
        try:
            self._take_steps(each)
        except (RefusedDocument, InvalidKey) as error:
            each.outcome = self._refused(each.write, error)
        except (ClientError, BotoCoreError, LostRace) as error:
            self._fail(each, error, away)

    def _fail(self, each: _Pending, error: Exception, away: list[str]) -> None:
        each.outcome = self._failed(each.write, error)
        if not is_of_one_write_alone(error):
            away.append(each.outcome.reason)

    def _failed(self, write: VersionedWrite, reason: object) -> WriteOutcome:
        return WriteOutcome(WriteStatus.FAILED, f"{self.name} {write.key}: {reason}")

    def _refused(self, write: VersionedWrite, reason: object) -> WriteOutcome:
        return WriteOutcome(WriteStatus.REFUSED, f"{self.name} {write.key}: {reason}")

    def _take_steps(self, each: _Pending) -> None:
        rows = self._calls.rows(each.write, each.attributes)
        for _ in range(MAX_CALLS):
            given = self._calls.carry_out(each.step, rows, each.write.version)
            if given is not None:
                each.take(given)
            if each.outcome is not None:
                return
        raise LostRace(f"others wrote it at the same time, {MAX_CALLS} times in a row")


def _is_of_ours(answer: Answer) -> bool:
    """Whether it tells of an item with a version: somebody else's has none, and a statement passes it by."""
    return answer.found is not None and answer.found.version is not None
