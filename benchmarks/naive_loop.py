"""The obvious loop of a consumer: `consume(1000, 1.0)`, work, commit."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from confluent_kafka import Consumer


class NaiveLoop:
    """The only member of `group` on `topic`."""

    def __init__(self, bootstrap: str, group: str, topic: str, work: Callable[[Iterable[bytes]], object]) -> None:
        settings = {"bootstrap.servers": bootstrap, "group.id": group, "group.protocol": "consumer"}
        self._consumer = Consumer({**settings, "auto.offset.reset": "earliest", "enable.auto.commit": False})
        self._consumer.subscribe([topic])
        self._work = work

    def step(self, timeout: float) -> int:
        """One turn; how many deliveries it finished."""
        messages = [message for message in self._consumer.consume(1000, timeout) if message.error() is None]
        if messages:
            self._work(message.value() or b"" for message in messages)
            self._consumer.commit(asynchronous=False)
        return len(messages)

    def close(self) -> None:
        """Leaves the group."""
        self._consumer.close()
