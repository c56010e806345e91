"""A seeded history on its way into a topic, by the bridge's own relay, with what is sent twice and what is poison."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from secrets import randbelow
from typing import Any, Protocol

from bridge.accounts import BatchResult
from bridge.publisher import Message, Publisher, Status
from tests.flow.truth import Truth, history, resent

SEED = "DISTRIBUTARY_TEST_SEED"
"""The variable that brings a failure back."""
BATCH = 100
ANSWER_SECONDS = 10.0

Record = Mapping[str, Any]


def seeded(usual: int | None = None) -> int:
    """The seed of a test, another each time unless there is a `usual` one; printed for a failure's sake."""
    seed = int(os.environ.get(SEED) or (randbelow(2**32) if usual is None else usual))
    print(f"{SEED}={seed}")  # noqa: T201 - to run it again
    return seed


@dataclass
class Workload:
    """A table's history as a stream delivers it: some records twice, and old batches again behind newer ones."""

    seed: int
    changes: int = 3_000
    users: int = 300
    truth: Truth = field(init=False)
    records: list[dict[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        self.truth = history(self.seed, self.changes, self.users)
        self.records = resent(self.truth, Random(self.seed))

    def parts(self, number: int) -> list[list[dict[str, Any]]]:
        """The records in so many parts."""
        size = -(-len(self.records) // number)
        return [self.records[at : at + size] for at in range(0, len(self.records), size)]

    def expected(self, kind: str) -> dict[str, dict[str, Any]]:
        """What the read model of a group of that kind must hold in the end."""
        return {
            "app-users": self.truth.app_users,
            "workplace-users": self.truth.workplace_users,
            "users-to-search": self.truth.index,
        }[kind]()


class Relaying(Protocol):
    """What relays a batch: a `Relay`, or one in another process."""

    def relay(self, records: Sequence[Record], seconds_left: Callable[[], float], /) -> BatchResult:
        """See `Relay.relay`."""


def send(relay: Relaying, records: Sequence[Record], batch: int = BATCH) -> int:
    """Relays the records in batches, each from the one that was returned until all of it is done; how often one was."""
    returned = 0
    for start in range(0, len(records), batch):
        left = records[start : start + batch]
        while left:
            result = relay.relay(left, lambda: ANSWER_SECONDS)
            left = go_on(left, result)
            returned += bool(left)
    return returned


def go_on(records: Sequence[Record], result: BatchResult) -> Sequence[Record]:
    """What a source sends again of the batch, as Lambda does: from the first record with the number returned."""
    (accounts,) = result.accounts.values()
    assert accounts.balanced
    assert accounts.read == len(records)
    if result.returned is None:
        return ()
    return records[next(at for at, one in enumerate(records) if number_of(one) == result.returned) :]


def number_of(record: Record) -> str:
    """The record's sequence number."""
    return str(record["dynamodb"]["SequenceNumber"])


HOSTILE = (
    b"",
    b"{}",
    b"\x00",
    b"\x00\x7f\xff\xff\xfe" + b"an id that nobody gave out",
    b"\x01\x00\x00\x00\x01",
    b"\xff" * 64,
)
"""Bytes that are no change event whatever the registry holds."""


def hostile(random: Random, good: bytes) -> bytes:
    """Bytes that look like the good event and are none: cut off, run on, lengths beyond all measure, other bytes."""
    match random.randrange(5):
        case 0:
            return good[: random.randrange(5, len(good) - 1)]
        case 1:
            return good + b"\x00" * random.randrange(1, 2_000)
        case 2:
            return good[:5] + b"\xff" * 9 + b"\x7f" + good[5:]
        case 3:
            return good[:5] + b"\xfe\xff\xff\xff\xff\xff\xff\xff\x7f" * 20
        case _:
            return random.choice(HOSTILE)


def publish(publisher: Publisher, messages: Sequence[Message]) -> None:
    """Publishes what no bridge would."""
    for start in range(0, len(messages), 1_000):
        receipts = publisher.publish(messages[start : start + 1_000], 60.0)
        assert {receipt.status for receipt in receipts} == {Status.ACKNOWLEDGED}, receipts[:3]
