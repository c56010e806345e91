"""The tables of a local pipeline, made where they are not there yet."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from schemas.change_event import ViewType
from schemas.keys import KeySchema

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class LocalTable:
    """A table to create: its name, its key (hash, then range), and what its stream carries (None: no stream)."""

    name: str
    key: KeySchema
    view_type: ViewType | None = None


def create_tables(client: DynamoDBClient, tables: Iterable[LocalTable]) -> None:
    """Creates each table and waits until it can be used; one that is there already stays as it is."""
    for table in tables:
        with suppress(client.exceptions.ResourceInUseException):
            client.create_table(**_request(table))
        client.get_waiter("table_exists").wait(TableName=table.name, WaiterConfig={"Delay": 1})


def _request(table: LocalTable) -> Any:
    names = [{"AttributeName": name} for name, _ in table.key]
    request: dict[str, Any] = {
        "TableName": table.name,
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": kind} for name, kind in table.key],
        "KeySchema": [name | {"KeyType": role} for name, role in zip(names, ("HASH", "RANGE"), strict=False)],
        "BillingMode": "PAY_PER_REQUEST",
    }
    if table.view_type is not None:
        request["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": table.view_type.value}
    return request
