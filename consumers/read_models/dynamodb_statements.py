"""Many steps in one request, as PartiQL: each statement is answered on its own.

A statement's condition is the step's or a stronger one, so what it does the step would do. What it does not do, for
another reason than that a later version stood there, is left to the step itself.

Source: the API's BatchExecuteStatement and its BatchStatementErrorCodeEnum, and "PartiQL update statements".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import msgspec
from botocore.exceptions import ResponseStreamingError

from consumers.read_model import SOURCE_VERSION, Table
from consumers.read_models.version_guard import Answer, Condition, Found
from schemas.attribute_values import Attributes
from schemas.dynamodb import call, exchange_json

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

T = TypeVar("T")

MAX_STATEMENTS = 25
MAX_TEXT = 8192
MAX_REQUEST_BYTES = 1024 * 1024
"""Statements that are longer together go in several requests; one that is longer alone goes by itself."""

_THROTTLED = frozenset({"ProvisionedThroughputExceeded", "RequestLimitExceeded", "ThrottlingError"})
_OF_THE_WRITE = frozenset(
    {"DuplicateItem", "ItemCollectionSizeLimitExceeded", "TransactionConflict", "ValidationError"}
)
_OURS_OLDER = Condition.OURS_OLDER.replace(":version", "?")


class _Old(msgspec.Struct, frozen=True):
    """Of the item that stood there, as much as is asked: the rest is not even read."""

    source_version: dict[str, Any] = {}


class Complaint(msgspec.Struct, rename="pascal", frozen=True):
    """What DynamoDB says where it did not carry a statement out; `item` is what stood there, where it says that."""

    code: str = ""
    message: str = ""
    item: _Old | None = None

    @property
    def answer(self) -> Answer | None:
        """What it says of the step, if it is that the condition did not hold."""
        if self.code != "ConditionalCheckFailed":
            return None
        return Answer(held=False, found=None if self.item is None else Found(self.item.source_version.get("S")))

    @property
    def of_the_write(self) -> bool:
        """Whether it is about this write, of which its step then has the last word."""
        return self.code in _OF_THE_WRITE

    @property
    def throttled(self) -> bool:
        """Whether other writes may well get through."""
        return self.code in _THROTTLED


class _Answered(msgspec.Struct, rename="pascal"):
    error: Complaint | None = None


class _Batch(msgspec.Struct, rename="pascal"):
    responses: list[_Answered]


class _Statement(msgspec.Struct, rename="pascal", omit_defaults=True):
    statement: str
    parameters: list[Any]
    return_values_on_condition_check_failure: Literal["ALL_OLD"] | None = None


class Statements:
    """The steps REVISE, RECORD_REMOVAL and DELETE of `table`, whose fields are a closed list."""

    def __init__(self, table: Table, client: DynamoDBClient) -> None:
        exchange_json(client)
        self._client = client
        self._table = table
        self._text = lru_cache(maxsize=1024)(_Text(table))
        self._key = [attribute.name for attribute in table.key]
        self._encoder = msgspec.json.Encoder()

    def revise(self, attributes: Attributes, version: str) -> bytes:
        """The statement that makes an older item of ours the document of these attributes, key included, as JSON."""
        fields = tuple(name for name in attributes if name not in self._key)
        stamp = {"S": version}
        values = [attributes[name] for name in fields]
        key = [attributes[name] for name in self._key]
        return self._encoder.encode(_Statement(self._text(fields), [*values, stamp, *key, stamp], "ALL_OLD"))

    def record(self, table: str, row: Mapping[str, Any]) -> bytes:
        """The statement that records a removal of which there is no record yet: `row` of the removals table."""
        entries = ", ".join(f"'{name}': ?" for name in row)
        return self._encoder.encode(_Statement(f"INSERT INTO {_quoted(table)} VALUE {{{entries}}}", [*row.values()]))

    def delete(self, key: Attributes, version: str) -> bytes:
        """The statement that deletes an older item of ours."""
        where = " AND ".join(f"{_quoted(name)}=?" for name in key)
        text = f"DELETE FROM {_quoted(self._table.name)} WHERE {where} AND {_OURS_OLDER}"
        return self._encoder.encode(_Statement(text, [*key.values(), {"S": version}], "ALL_OLD"))

    def ask(self, statements: Sequence[bytes]) -> list[Complaint | None]:
        """Carries out at most 25 statements, of a key each: what is said of each one, None where it was carried out.

        Raises ClientError, BotoCoreError.
        """
        body = b'{"Statements":[' + b",".join(statements) + b"]}"
        # One statement, for boto3 to let through.
        least: Any = [{"Statement": "-"}]
        batch = call(_Batch, self._client.batch_execute_statement, body, Statements=least)
        if len(batch.responses) != len(statements):
            raise ResponseStreamingError(error=f"{len(batch.responses)} answers to {len(statements)} statements")
        return [answered.error for answered in batch.responses]


class _Text:
    """A statement's text, by the fields that are set."""

    def __init__(self, table: Table) -> None:
        self._table = _quoted(table.name)
        key = [attribute.name for attribute in table.key]
        self._fields = [name for name in table.fields or () if name not in key]
        self._where = " AND ".join(f"{_quoted(name)}=?" for name in key)

    def __call__(self, fields: Sequence[str]) -> str:
        settings = ", ".join(f"{_quoted(name)}=?" for name in (*fields, SOURCE_VERSION))
        # Each with a REMOVE of its own: that is how it is spelled.
        removals = "".join(f" REMOVE {_quoted(name)}" for name in self._fields if name not in fields)
        return f"UPDATE {self._table} SET {settings}{removals} WHERE {self._where} AND {_OURS_OLDER}"


def can_be_stated(table: Table) -> bool:
    """Whether the table's updates can be statements: its fields are a closed list, and not too long a one."""
    if table.fields is None:
        return False
    # Nothing set is the longest.
    return len(_Text(table)(()).encode()) <= MAX_TEXT


def requests(parts: Iterable[tuple[T, bytes]], most: int = MAX_STATEMENTS) -> Iterator[list[tuple[T, bytes]]]:
    """The parts in their order, as many together as one request may hold; each is whoever's it is, and its text."""
    together: list[tuple[T, bytes]] = []
    size = 0
    for part in parts:
        if together and (len(together) == most or size + len(part[1]) > MAX_REQUEST_BYTES):
            yield together
            together, size = [], 0
        together.append(part)
        size += len(part[1])
    if together:
        yield together


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
