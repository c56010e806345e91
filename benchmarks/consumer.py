"""A group's work on deliveries: decoded, filtered, projected, folded; without the log and without the store."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.naive_consumer import Document, NaiveConsumer, workplace_document
from benchmarks.naive_groups import app_document, found_user
from benchmarks.rounds import ROUNDS, Ratio, in_turn, share, times_faster
from benchmarks.table import Line, line_of
from benchmarks.workload import Record, records
from bridge.memory import MemoryPublisher
from bridge.relay import Relay, lines
from consumers.delivery.batch import Batch
from consumers.delivery.prepare import Preparation
from consumers.group import Group
from consumers.groups import GROUPS
from consumers.projections.workplace_users import workplace_user
from consumers.read_model import WriteOutcome, WriteStatus
from consumers.read_models.memory import MemoryReadModel
from consumers.subscription import Delivery
from consumers.writes import Put, VersionedWrite
from schemas.attribute_values import Item, attribute_value
from schemas.codec import EventDecoder
from schemas.event_schema import packaged
from schemas.registry import PackagedRegistry
from schemas.topics import TOPICS

DELIVERIES = 1000
APP_USERS, WORKPLACE_USERS, USER_SEARCH = GROUPS
_OBVIOUS: dict[str, Document] = {
    APP_USERS.name: app_document,
    WORKPLACE_USERS.name: workplace_document,
    USER_SEARCH.name: found_user,
}


class OurConsumer:
    """Steps 2 to 4 of a group, and the fold."""

    def __init__(self, registry: PackagedRegistry, group: Group = WORKPLACE_USERS) -> None:
        self._preparation = Preparation(group, EventDecoder(registry))

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
    """Ours against the obvious ones, and a single hot key against uniform ones."""
    changes, ours = records(DELIVERIES), OurConsumer(PackagedRegistry())
    of_users, hot = deliveries(changes), deliveries(records(DELIVERIES, keys="hot"))
    of_workplace_users = deliveries([_of_workplace_users(each) for each in changes])
    keys = in_turn({"hot": lambda: ours(hot), "uniform": lambda: ours(of_users)}, rounds)
    return [
        line_of(_what(WORKPLACE_USERS), _against_naive(WORKPLACE_USERS, of_users, rounds), at_least=3),
        line_of(_what(USER_SEARCH), _against_naive(USER_SEARCH, of_workplace_users, rounds), at_least=3),
        line_of(f"{_what(APP_USERS)} (compares images)", _against_naive(APP_USERS, of_users, rounds)),
        line_of("one hot key, over uniform ones", share(keys, "hot", "uniform"), at_most=0.15),
    ]


def _what(group: Group) -> str:
    return f"{group.name}, deliveries to decoded and folded, against naive"


def _against_naive(group: Group, found: Sequence[Delivery], rounds: int) -> Ratio:
    registry, topic = PackagedRegistry(), next(topic for topic in TOPICS if topic.name == group.topic)
    text = packaged(topic.item_record)
    ours = OurConsumer(registry, group)
    naive = NaiveConsumer(topic.name, text, registry.id_of(topic.subject, text), _OBVIOUS[group.name])
    values = [each.value or b"" for each in found]
    documents = {key: document for key, (_, document) in naive(values).items()}
    for write in ours(found):
        assert documents[write.key] == (write.write.document if isinstance(write.write, Put) else None)
    took = in_turn({"ours": lambda: ours(found), "naive": lambda: naive(values)}, rounds)
    return times_faster(took, "ours", "naive")


def _of_workplace_users(record: Record) -> Record:
    """The record that `WorkplaceUsers_V2`'s stream has, where the group workplace-users writes each change there."""
    change, arn = dict(record["dynamodb"]), record["eventSourceARN"]
    for side in {"OldImage", "NewImage"} & change.keys():
        document = workplace_user(Item(change[side]))
        change[side] = {name: attribute_value(value) for name, value in document.items()}
    return {**record, "dynamodb": change, "eventSourceARN": arn.replace("/Users/", "/WorkplaceUsers_V2/")}


def deliveries(changes: Sequence[Record]) -> list[Delivery]:
    """What the bridge would publish of the records, as a group gets it."""
    publisher = MemoryPublisher()
    result = Relay(lines(TOPICS, PackagedRegistry()), publisher, float).relay(changes, lambda: 60.0)
    assert result.returned is None
    return [
        Delivery(message.topic, 0, offset, message.key, message.value, message.headers)
        for offset, message in enumerate(publisher.messages)
    ]
