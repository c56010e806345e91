"""A group's work on deliveries: decoded, filtered, projected, folded; without the log and without the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.naive_consumer import NaiveConsumer
from benchmarks.rounds import ROUNDS, in_turn, share, times_faster
from benchmarks.table import Line, line_of
from benchmarks.workload import Keys, Record, records
from bridge.memory import MemoryPublisher
from bridge.relay import Relay, lines
from consumers.delivery.batch import Batch
from consumers.delivery.prepare import Preparation
from consumers.groups import GROUPS
from consumers.read_model import WriteOutcome, WriteStatus
from consumers.read_models.memory import MemoryReadModel
from consumers.subscription import Delivery
from consumers.writes import Put, VersionedWrite
from schemas.codec import EventDecoder
from schemas.event_schema import packaged
from schemas.registry import PackagedRegistry
from schemas.topics import TOPICS

DELIVERIES = 1000
_USERS = TOPICS[0]
_WORKPLACE_USERS = GROUPS[1]


class OurConsumer:
    """Steps 2 to 4 of the group workplace-users, and the fold."""

    def __init__(self, registry: PackagedRegistry) -> None:
        self._preparation = Preparation(_WORKPLACE_USERS, EventDecoder(registry))

    def __call__(self, deliveries: Sequence[Delivery]) -> list[VersionedWrite]:
        """The writes that count."""
        kept = _Kept()
        Batch(deliveries).work(self._preparation, kept)
        return kept.writes


class _Kept(MemoryReadModel):
    """A store that costs nothing: it keeps the writes that it is given."""

    def __init__(self) -> None:
        super().__init__("kept")
        self.writes: list[VersionedWrite] = []

    def apply(self, writes: Sequence[VersionedWrite]) -> list[WriteOutcome]:
        """Takes everything."""
        self.writes += writes
        return [WriteOutcome(WriteStatus.APPLIED)] * len(writes)


def measured(rounds: int = ROUNDS) -> list[Line]:
    """Ours against the obvious one, and a single hot key against uniform ones."""
    registry = PackagedRegistry()
    text = packaged(_USERS.item_record)
    uniform, hot = (deliveries(records(DELIVERIES, keys=keys)) for keys in _keys())
    values = [each.value or b"" for each in uniform]
    ours = OurConsumer(registry)
    naive = NaiveConsumer(_USERS.name, text, registry.id_of(_USERS.subject, text))
    assert _documents(ours(uniform)) == {key: document for key, (_, document) in naive(values).items()}
    variants = {"ours": lambda: ours(uniform), "naive": lambda: naive(values), "hot": lambda: ours(hot)}
    took = in_turn(variants, rounds)
    faster = times_faster(took, "ours", "naive")
    return [
        line_of("consumer, deliveries to decoded and folded, against naive", faster, at_least=3),
        line_of("one hot key, over uniform ones", share(took, "hot", "ours"), at_most=0.15),
    ]


def _keys() -> tuple[Keys, Keys]:
    return "uniform", "hot"


def deliveries(changes: Sequence[Record]) -> list[Delivery]:
    """What the bridge would publish of the records, as a group gets it."""
    publisher = MemoryPublisher()
    result = Relay(lines(TOPICS, PackagedRegistry()), publisher, float).relay(changes, lambda: 60.0)
    assert result.returned is None
    return [
        Delivery(message.topic, 0, offset, message.key, message.value, message.headers)
        for offset, message in enumerate(publisher.messages)
    ]


def _documents(writes: Sequence[VersionedWrite]) -> dict[str, Any]:
    return {one.key: one.write.document if isinstance(one.write, Put) else None for one in writes}
