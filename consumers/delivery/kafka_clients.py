"""Kafka's clients, made; what goes wrong in that is told apart: settings that no client takes, or an outage."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from confluent_kafka import KafkaError, KafkaException

from consumers.errors import Outage
from schemas.errors import SettingsError
from schemas.kafka import Settings

LOG = "Kafka"
"""What the log is called where it is away."""

Client = TypeVar("Client")

_log = logging.getLogger("distributary.kafka")


def made(kind: Callable[..., Client], settings: Settings) -> Client:
    """A client of that kind. Raises SettingsError, and Outage where it cannot prove who is calling just now."""
    properties: dict[str, Any] = dict(settings)
    try:
        try:
            return kind(properties, logger=_log)
        except KafkaException as error:
            raise _failure(error.args[0]) from error
    except SystemError as error:
        # A client that fails with an `error_cb` set leaves an exception behind, over which its own methods stumble.
        raise Outage(LOG, str(error.__cause__ or error)) from error


def _failure(error: KafkaError) -> Exception:
    if error.code() == KafkaError._INVALID_ARG:
        return SettingsError("kafka", f"and its like are not what Kafka's client takes: {error.str()}")
    return Outage(LOG, error.str())
