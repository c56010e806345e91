"""Items and the records of their removals replaced by compare-and-set: the actions of many keys in one transaction.

All of them happen or none, so each key's still do; a key that is no longer as it was seen keeps the others waiting for
the next transaction, and for nothing else. Source: the API's TransactWriteItems and its CancellationReasons.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from consumers.read_model import APPLIED, SOURCE_VERSION, STALE, Replacement, State, Table, WriteOutcome, WriteStatus
from consumers.read_models.dynamodb_answers import HELD_UP, VALIDATION, refusal, refusal_of
from consumers.read_models.dynamodb_statements import requests
from consumers.read_models.dynamodb_steps import StepCalls
from consumers.read_models.dynamodb_transactions import CANCELLED, transact
from consumers.writes import Put, VersionedWrite
from schemas.attribute_values import Attributes
from schemas.dynamodb import exchange_json
from schemas.keys import parse_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MAX_KEYS = 50
"""Keys in one transaction, which may have 100 actions: two a key, one for the item and one for its removal."""
PAUSES = (0.02, 0.05, 0.1, 0.2, 0.4)
"""Seconds before a key that was held up goes again; after them it is an outage."""


class _Seen(NamedTuple):
    """What must still stand in a row, as DynamoDB's condition expression."""

    expression: str
    names: Mapping[str, str] = {}
    values: Mapping[str, Mapping[str, str]] = {}


# Of whatever type somebody else's attribute of that name is.
_NOT_OURS = f"NOT attribute_type({SOURCE_VERSION}, :text)"
_NO_REMOVAL = _Seen(f"attribute_not_exists({SOURCE_VERSION})")


@dataclass(slots=True)
class Asked:
    """A replacement on its way to an outcome: its two actions as JSON, and how often it was held up."""

    place: str
    actions: bytes = b""
    outcome: WriteOutcome | None = None
    held_up: int = 0

    def end(self, status: WriteStatus, reason: object) -> None:
        """It is refused, or has failed."""
        self.outcome = WriteOutcome(status, f"{self.place}: {reason}")

    def wait(self, reason: object) -> float:
        """The seconds until it may go again; it has failed, and 0.0, where it was held up often enough."""
        if self.held_up == len(PAUSES):
            self.end(WriteStatus.FAILED, reason)
            return 0.0
        self.held_up += 1
        return PAUSES[self.held_up - 1]


