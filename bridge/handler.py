"""Lambda's entry: an event of stream records in, the first one not done out (ReportBatchItemFailures).

Source: "Using AWS Lambda with DynamoDB", reporting batch item failures: an empty identifier returns the whole batch.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Protocol

import msgspec

from bridge.accounts import BatchResult
from bridge.errors import NotAnEvent
from bridge.relay import Relay, lines
from bridge.settings import BridgeSettings
from bridge.stream_record import RawRecord
from schemas.attribute_values import shown
from schemas.registry import open_registry
from schemas.settings import read_settings
from schemas.topics import TOPICS

logger = logging.getLogger("distributary.bridge")

MARGIN_SECONDS = 2.0
"""What is kept of Lambda's time to answer in."""


class Context(Protocol):
    """What the handler asks of Lambda's context."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the invocation."""
        ...


class Handler:
    """`handler(event, context)` as Lambda calls it, over one relay.

    The event may be parsed, a record of its `Records` too or its JSON bytes; or it is raw bytes, of which one record at
    a time is parsed, so that memory stays near the event's size. `observe` is told every result; the default emits the
    numbers as one line of JSON.
    """

    def __init__(self, relay: Relay, observe: Callable[[BatchResult], None] | None = None) -> None:
        self._relay = relay
        self._observe = observe or _emit

    def __call__(self, event: Mapping[str, Any] | bytes, context: Context) -> dict[str, list[dict[str, str]]]:
        """`{"batchItemFailures": []}`, or in it the one sequence number to go on from. Raises NotAnEvent."""
        records = _raw_records(event) if isinstance(event, bytes) else _records(event)
        result = self._relay.relay(
            records, lambda: max(0.0, context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS)
        )
        self._observe(result)
        failures = [] if result.returned is None else [{"itemIdentifier": result.returned}]
        return {"batchItemFailures": failures}

    def close(self) -> None:
        """Lets go of the log."""
        self._relay.close()


def _records(event: object) -> list[RawRecord]:
    records = event.get("Records") if isinstance(event, Mapping) else None
    if not isinstance(records, list):
        raise NotAnEvent(f"the event is {shown(event)}, expected an object with a list of Records")
    return records


class _Envelope(msgspec.Struct, gc=False):
    Records: list[msgspec.Raw]


def _raw_records(event: bytes) -> list[RawRecord]:
    """The records' own bytes, which are parts of the event's and take no memory of their own."""
    try:
        return list(_ENVELOPE.decode(event).Records)
    except (ValueError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else str(error)
        raise NotAnEvent(f"the event is no JSON object with a list of Records: {reason}") from None


_ENVELOPE = msgspec.json.Decoder(_Envelope)


def _emit(result: BatchResult) -> None:
    rows = [accounts.as_row(table) for table, accounts in result.accounts.items()]
    line = {"bridge": rows, "returned": result.returned, "reason": result.reason}
    logger.info("%s", msgspec.json.encode(line).decode())


@cache
def from_environment() -> Handler:
    """The handler that the environment describes; built once, producer first.

    Raises SettingsError, InvalidBridgeSettings, and RegistryUnavailable where the schema ids cannot be had: Lambda
    starts anew.
    """
    from bridge.kafka import KafkaPublisher

    settings = read_settings(BridgeSettings, os.environ)
    logger.setLevel(logging.INFO)  # Lambda's own is WARNING, and the numbers are to be emitted
    publisher = KafkaPublisher(settings.kafka.client())
    return Handler(Relay(lines(TOPICS, open_registry(settings.registry)), publisher, time.time, settings.metadata))


def lambda_handler(event: Mapping[str, Any], context: Context) -> dict[str, list[dict[str, str]]]:
    """What Lambda is pointed at: `bridge.handler.lambda_handler`."""
    return from_environment()(event, context)
