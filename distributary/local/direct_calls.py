"""Clients that call a DynamoDB in their own process directly, without a connection."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from werkzeug.test import EnvironBuilder, run_wsgi_app

from distributary.dynamodb_clients import DynamoDBClients

if TYPE_CHECKING:
    from collections.abc import Iterator
    from wsgiref.types import WSGIApplication


def call_directly(clients: DynamoDBClients, application: WSGIApplication) -> None:
    """Lets the clients call what their server serves: twice as fast, and busy threads do not hold it up."""
    for client in clients:
        client.meta.events.register("before-send", _direct(application))


def _direct(application: WSGIApplication) -> Any:
    def send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        headers = [(name, v.decode() if isinstance(v, bytes) else str(v)) for name, v in request.headers.items()]
        assert isinstance(request.body, bytes)  # botocore writes JSON
        environ = EnvironBuilder(method="POST", headers=headers, data=request.body).get_environ()
        parts, status, answered = run_wsgi_app(application, environ, buffered=True)
        return AWSResponse(request.url, int(status[:3]), HTTPHeaders.from_dict(dict(answered)), _Body(b"".join(parts)))

    return send


class _Body(BytesIO):
    """A body as botocore reads it from a connection."""

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self.read()