class Replacements:
    """Replaces items of `table`; `calls` says how a removal is recorded. Transactions go out through `writers`."""

    def __init__(self, table: Table, client: DynamoDBClient, calls: StepCalls, writers: Executor) -> None:
        exchange_json(client)
        self._table = table
        self._client = client
        self._calls = calls
        self._writers = writers
        self._encoder = msgspec.json.Encoder()

    def ask(self, place: str, replacement: Replacement, attributes: Attributes) -> Asked:
        """The replacement before it goes out; `attributes` are those of its document, if it has one.

        Raises InvalidKey.
        """
        actions = [*self._actions(replacement, attributes)]
        return Asked(place, b",".join(map(self._encoder.encode, actions)))

    def take(self, asked: Iterable[Asked]) -> list[Asked]:
        """All of them as they come, each with its outcome. A transaction goes out while the next is made.

        Nothing is sent once the store is found to be away: the others would wait for a time limit of their own.
        """
        taken: list[Asked] = []
        away: list[str] = []

        def parts() -> Iterator[tuple[Asked, bytes]]:
            for each in asked:
                taken.append(each)
                if each.outcome is None:
                    yield each, each.actions

        list(self._writers.map(lambda some: self._settle(some, away), requests(parts(), MAX_KEYS)))
        return taken

    def _actions(self, replacement: Replacement, attributes: Attributes) -> Iterator[dict[str, Any]]:
        seen, write, version = replacement.seen, replacement.write, replacement.version
        key, item_seen = parse_key(write.key, self._table.key), self._item_seen(seen)
        removals, removal_key = self._calls.removals.name, self._calls.removal_key(write.key)
        removal_seen = _NO_REMOVAL if seen.removal is None else _ours(seen.removal)
        if isinstance(write, Put):
            stamp = {SOURCE_VERSION: {"S": replacement.stamp}}
            yield _action("Put", self._table.name, item_seen, Item={**attributes, **stamp})
            forgotten = seen.removal is not None and replacement.stamp <= seen.removal
            yield _action("Delete" if forgotten else "ConditionCheck", removals, removal_seen, Key=removal_key)
            return
        yield _action("ConditionCheck" if seen.document is None else "Delete", self._table.name, item_seen, Key=key)
        if version is None:
            yield _action("ConditionCheck", removals, removal_seen, Key=removal_key)
        else:
            row = self._calls.removal_row(VersionedWrite(write, replacement.stamp))
            yield _action("Put", removals, removal_seen, Item=row)

    def _item_seen(self, seen: State) -> _Seen:
        names = {"#key": self._table.key[0].name}
        if seen.document is None:
            return _Seen("attribute_not_exists(#key)", names)
        if seen.document.source_version is None:
            return _Seen(f"attribute_exists(#key) AND {_NOT_OURS}", names, {":text": {"S": "S"}})
        return _ours(seen.document.source_version)

    def _settle(self, some: Sequence[tuple[Asked, bytes]], away: list[str]) -> None:
        """Gives each its outcome, in transactions that get smaller where they are held up."""
        left, most = [each for each, _ in some], MAX_KEYS
        while left and not away:
            together, waiting = left[:most], left[most:]
            try:
                transact(self._client, [each.actions for each in together])
            except ClientError as error:
                again, pause = _hear(together, error, away)
                if pause or len(again) == len(together):
                    most = max(1, len(together) // 2)
                left = again + waiting
                if pause:
                    Event().wait(pause)
            except BotoCoreError as error:
                away.append(str(error))
            else:
                for each in together:
                    each.outcome = APPLIED
                left = waiting
        for each in left:
            each.end(WriteStatus.FAILED, away[0])


def _hear(together: Sequence[Asked], error: ClientError, away: list[str]) -> tuple[list[Asked], float]:
    """Those of a transaction that go again, and after how many seconds; the others have an outcome, or all are away."""
    response: Any = error.response
    code, reasons = response["Error"]["Code"], response.get("CancellationReasons", [])
    # 1. Something is said of single actions.
    if code == CANCELLED and len(reasons) == 2 * len(together) and {reason["Code"] for reason in reasons} != {"None"}:
        pauses = [_hear_one(each, reasons[2 * number : 2 * number + 2]) for number, each in enumerate(together)]
    # 2. All were held up together.
    elif code in HELD_UP or code == CANCELLED:
        pauses = [each.wait(error) for each in together]
    # 3. It is about one of them, or about the request: the halves tell.
    elif code in VALIDATION and len(together) > 1:
        pauses = [0.0]
    elif complaint := refusal(error):
        together[0].end(WriteStatus.REFUSED, complaint)
        pauses = [0.0]
    # 4. The store is away.
    else:
        away.append(str(error))
        pauses = [0.0]
    return [each for each in together if each.outcome is None], max(pauses)


def _hear_one(each: Asked, reasons: Sequence[Mapping[str, Any]]) -> float:
    """What is said of one key's two actions; the seconds until it may go again, if it does."""
    said = {reason["Code"]: f"{reason['Code']}: {reason.get('Message')}" for reason in reasons}
    said.pop("None", None)
    if "ConditionalCheckFailed" in said:
        each.outcome = STALE
    elif held_up := said.keys() & HELD_UP:
        return each.wait(said[min(held_up)])
    elif said:
        complaint = refusal_of(reasons)
        status = WriteStatus.FAILED if complaint is None else WriteStatus.REFUSED
        each.end(status, complaint or "; ".join(said.values()))
    return 0.0


def _ours(version: str) -> _Seen:
    return _Seen(f"{SOURCE_VERSION} = :seen", {}, {":seen": {"S": version}})


def _action(word: str, table: str, seen: _Seen, **row: Mapping[str, Any]) -> dict[str, Any]:
    """An action that is carried out if the row is still as it was seen; `row` is its `Item` or its `Key`."""
    action: dict[str, Any] = {"TableName": table, **row, "ConditionExpression": seen.expression}
    # DynamoDB takes no empty ones.
    if seen.names:
        action["ExpressionAttributeNames"] = seen.names
    if seen.values:
        action["ExpressionAttributeValues"] = seen.values
    return {word: action}
