"""moto's DynamoDB and DynamoDB Streams as one WSGI application, with what moto lacks for a pipeline to run on it.

One request at a time (moto loses concurrent updates). A cancelled transaction is undone at the keys it names: moto
copies whole tables beforehand, and its rollback leaves a stream's readers behind on the table that it throws away.
Credentials and region of a request do not matter, and nothing here looks for a configuration of AWS.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, Any

from moto.core.base_backend import AccountSpecificBackend
from moto.core.request import Request
from moto.core.responses import BaseResponse
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler
from moto.dynamodbstreams.models import dynamodbstreams_backends
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from distributary.local.moto_streams import Streams, StreamsHandler

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

# moto stamps this region on every stream record and takes it where a request names none.
_REGION = "us-east-1"
# moto's state is the process's; an account of its own keeps each of several apart.
_accounts = count(123456789012)
_APIS: dict[str, type[BaseResponse]] = {"DynamoDB_20120810": DynamoHandler, "DynamoDBStreams_20120810": StreamsHandler}


class MotoTables:
    """A WSGI application that answers both APIs; it has no tables at first."""

    def __init__(self) -> None:
        self._lock = Lock()
        # Whoever comes back at once finds this taken by who waits: a busy writer does not starve a stream's reader.
        self._next = Lock()
        self._account = str(next(_accounts))
        dynamodb_backends[self._account] = AccountSpecificBackend(
            "dynamodb", self._account, _Tables, use_boto3_regions=False, additional_regions=[_REGION]
        )
        dynamodbstreams_backends[self._account] = AccountSpecificBackend(
            "dynamodbstreams", self._account, Streams, use_boto3_regions=False, additional_regions=[_REGION]
        )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answers one request; 404 to one that is of neither API."""
        handler = _APIS.get(environ.get("HTTP_X_AMZ_TARGET", "").partition(".")[0])
        if handler is None:
            return Response("this is DynamoDB", 404)(environ, start_response)
        # Where moto would find a region and an account.
        for header in ("HTTP_AUTHORIZATION", "HTTP_USER_AGENT"):
            environ.pop(header, None)
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = self._account
        try:
            with self._turn():
                status, headers, body = handler.dispatch(Request(environ))
        except HTTPException as error:
            return error(environ, start_response)
        return Response(body, status, headers)(environ, start_response)

    def close(self) -> None:
        """Lets go of the tables."""
        with self._turn():
            dynamodb_backends.pop(self._account, None)
            dynamodbstreams_backends.pop(self._account, None)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with self._next:
            self._lock.acquire()
        try:
            yield
        finally:
            self._lock.release()


class _Tables(DynamoDBBackend):
    """moto's tables, with transactions that cost what they touch."""

    def transact_write_items(self, transact_items: list[dict[str, Any]]) -> None:
        operations = [operation for item in transact_items for operation in item.values()]
        tables = {name: self.tables[name] for each in operations if (name := each.get("TableName")) in self.tables}
        undo = [_undo(tables[each["TableName"]], each) for each in operations if each.get("TableName") in tables]
        for table in tables.values():
            # The copy that moto puts back is then the table itself.
            vars(table)["__deepcopy__"] = lambda _memo, table=table: table
        try:
            super().transact_write_items(transact_items)
        except Exception:
            for step in undo:
                step()
            raise
        finally:
            for table in tables.values():
                del vars(table)["__deepcopy__"]


def _undo(table: Table, operation: dict[str, Any]) -> Callable[[], None]:
    """What puts the item that `operation` names, and the table's stream, back to how they are now."""
    named = operation.get("Item") or operation.get("Key") or {}
    hash_key = DynamoType(named[table.hash_key_attr]) if table.hash_key_attr in named else None
    # A copy: an update changes the item in place.
    before = copy.deepcopy(table.items.get(hash_key))
    length = len(table.stream_shard.items) if table.stream_shard else 0

    def undo() -> None:
        if before is None:
            table.items.pop(hash_key, None)
        else:
            table.items[hash_key] = before
        if table.stream_shard:
            del table.stream_shard.items[length:]

    return undo
