"""What stands under many keys of a table: the items and the records of their removals, by consistent reads.

Source: the API's BatchGetItem and its UnprocessedKeys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from threading import Event
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from consumers.errors import Outage
from consumers.read_model import SOURCE_VERSION, State, Table
from consumers.read_models.dynamodb_answers import THROTTLED, refusal
from consumers.read_models.dynamodb_items import document_of
from consumers.read_models.dynamodb_steps import StepCalls
from schemas.attribute_values import Attributes
from schemas.dynamodb import call, exchange_json
from schemas.errors import InvalidKey
from schemas.keys import key_text, parse_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MAX_KEYS = 100
"""Rows in one request."""
PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds before each further request where the last one gave nothing; after them it is an outage."""


class _Keys(msgspec.Struct, rename="pascal"):
    keys: list[dict[str, Any]] = []


class _Got(msgspec.Struct, rename="pascal"):
    responses: dict[str, list[dict[str, Any]]] = {}
    unprocessed_keys: dict[str, _Keys] = {}


class States:
    """Reads `table` and what `calls` knows of its removals; requests go out through `readers`."""

    def __init__(self, table: Table, client: DynamoDBClient, calls: StepCalls, readers: Executor) -> None:
        exchange_json(client)
        self._table = table
        self._client = client
        self._calls = calls
        self._readers = readers
        self._encoder = msgspec.json.Encoder()

    def of(self, keys: Sequence[str]) -> list[State]:
        """See `ReadModel.states`."""
        items = {key: parse_key(key, self._table.key) for key in keys}
        wanted = list(items)
        parts = [wanted[start : start + MAX_KEYS] for start in range(0, len(wanted), MAX_KEYS)]
        read = self._readers.map(self._read, [{key: items[key] for key in part} for part in parts])
        found = {state.key: state for states in read for state in states}
        return [found[key] for key in keys]

    def _read(self, items: Mapping[str, Attributes]) -> list[State]:
        """The states of at most `MAX_KEYS` keys. A removal is recorded before its item goes, so the item is read first:
        whichever of them there was is seen. What changes in between, a replacement is too late for.
        """
        # 1. The items. Two texts may be of one key (`1` and `01`).
        texts = {key: key_text(item) for key, item in items.items()}
        rows = self._rows(self._table.name, list({texts[key]: item for key, item in items.items()}.values()))
        documents = {document.key: document for document in (document_of(row, self._table.key) for row in rows)}
        # 2. The removals.
        places = {key: self._calls.removal_key(key) for key in texts.values()}
        rows = self._rows(self._calls.removals.name, list(places.values()))
        name = self._calls.removals.key[0].name
        removals = {row[name]["S"]: row.get(SOURCE_VERSION, {}).get("S") for row in rows}
        return [State(key, documents.get(text), removals.get(places[text][name]["S"])) for key, text in texts.items()]

    def _rows(self, table: str, keys: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The rows that there are, in no order. Raises InvalidKey, Outage."""
        rows: list[dict[str, Any]] = []
        pauses = iter(PAUSES)
        while keys:
            try:
                got = self._ask(table, keys)
            except ClientError as error:
                if error.response["Error"]["Code"] not in THROTTLED:
                    return rows + self._one_by_one(table, keys, error)
                got, said = _Got(), str(error)
            except BotoCoreError as error:
                raise Outage("DynamoDB", f"{table}: {error}") from error
            else:
                rows += got.responses.get(table, [])
                # 16 MB are an answer's most, so that there may be more without any throttling.
                left = got.unprocessed_keys.get(table, _Keys()).keys
                if len(left) < len(keys):
                    keys, pauses = left, iter(PAUSES)
                    continue
                said = f"it does not get to {len(keys)} rows"
            if (pause := next(pauses, None)) is None:
                raise Outage("DynamoDB", f"{table}: {said}")
            Event().wait(pause)
        return rows

    def _ask(self, table: str, keys: Sequence[Mapping[str, Any]]) -> _Got:
        asked = {table: {"Keys": keys, "ConsistentRead": True}}
        # One key, for boto3 to let through.
        least: Any = {table: {"Keys": [{}]}}
        body = self._encoder.encode({"RequestItems": asked})
        return call(_Got, self._client.batch_get_item, body, RequestItems=least)

    def _one_by_one(self, table: str, keys: Sequence[Mapping[str, Any]], error: ClientError) -> list[dict[str, Any]]:
        """What is found in halves, where the request was refused for one of its keys, to say which."""
        if (complaint := refusal(error)) is None:
            raise Outage("DynamoDB", f"{table}: {error}") from error
        if len(keys) == 1:
            text = key_text(keys[0])
            raise InvalidKey(f"{text!r} is no key of {table}: {complaint}") from error
        middle = len(keys) // 2
        return self._rows(table, keys[:middle]) + self._rows(table, keys[middle:])
