"""The tables of a pipeline, made where they are not there yet."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bridge.dynamodb_positions import POSITIONS
from bridge.dynamodb_runs import RUNS
from consumers.groups import GROUPS
from consumers.read_model import Table
from consumers.read_models.dynamodb_steps import EXPIRES_AT, REMOVALS
from schemas.change_event import ViewType
from schemas.event_schema import item_key_of
from schemas.keys import KeyAttribute, KeySchema
from schemas.topics import TOPICS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class DeclaredTable:
    """A table to create: its name, its key (hash, then range), what its stream carries (None: no stream), and the
    attribute that says when an item expires, if any does.
    """

    name: str
    key: KeySchema
    view_type: ViewType | None = None
    expires_at: str | None = None


def create_tables(client: DynamoDBClient, tables: Iterable[DeclaredTable]) -> None:
    """Creates each table and waits until it can be used; one that is there already stays as it is."""
    for table in tables:
        with suppress(client.exceptions.ResourceInUseException):
            client.create_table(**_request(table))
        client.get_waiter("table_exists").wait(TableName=table.name, WaiterConfig={"Delay": 1})
        if table.expires_at is not None and not _expires(client, table.name):
            setting: Any = {"Enabled": True, "AttributeName": table.expires_at}
            client.update_time_to_live(TableName=table.name, TimeToLiveSpecification=setting)


def table_exists(client: DynamoDBClient, name: str) -> bool:
    """Whether there is such a table."""
    try:
        client.describe_table(TableName=name)
    except client.exceptions.ResourceNotFoundException:
        return False
    return True


def _expires(client: DynamoDBClient, table: str) -> bool:
    found = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    return found.get("TimeToLiveStatus") in ("ENABLED", "ENABLING")


def _request(table: DeclaredTable) -> Any:
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


def declared_tables() -> list[DeclaredTable]:
    """Every table of the pipeline: those with a topic have a stream; the read models' and the removals table."""
    sources = [DeclaredTable(topic.table, item_key_of(topic), topic.view_type) for topic in TOPICS]
    streamed = {table.name for table in sources}
    models = [group.read_model for group in GROUPS if isinstance(group.read_model, Table)]
    kept = [DeclaredTable(model.name, model.key) for model in models if model.name not in streamed]
    positions = DeclaredTable(POSITIONS, (KeyAttribute("stream", "S"), KeyAttribute("shard", "S")))
    runs = DeclaredTable(RUNS, (KeyAttribute("run", "S"), KeyAttribute("part", "S")))
    return [*sources, *kept, positions, runs, DeclaredTable(REMOVALS.name, REMOVALS.key, expires_at=EXPIRES_AT)]
