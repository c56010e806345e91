"""Calls of a boto3 client of DynamoDB whose JSON goes out as it is given and comes back as it was sent.

What botocore makes of parameters and answers costs more than all else where they are large, and their JSON is already
the form in which this project keeps attribute values. So it is left out, and nothing else is: endpoint, signature,
retries, time limits and errors are those of the client, through its public events.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import msgspec
from botocore.exceptions import ResponseStreamingError

T = TypeVar("T")


class Client(Protocol):
    """Any boto3 client."""

    @property
    def meta(self) -> Any:
        """What it is a client of, and its events."""
        ...


@dataclass(slots=True)
class _Exchange:
    """One call's JSON: what goes out (None: what botocore makes of the parameters) and what came back."""

    body: bytes | None
    answer: bytes = b""


# Of the call that is under way in this thread: an event's handler is not told whose call it is about.
_EXCHANGE: ContextVar[_Exchange | None] = ContextVar("exchange", default=None)


def exchange_json(client: Client) -> None:
    """Readies a client for `call`; its other calls are as they were. Safe to repeat."""
    service = client.meta.service_model.service_id.hyphenize()
    # By their ids, the handlers are registered once a client.
    client.meta.events.register(f"before-call.{service}", _put_body, unique_id="distributary-body")
    client.meta.events.register(f"before-parse.{service}", _take_answer, unique_id="distributary-answer")


def call(answer: type[T], operation: Callable[..., object], body: bytes | None = None, **parameters: Any) -> T:
    """The answer of a client's method, `client.put_item`, read from its JSON as an `answer`.

    `parameters` are as boto3 takes them; the request's JSON is `body` where one is given, and theirs otherwise. Where
    it is, they have to be such as boto3 lets through, and to name what an endpoint is chosen by: the table. Raises
    ClientError and BotoCoreError as the method does; ResponseStreamingError, one of the latter, where the answer cannot
    be read.
    """
    exchange = _Exchange(body)
    token = _EXCHANGE.set(exchange)
    try:
        operation(**parameters)
    finally:
        _EXCHANGE.reset(token)
    try:
        return _read(exchange.answer, answer)
    except (ValueError, RecursionError) as error:
        raise ResponseStreamingError(error=error) from error


def _read(text: bytes, answer: type[T]) -> T:
    try:
        return msgspec.json.decode(text, type=answer)
    except ValueError:
        # As boto3 reads it: half of a surrogate pair in one value is not the whole answer's fault.
        return msgspec.convert(json.loads(text), answer)


def _put_body(params: dict[str, Any], **_: Any) -> None:
    exchange = _EXCHANGE.get()
    if exchange is not None and exchange.body is not None:
        params["body"] = exchange.body


def _take_answer(response_dict: dict[str, Any], **_: Any) -> None:
    exchange = _EXCHANGE.get()
    # An error's answer is small, and botocore's own reading of it decides what is raised.
    if exchange is not None and response_dict["status_code"] < 300:
        exchange.answer, response_dict["body"] = response_dict["body"], b"{}"
