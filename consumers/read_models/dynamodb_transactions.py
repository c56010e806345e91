"""A transaction of DynamoDB whose actions are JSON already. Source: the API's TransactWriteItems."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import msgspec

from schemas.dynamodb import call

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CANCELLED = "TransactionCanceledException"
"""The code of its error where something was said of the single actions."""


class _Done(msgspec.Struct):
    """Nothing is asked back."""


def transact(client: DynamoDBClient, actions: Iterable[bytes]) -> None:
    """Carries out all of the actions or none: at most 100, of a row each. The client is one readied for `call`.

    Raises ClientError, BotoCoreError.
    """
    # The token makes it one transaction, however often the client sends it.
    body = b'{"ClientRequestToken":"%b","TransactItems":[%b]}' % (uuid4().hex.encode(), b",".join(actions))
    # One action, for boto3 to let through.
    least: Any = [{"ConditionCheck": {"TableName": "---", "Key": {}, "ConditionExpression": "-"}}]
    call(_Done, client.transact_write_items, body, TransactItems=least)
