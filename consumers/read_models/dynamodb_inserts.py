"""Many items that do not exist put in one request: the steps INSERT of several writes as one transaction.

All of them happen or none, so each of them still does; a write whose condition does not hold keeps the others waiting
for the next request, and for nothing else. Source: the API's TransactWriteItems and its CancellationReasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import ClientError

from consumers.read_models.dynamodb_answers import answers_of
from consumers.read_models.dynamodb_steps import StepCalls, transaction
from consumers.read_models.dynamodb_transactions import CANCELLED, transact
from consumers.read_models.version_guard import INSERT, Answer
from consumers.writes import VersionedWrite
from schemas.attribute_values import Attributes
from schemas.dynamodb import exchange_json

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Inserts:
    """The inserts of one table; `calls` says how a step is spelled."""

    def __init__(self, client: DynamoDBClient, calls: StepCalls) -> None:
        exchange_json(client)
        self._client = client
        self._calls = calls
        # It writes bytes as base64, as DynamoDB's JSON has them.
        self._encoder = msgspec.json.Encoder()

    def one(self, write: VersionedWrite, attributes: Attributes) -> bytes:
        """The parts of one write's step as JSON; `attributes` are those of its document. Raises InvalidKey."""
        parts = transaction(INSERT, self._calls.rows(write, attributes), write.version)
        return b",".join(map(self._encoder.encode, parts))

    def ask(self, inserts: Sequence[bytes]) -> list[tuple[Answer, ...] | None]:
        """Carries out at most 25 steps: the answers of each, None where nothing was decided about it.

        Raises ClientError, BotoCoreError.
        """
        try:
            transact(self._client, inserts)
        except ClientError as error:
            if error.response["Error"]["Code"] != CANCELLED:
                raise
            return answers_of(error, [len(INSERT)] * len(inserts))
        return [(Answer(held=True, found=None),) * len(INSERT)] * len(inserts)
