"""What DynamoDB's errors mean to a write: the document refused, a condition that did not hold, a race, an outage."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from consumers.errors import LostRace, RefusedDocument
from consumers.read_model import SOURCE_VERSION
from consumers.read_models.version_guard import Answer, Found

# What DynamoDB says where an item, or the key it would stand under, is at fault. Any other ValidationException is
# about the table or the request, and would be the same for every item.
_REFUSALS = re.compile(
    r"item size|nesting level|empty string|size of hashkey|size of all range keys|index key|number overflow"
    r"|number underflow",
    re.IGNORECASE,
)
VALIDATION = frozenset({"ValidationException", "ValidationError"})
THROTTLED = frozenset(
    {"ProvisionedThroughputExceededException", "RequestLimitExceeded", "Throttling", "ThrottlingException"}
)
_OF_ONE_WRITE_ALONE = THROTTLED | {"TransactionCanceledException"}
"""What one write may meet while its neighbours get through."""
_LOST_RACES = frozenset({"TransactionConflict", "TransactionConflictException", "TransactionInProgressException"})
HELD_UP = THROTTLED | _LOST_RACES | {"ProvisionedThroughputExceeded", "ThrottlingError"}
"""What a transaction, or one of its actions, may meet that is likely to get through a moment later."""


def answers(error: ClientError) -> tuple[Answer, ...] | None:
    """What the error says of a step's parts; None where the step must be taken again.

    Raises RefusedDocument, and the error itself where it is about neither the item nor its conditions.
    """
    response: Any = error.response
    code = response["Error"]["Code"]
    if code == "ConditionalCheckFailedException":
        return (Answer(held=False, found=found(response.get("Item"))),)
    if code in _LOST_RACES:
        return None
    reasons = response.get("CancellationReasons", [])
    if (decided := _decided(reasons)) is not None:
        return decided
    codes = {reason["Code"] for reason in reasons} - {"None"}
    if codes and codes <= _LOST_RACES | {"ConditionalCheckFailed"}:
        return None
    if complaint := refusal(error):
        raise RefusedDocument(complaint) from error
    raise error


def answers_of(error: ClientError, sizes: Sequence[int]) -> list[tuple[Answer, ...] | None]:
    """What a cancelled transaction says of steps of so many parts each; None of those that it leaves undecided."""
    response: Any = error.response
    reasons = iter(response.get("CancellationReasons", []))
    return [_decided(list(islice(reasons, size))) for size in sizes]


def _decided(reasons: Sequence[dict[str, Any]]) -> tuple[Answer, ...] | None:
    """The answers of a step's parts, where it is their conditions alone that kept it from being carried out."""
    if {reason["Code"] for reason in reasons} - {"None"} != {"ConditionalCheckFailed"}:
        return None
    return tuple(Answer(reason["Code"] == "None", found(reason.get("Item"))) for reason in reasons)


def is_of_one_write_alone(error: Exception) -> bool:
    """Whether the store may well take other writes; if not, it is away."""
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"] in _OF_ONE_WRITE_ALONE
    return isinstance(error, LostRace)


def refusal(error: ClientError) -> str | None:
    """What DynamoDB says against the item itself, if that is what the error is about."""
    response: Any = error.response
    return refusal_of([response["Error"], *response.get("CancellationReasons", [])])


def refusal_of(complaints: Sequence[Mapping[str, Any]]) -> str | None:
    """The same of an error, or of the reasons of a cancelled transaction."""
    for complaint in complaints:
        if complaint["Code"] in VALIDATION and _REFUSALS.search(complaint["Message"]):
            return str(complaint["Message"])
    return None


def found(item: dict[str, Any] | None) -> Found | None:
    """What stood under the key, by the item that DynamoDB gives back."""
    return None if not item else Found(item.get(SOURCE_VERSION, {}).get("S"))
