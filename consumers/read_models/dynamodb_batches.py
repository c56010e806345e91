"""The steps of many writes in one request, and what each answer means to its own write.

What a request leaves open still has its next step, which is then taken alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, TypeAlias

from botocore.exceptions import BotoCoreError, ClientError

from consumers.read_model import Table
from consumers.read_models.dynamodb_answers import VALIDATION
from consumers.read_models.dynamodb_inserts import Inserts
from consumers.read_models.dynamodb_pending import Pending
from consumers.read_models.dynamodb_statements import Complaint, Statements, requests
from consumers.read_models.dynamodb_steps import StepCalls
from consumers.read_models.version_guard import DELETE, INSERT, REVISE, UNDONE, Answer, Step
from schemas.keys import parse_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Part: TypeAlias = tuple[Pending, bytes]
"""A write, and its next step as a part of a request."""


class Batches:
    """Takes the steps of writes to `table`, whose fields are a closed list, as far as they can go many in a request.

    `calls` says how a step is spelled; requests go out through `writers`.
    """

    def __init__(self, table: Table, client: DynamoDBClient, calls: StepCalls, writers: Executor) -> None:
        self._schema = table.key
        self._calls = calls
        self._statements = Statements(table, client)
        self._inserts = Inserts(client, calls)
        self._writers = writers

    def take(self, writes: Iterable[Pending], away: list[str]) -> list[Pending]:
        """The writes as they come, after what could be done together. A request goes out while the next is made.

        Nothing is sent once the store is found to be `away`, which is added to it.
        """
        pending: list[Pending] = []
        # 1. Updates of items that exist, and the records of removals.
        self._send(self._state, self._first(writes, pending), away)
        # 2. The items of those removals.
        self._send(self._state, self._next(pending, DELETE, self._deletion), away)
        # 3. The items that do not exist.
        self._send(self._insert, self._next(pending, INSERT, self._insertion), away)
        return pending

    def _send(self, take: Callable[[list[Part], list[str]], None], parts: Iterable[Part], away: list[str]) -> None:
        list(self._writers.map(lambda together: take(together, away), requests(parts)))

    def _first(self, writes: Iterable[Pending], pending: list[Pending]) -> Iterator[Part]:
        """The first step of each write that is not refused; the writes become `pending` on the way."""
        for each in writes:
            pending.append(each)
            if each.outcome is None:
                yield each, self._statement(each)

    def _statement(self, each: Pending) -> bytes:
        if each.step is REVISE:
            return self._statements.revise(each.attributes, each.write.version)
        return self._statements.record(self._calls.removals.name, self._calls.removal_row(each.write))

    def _next(self, pending: Sequence[Pending], step: Step, made: Callable[[Pending], bytes]) -> Iterator[Part]:
        """Those whose next step is this one."""
        waiting = [each for each in pending if each.outcome is None and each.step is step]
        return ((each, made(each)) for each in waiting)

    def _deletion(self, each: Pending) -> bytes:
        return self._statements.delete(parse_key(each.write.key, self._schema), each.write.version)

    def _insertion(self, each: Pending) -> bytes:
        return self._inserts.one(each.write, each.attributes)

    def _state(self, stated: list[Part], away: list[str]) -> None:
        """Takes the next step of those writes as statements."""
        if away:
            return
        try:
            said: Sequence[Complaint | None] = self._statements.ask([statement for _, statement in stated])
        except (ClientError, BotoCoreError) as error:
            if not isinstance(error, ClientError) or error.response["Error"]["Code"] not in VALIDATION:
                for each, _ in stated:
                    each.fail_by(error, away)
                return
            # It is about one of them, or about the request: each is asked for itself.
            said = [Complaint("ValidationError")] * len(stated)
        for (each, _), complaint in zip(stated, said, strict=True):
            _hear(each, complaint, away)

    def _insert(self, inserts: list[Part], away: list[str]) -> None:
        """Takes the step INSERT of those writes as one transaction."""
        if away:
            return
        try:
            given = self._inserts.ask([insert for _, insert in inserts])
        except ClientError:
            return  # each hears it for itself
        except BotoCoreError as error:
            for each, _ in inserts:
                each.fail_by(error, away)
            return
        left = [part for part, answers in zip(inserts, given, strict=True) if answers is None]
        for (each, _), answers in zip(inserts, given, strict=True):
            if answers is not None:
                each.take(answers)
        # Those that only waited for one whose condition did not hold.
        if 1 < len(left) < len(inserts):
            self._insert(left, away)


def _hear(each: Pending, complaint: Complaint | None, away: list[str]) -> None:
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
        reason = each.fail(f"{complaint.code}: {complaint.message}")
        if not complaint.throttled:
            away.append(reason)


def _is_of_ours(answer: Answer) -> bool:
    """Whether it tells of an item with a version: somebody else's has none, and a statement passes it by."""
    return answer.found is not None and answer.found.version is not None
