"""A table's items through boto3, as their JSON has them: numbers keep their text.

Source: the API's Scan, BatchGetItem and DescribeTable, and their lists of errors.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from bridge.errors import StreamMissing, TableRefused, TableUnavailable
from bridge.items import PAGE_ITEMS, ItemPage, Segment
from schemas.attribute_values import Attributes
from schemas.dynamodb import call, exchange_json
from schemas.keys import key_text

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BATCH_KEYS = 100
"""The keys of one BatchGetItem, at the most."""
TRIES = 20
"""How often a batch may leave keys unprocessed in a row, none of which was answered, before that is an outage."""
_REFUSALS = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "UnrecognizedClientException",
    }
)


class _Capacity(msgspec.Struct, frozen=True, rename="pascal"):
    capacity_units: float = 0.0


class _Scanned(msgspec.Struct, rename="pascal"):
    items: list[dict[str, Any]] = []
    last_evaluated_key: dict[str, Any] | None = None
    consumed_capacity: _Capacity = _Capacity()


class _Request(msgspec.Struct, frozen=True, rename="pascal"):
    keys: list[dict[str, Any]] = []


class _Got(msgspec.Struct, rename="pascal"):
    responses: dict[str, list[dict[str, Any]]] = {}
    unprocessed_keys: dict[str, _Request] = {}


class DynamoDBItems:
    """See `Items`. `client` stays the caller's to close."""

    def __init__(self, client: DynamoDBClient) -> None:
        exchange_json(client)
        self._client = client

    def count(self, table: str) -> int:
        """See `Items.count`."""
        with _errors(table, "DescribeTable"):
            return self._client.describe_table(TableName=table)["Table"].get("ItemCount", 0)

    def scan(self, table: str, segment: Segment, start: Attributes | None, limit: int = PAGE_ITEMS) -> ItemPage:
        """See `Items.scan`."""
        parameters: dict[str, Any] = {} if start is None else {"ExclusiveStartKey": start}
        body = msgspec.json.encode(
            {
                "TableName": table,
                "Segment": segment.number,
                "TotalSegments": segment.of,
                "ConsistentRead": True,
                "Limit": limit,
                "ReturnConsumedCapacity": "TOTAL",
                **parameters,
            }
        )
        with _errors(table, "Scan"):
            page = call(_Scanned, self._client.scan, body, TableName=table)
        return ItemPage(page.items, page.last_evaluated_key or None, page.consumed_capacity.capacity_units)

    def get(self, table: str, keys: Sequence[Attributes]) -> list[Attributes | None]:
        """See `Items.get`."""
        found: dict[tuple[str, ...], Attributes] = {}
        for at in range(0, len(keys), BATCH_KEYS):
            for item in self._batch(table, [dict(key) for key in keys[at : at + BATCH_KEYS]]):
                found[_identity(item, keys[0])] = item
        return [found.get(_identity(key, key)) for key in keys]

    def _batch(self, table: str, keys: list[dict[str, Any]]) -> Iterator[Attributes]:
        tries = TRIES
        while keys:
            body = msgspec.json.encode({"RequestItems": {table: {"Keys": keys, "ConsistentRead": True}}})
            with _errors(table, "BatchGetItem"):
                got = call(_Got, self._client.batch_get_item, body, RequestItems={table: {"Keys": keys}})
            left = got.unprocessed_keys.get(table, _Request()).keys
            tries = TRIES if len(left) < len(keys) else tries - 1
            if tries == 0:
                raise TableUnavailable(f"the table {table} leaves {len(left)} keys unread, as its capacity is used up")
            yield from got.responses.get(table, [])
            keys = left


def _identity(item: Attributes, key: Attributes) -> tuple[str, ...]:
    """What tells an item of one table from another: the key's values, whatever zeros a number is written with."""
    return tuple(key_text({name: item[name]}) for name in key)


@contextmanager
def _errors(table: str, what: str) -> Iterator[None]:
    """Raises what an error's code stands for; everything else is an outage (design section 6)."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "ResourceNotFoundException":
            raise StreamMissing(f"the table {table} is not there; create it") from error
        if code in _REFUSALS:
            raise TableRefused(
                f"the table {table} may not be read: {error}; allow dynamodb:{what} on it to whoever runs this"
            ) from error
        raise TableUnavailable(f"the table {table} cannot be read just now: {error}") from error
    except NoCredentialsError as error:
        raise TableRefused(f"the table {table} may not be read: {error}") from error
    except BotoCoreError as error:
        raise TableUnavailable(f"the table {table} cannot be read just now: {error}") from error
