"""The boto3 clients of a local DynamoDB; the environment's `AWS_*` cannot lead them astray."""

from __future__ import annotations

import os
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES, ConfigValueStore, ConstantProvider
from botocore.session import Session
from werkzeug.test import EnvironBuilder, run_wsgi_app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from wsgiref.types import WSGIApplication

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient

LOCAL_REGION = "us-east-1"

_CONFIG = Config(
    # No proxy stands before a local server, and its shard ids may be of another form than AWS's.
    proxies={},
    parameter_validation=False,
    connect_timeout=5,
    read_timeout=30,
    # More than every read model's writers together; one connection less would be opened anew for each call.
    max_pool_connections=64,
    # Whoever calls waits and tries again on its own terms; the second try is for a connection that broke.
    retries={"mode": "standard", "total_max_attempts": 2},
)


class DynamoDBClients(NamedTuple):
    """The clients of both APIs. Safe to use from any thread."""

    tables: DynamoDBClient
    streams: DynamoDBStreamsClient

    def close(self) -> None:
        """Closes their connections."""
        self.tables.close()
        self.streams.close()


def local_clients(url: str, application: WSGIApplication | None = None) -> DynamoDBClients:
    """The clients of the server at `url`, which takes any credentials.

    Where the server is in this process, `application` is what it serves: the clients call it directly, which is twice
    as fast and does not suffer from busy threads.
    """
    session = boto3.Session("local", "local", botocore_session=_session())
    clients = DynamoDBClients(
        session.client("dynamodb", region_name=LOCAL_REGION, endpoint_url=url, config=_CONFIG),
        session.client("dynamodbstreams", region_name=LOCAL_REGION, endpoint_url=url, config=_CONFIG),
    )
    if application is not None:
        for client in clients:
            client.meta.events.register("before-send", _direct(application))
    return clients


def _session() -> Session:
    """A session with every setting at its default: no environment, no files."""
    settings = {name: default for name, (_, _, default, _) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()}
    settings |= {"config_file": os.devnull, "credentials_file": os.devnull}
    session = Session()
    store = ConfigValueStore({name: ConstantProvider(value) for name, value in settings.items()})
    session.register_component("config_store", store)
    return session


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
