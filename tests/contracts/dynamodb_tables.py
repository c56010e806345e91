"""Tables of DynamoDB for the contract of read models, and what stands in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from consumers.read_model import Table, WriteOutcome
from consumers.read_models.dynamodb import DynamoDBTable
from consumers.read_models.dynamodb_steps import REMOVALS
from consumers.read_models.version_guard import Found, steps
from consumers.writes import VersionedWrite
from distributary.tables import DeclaredTable, create_tables
from schemas.keys import KeySchema
from tests.unit import version_guard_model as model

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOW = 1_800_000_000.75


@dataclass(frozen=True, slots=True)
class Tables:
    """A new table and its removals table."""

    client: DynamoDBClient
    table: Table
    removals: Table

    def open(self) -> DynamoDBTable:
        """An adapter on them."""
        return DynamoDBTable(self.table, self.client, lambda: NOW, removals=self.removals, parallel=2)

    def item(self, key: str) -> dict[str, Any]:
        """The item of a user as it stands in the table."""
        found = self.client.get_item(TableName=self.table.name, Key={"UserId": {"N": key}})
        return dict(found.get("Item", {}))

    def put_as_somebody_else(self, item: dict[str, Any]) -> None:
        """An item without a version."""
        self.client.put_item(TableName=self.table.name, Item=item)

    def leave(self, key: str, store: model.Store) -> None:
        """Leaves in the tables what the model's store holds."""
        if store.item is not None:
            self.put_as_somebody_else({"UserId": {"N": key}} | _beside(store.item))
        if store.removal is not None:
            row = {REMOVALS.key[0].name: {"S": f"{self.table.name}#{key}"}} | _beside(store.removal)
            self.client.put_item(TableName=self.removals.name, Item=row)

    def left(self, key: str) -> model.Store:
        """What the model's store would hold if it held what is in the tables."""
        return model.Store(_found(self.item(key)), _found(self.removal(key)))

    def removal(self, key: str) -> dict[str, Any]:
        """The removal's record as it stands in the removals table."""
        found = self.client.get_item(
            TableName=self.removals.name, Key={REMOVALS.key[0].name: {"S": f"{self.table.name}#{key}"}}
        )
        return dict(found.get("Item", {}))


def make_tables(client: DynamoDBClient, name: str, schema: KeySchema, fields: tuple[str, ...] | None = None) -> Tables:
    """Makes tables whose names end so."""
    tables = Tables(client, Table(f"Users-{name}", schema, fields), Table(f"Removals-{name}", REMOVALS.key))
    create_tables(client, [DeclaredTable(made.name, made.key) for made in (tables.table, tables.removals)])
    return tables


def on_the_model(
    write: VersionedWrite, store: model.Store, *, revising: bool = False
) -> tuple[WriteOutcome, model.Store]:
    """What a write comes to on a store of the model, and that store."""
    run = steps(write, revising=revising)
    step = next(run)
    while True:
        store, answers = store.carry_out(step, write.version)
        try:
            step = run.send(answers)
        except StopIteration as end:
            return end.value, store


def _beside(found: Found) -> dict[str, Any]:
    return {} if found.version is None else {"source_version": {"S": found.version}}


def _found(item: dict[str, Any]) -> Found | None:
    return Found(item.get("source_version", {}).get("S")) if item else None
