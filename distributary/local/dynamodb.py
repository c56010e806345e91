"""DynamoDB in this process, behind a loopback endpoint that any DynamoDB client can use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from werkzeug.middleware.dispatcher import DispatcherMiddleware

from distributary.dynamodb_clients import DynamoDBClients, local_clients
from distributary.local.direct_calls import call_directly
from distributary.local.moto_tables import MotoTables
from distributary.local.wsgi import LoopbackServer

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

BESIDE = "/-"
"""The path under which another application can be mounted beside DynamoDB."""


class LocalDynamoDB:
    """DynamoDB at `url` from the beginning of the `with` to its end, and its tables with it.

    `port` 0 is any free one. `beside`, where given, is mounted under `/-` and never waits for DynamoDB.
    """

    def __init__(self, port: int = 0, beside: WSGIApplication | None = None) -> None:
        self._port = port
        self._beside = {} if beside is None else {BESIDE: beside}

    def __enter__(self) -> Self:
        """Raises OSError where the port is taken."""
        self._tables = MotoTables()
        self._server = LoopbackServer(DispatcherMiddleware(self._tables, self._beside), self._port)
        self.url = self._server.url
        return self

    def clients(self) -> DynamoDBClients:
        """Clients for this process; the caller closes them."""
        clients = local_clients(self.url)
        call_directly(clients, self._tables)
        return clients

    def __exit__(self, *_: object) -> None:
        self._server.close()
        self._tables.close()
