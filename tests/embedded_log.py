"""An embedded log to start a test from."""

from __future__ import annotations

from pathlib import Path

from bridge.publisher import Message
from distributary.local.log.log import EmbeddedLog

TOPIC = "users.changes"
PARTITIONS = 6
LONG = 30.0
"""Seconds; never waited for when all is well."""


def opened(path: Path) -> EmbeddedLog:
    log = EmbeddedLog(path, lambda: 1_770_000_000.5)
    log.create_topic(TOPIC, PARTITIONS)
    return log


def message(value: bytes, key: bytes = b"1") -> Message:
    return Message(TOPIC, key, value)


def values(log: EmbeddedLog, topic: str = TOPIC) -> list[bytes | None]:
    return [
        delivery.value for partition, end in log.ends(topic).items() for delivery in log.read(topic, partition, 0, end)
    ]
