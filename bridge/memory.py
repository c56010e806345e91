"""A log in memory, for tests: the publisher's guarantees with nothing behind them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bridge.publisher import ACKNOWLEDGED, Message, Receipt, Status, too_large


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
        receipt = self._fate(message) or too_large(message) or ACKNOWLEDGED
        if receipt.status is Status.ACKNOWLEDGED:
            self.messages.append(message)
        return receipt
