"""The bridge's way into the embedded log."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.publisher import ACKNOWLEDGED, Message, Receipt, Status, too_large
from distributary.local.log.errors import EmbeddedLogError
from distributary.local.log.log import EmbeddedLog, Entry


class EmbeddedPublisher:
    """Publishes to the embedded log: all that a call may send stands there together, or nothing of it."""

    def __init__(self, log: EmbeddedLog) -> None:
        self._log = log

    def publish(self, messages: Sequence[Message], timeout: float) -> list[Receipt]:
        """See `Publisher.publish`; messages that the log cannot take now fail together."""
        refusals = [too_large(message) for message in messages]
        entries = [
            Entry(message.topic, message.key, message.value, message.headers)
            for message, refused in zip(messages, refusals, strict=True)
            if refused is None
        ]
        rest = ACKNOWLEDGED
        try:
            self._log.append(entries, timeout)
        except EmbeddedLogError as error:
            rest = Receipt(Status.FAILED, str(error))
        return [refused or rest for refused in refusals]

    def close(self) -> None:
        """See `Publisher.close`; the log stays open for others."""
