"""A log in memory, for tests: the publisher's guarantees with nothing behind them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bridge.publisher import ACKNOWLEDGED, Message, Receipt, Status
from schemas.topics import max_bytes


class MemoryPublisher:
    """Keeps acknowledged messages in `messages`. `fate`, where given, decides a message's receipt (None: as usual)."""

    def __init__(self, fate: Callable[[Message], Receipt | None] = lambda _: None) -> None:
        self.messages: list[Message] = []
        self._fate = fate

    def publish(self, messages: Sequence[Message], timeout: float) -> list[Receipt]:
        """See `Publisher.publish`; it never waits."""
        return [self._publish(message) for message in messages]

    def close(self) -> None:
        """See `Publisher.close`."""

    def _publish(self, message: Message) -> Receipt:
        receipt = self._fate(message) or _usual(message)
        if receipt.status is Status.ACKNOWLEDGED:
            self.messages.append(message)
        return receipt


def _usual(message: Message) -> Receipt:
    limit = max_bytes(message.topic)
    if message.size > limit:
        return Receipt(Status.REFUSED, f"{message.size} bytes are more than the {limit} that {message.topic} takes")
    return ACKNOWLEDGED
