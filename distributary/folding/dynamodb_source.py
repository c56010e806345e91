"""A source table as something to compare its log with: its items by consistent reads, whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from threading import Event
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from consumers.errors import Outage
from consumers.read_model import Document, State
from consumers.writes import Fields, Put
from schemas.attribute_values import plain
from schemas.client_form import with_base64, with_bytes
from schemas.keys import KeySchema, key_of, key_text, parse_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MAX_KEYS = 100
OURS = ""
"""The version of every item: it has none, and is not somebody else's."""
PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Seconds before each further request where the last one gave nothing."""


class SourceTable:
    """The table `name`, whose key is `key`. Raises Outage wherever it cannot be read."""

    def __init__(self, client: DynamoDBClient, name: str, key: KeySchema) -> None:
        self._client = client
        self._name = name
        self._key = key

    def scan(self) -> Iterator[Document]:
        """Every item as a document."""
        with self._outages():
            for page in self._client.get_paginator("scan").paginate(TableName=self._name, ConsistentRead=True):
                for item in page["Items"]:
                    yield self._document(item)

    def states(self, keys: Sequence[str]) -> list[State]:
        """See `ReadModel.states`; no removal is remembered."""
        found: dict[str, Document] = {}
        left = iter(keys)
        while some := list(islice(left, MAX_KEYS)):
            found |= {document.key: document for document in map(self._document, self._items(some))}
        return [State(key, found.get(key)) for key in keys]

    def given_back(self, put: Put) -> Fields:
        """The item as it is."""
        return put.document

    def _items(self, keys: Sequence[str]) -> Iterator[Any]:
        request: Any = {
            self._name: {"Keys": [with_bytes(parse_key(key, self._key)) for key in keys], "ConsistentRead": True}
        }
        pauses = iter(PAUSES)
        while request:
            with self._outages():
                answer = self._client.batch_get_item(RequestItems=request)
            items = answer["Responses"].get(self._name, [])
            yield from items
            request = answer.get("UnprocessedKeys")
            if request and not items:
                if (pause := next(pauses, None)) is None:
                    raise Outage("DynamoDB", f"{self._name}: it does not get to read {len(keys)} items")
                Event().wait(pause)

    def _document(self, item: Any) -> Document:
        attributes = with_base64(item)
        key = key_text(key_of(attributes, self._key, "item"))
        return Document(key, OURS, {name: plain(value) for name, value in attributes.items()})

    @contextmanager
    def _outages(self) -> Iterator[None]:
        try:
            yield
        except (ClientError, BotoCoreError) as error:
            raise Outage("DynamoDB", f"{self._name}: {error}") from error
