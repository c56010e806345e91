"""The boto3 clients of DynamoDB: Amazon's, as the environment says, or a server at a URL."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import boto3
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES, ConfigValueStore, ConstantProvider
from botocore.exceptions import NoRegionError
from botocore.session import Session

from schemas.errors import SettingsError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient

LOCAL_REGION = "us-east-1"

_CONFIG = Config(
    # No proxy stands before a local server, and its shard ids may be of another form than AWS's.
    proxies={},
    parameter_validation=False,
    connect_timeout=5,
    read_timeout=10,
    # More than every read model's writers together; one connection less would be opened anew for each call.
    max_pool_connections=64,
    # Whoever calls waits and tries again on its own terms; the second try is for a connection that broke.
    retries={"mode": "standard", "total_max_attempts": 2},
)


_AWS_CONFIG = Config(
    connect_timeout=5,
    read_timeout=10,
    max_pool_connections=64,
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


def aws_clients() -> DynamoDBClients:
    """The clients of Amazon's DynamoDB, with the credentials and the region that boto3 finds.

    Raises SettingsError where it finds no region.
    """
    session = boto3.Session()
    try:
        return DynamoDBClients(
            session.client("dynamodb", config=_AWS_CONFIG), session.client("dynamodbstreams", config=_AWS_CONFIG)
        )
    except NoRegionError:
        raise SettingsError(
            "dynamodb_url", "is not set, so that Amazon's DynamoDB is meant, but in no region; set AWS_DEFAULT_REGION"
        ) from None


def local_clients(url: str) -> DynamoDBClients:
    """The clients of the server at `url`, which takes any credentials; `AWS_*` variables cannot lead them astray."""
    session = boto3.Session("local", "local", botocore_session=_session())
    return DynamoDBClients(
        session.client("dynamodb", region_name=LOCAL_REGION, endpoint_url=url, config=_CONFIG),
        session.client("dynamodbstreams", region_name=LOCAL_REGION, endpoint_url=url, config=_CONFIG),
    )


def _session() -> Session:
    """A session with every setting at its default: no environment, no files."""
    settings = {name: default for name, (_, _, default, _) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()}
    settings |= {"config_file": os.devnull, "credentials_file": os.devnull}
    session = Session()
    store = ConfigValueStore({name: ConstantProvider(value) for name, value in settings.items()})
    session.register_component("config_store", store)
    return session
