"""Where messages go: the port that every log's producer fulfils."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Protocol

import msgspec

from schemas.dead_letters import Headers
from schemas.topics import max_bytes


class Message(msgspec.Struct, frozen=True, gc=False):
    """What one topic is to take: key, value and headers as bytes."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers = ()

    @property
    def size(self) -> int:
        """Bytes of key, value and headers together; what a topic's limit is about."""
        return len(self.key) + len(self.value) + sum(len(name) + len(value) for name, value in self.headers)


class Status(Enum):
    """What became of a message."""

    ACKNOWLEDGED = "acknowledged"
    """The log has it and will keep it."""
    REFUSED = "refused"
    """The log refuses this message for good (too large, invalid); sending it again is of no use."""
    FAILED = "failed"
    """It is not known to be in the log: it may be there or not, and must be sent again."""


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """What became of one message, and why if it was not acknowledged."""

    status: Status
    reason: str = ""


ACKNOWLEDGED = Receipt(Status.ACKNOWLEDGED)


def too_large(message: Message) -> Receipt | None:
    """The receipt of a message that is more than its topic takes; None where it fits."""
    limit = max_bytes(message.topic)
    if message.size <= limit:
        return None
    return Receipt(Status.REFUSED, f"{message.size} bytes are more than the {limit} that {message.topic} takes")


class Publisher(Protocol):
    """Publishes messages to the log's topics.

    Guarantees: messages of one key keep their order within and between calls; a receipt of ACKNOWLEDGED is given only
    when the log itself said so; once `publish` has returned, nothing of the call is sent any more, so a message that
    FAILED cannot appear behind a later one. Not thread-safe.
    """

    def publish(self, messages: Sequence[Message], timeout: float) -> list[Receipt]:
        """Sends them in order and waits for each one's receipt, `timeout` seconds at the most; one receipt a message,
        in the messages' order. Never raises for what the log does: that is a receipt.
        """
        ...

    def close(self) -> None:
        """Lets go of connections; every call before has been answered, so there is nothing left to send."""
        ...
