"""A bridge's relay in a process of its own: `python -m tests.faults.bridge TABLE TOPIC ITEM_RECORD`.

It reads a batch of records a line, as a Lambda function gets an event an invocation, and answers with a line: which
record it returns. Between the two lines, and after the second, it can be frozen as Lambda freezes it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from os import environ
from subprocess import PIPE, Popen
from time import monotonic, time
from typing import Any

import msgspec

from bridge.accounts import BatchResult
from bridge.kafka import KafkaPublisher
from bridge.relay import Relay, lines
from distributary.settings import Settings
from schemas.registry import open_registry
from schemas.settings import read_settings
from schemas.topics import Topic
from tests.faults.place import Place

MESSAGE_TIMEOUT_MS = 3_000
Record = Mapping[str, Any]


class Batch(msgspec.Struct, frozen=True):
    """What the process is given: the records, and how many seconds it has."""

    records: Sequence[Record]
    seconds: float


class BridgeProcess:
    """The process as its test sees it: relays batches as a `Relay` does."""

    def __init__(self, place: Place) -> None:
        topic = place.topic
        self.process: Popen[bytes] = Popen(
            [sys.executable, "-m", "tests.faults.bridge", topic.table, topic.name, topic.item_record],
            stdin=PIPE,
            stdout=PIPE,
            env={**environ, **place.variables},
        )
        place.opened.callback(self.end)

    def give(self, records: Sequence[Record], seconds: float) -> None:
        """Hands it a batch; `answer` waits for what became of it."""
        assert self.process.stdin is not None
        self.process.stdin.write(msgspec.json.encode(Batch(records, seconds)) + b"\n")
        self.process.stdin.flush()

    def answer(self) -> BatchResult:
        """What became of the batch that it was given."""
        assert self.process.stdout is not None
        return msgspec.json.decode(self.process.stdout.readline(), type=BatchResult)

    def relay(self, records: Sequence[Record], seconds_left: Callable[[], float]) -> BatchResult:
        """See `Relay.relay`."""
        self.give(records, seconds_left())
        return self.answer()

    def end(self) -> None:
        """Ends it there and then, frozen or not."""
        self.process.kill()
        self.process.communicate()


def main(table: str, name: str, item_record: str) -> None:
    """Answers batches of the topic's table until there are no more."""
    settings = read_settings(Settings, environ)
    registry = open_registry(settings.registry)
    publisher = KafkaPublisher({**settings.kafka.client(), "message.timeout.ms": MESSAGE_TIMEOUT_MS})
    relay = Relay(lines([Topic(table, name, item_record)], registry), publisher, time)
    for line in sys.stdin.buffer:
        batch = msgspec.json.decode(line, type=Batch)
        deadline = monotonic() + batch.seconds
        result = relay.relay(batch.records, lambda: deadline - monotonic())  # noqa: B023 - called at once
        sys.stdout.buffer.write(msgspec.json.encode(result) + b"\n")
        sys.stdout.buffer.flush()
    relay.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
