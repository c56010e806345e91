"""Repairs of many keys on the adapters in memory: what is stated, what is said of each key, and what is touched."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.errors import NotAcknowledged, TableUnavailable
from bridge.memory import MemoryPublisher
from bridge.memory_items import MemoryItems
from bridge.publisher import Message, Receipt, Status
from bridge.statements import Statements
from consumers.delivery.memory import MemoryLog
from distributary import repair as module
from distributary.errors import LogIncomplete
from distributary.key_versions import KeyVersions
from distributary.repair import Fate, Repair
from schemas.change_event import ChangeEvent
from schemas.codec import EventDecoder
from schemas.keys import parse_key
from schemas.topics import TOPICS
from tests.events import REGISTRY, encoded, event
from tests.records import image
from tests.unit.test_statements import LINES, STREAM

TOPIC = TOPICS[0]
KEY = LINES[0].encoder.item_record.key_schema


class Bench:
    """A table, its topic, and the repair of what lies between; `relays` is what the bridge relays while it is waited
    for.
    """

    def __init__(self, *keys: str) -> None:
        self.log = MemoryLog()
        self.log.create_topic(TOPIC.name, TOPIC.partitions)
        self.items = MemoryItems("Users", KEY)
        self.keys = {key: parse_key(key, KEY) for key in keys}
        self.relays: list[ChangeEvent] = []
        self.waits = 0
        self.receipt: Receipt | None = None
        self.decoder = EventDecoder(REGISTRY)

    def append(self, change: ChangeEvent, *, header: bool = True) -> None:
        headers = (("version", change.version.encode()),) if header else ()
        self.log.append(TOPIC.name, change.key_text.encode(), encoded(change), headers)

    def _send(self, message: Message) -> Receipt | None:
        if self.receipt is None:
            self.log.append(message.topic, message.key, message.value, message.headers)
        return self.receipt

    def _passed(self) -> None:
        self.waits += 1
        for change in self.relays:
            self.append(change)
        self.relays = []

    def way(self) -> Repair:
        self.log.create_topic(f"{TOPIC.name}.dead-letters", 1)
        versions = KeyVersions(self.log, TOPIC, [key.encode() for key in self.keys], self.decoder)
        statements = Statements(LINES[0], STREAM, MemoryPublisher(self._send), lambda: 0.0)
        return Repair("Users", self.items, versions, self._passed, statements, lambda: 1_770_000_000.0)

    def repair(self) -> dict[str, Fate]:
        return {verdict.key: verdict.fate for verdict in self.way().repair(self.keys)}

    def events(self, key: str) -> list[tuple[str, str, Any]]:
        """What the log holds of the key."""
        found = []
        for partition, end in self.log.ends(TOPIC.name).items():
            for delivery in self.log.read(TOPIC.name, partition, 0, end):
                if delivery.key == key.encode() and delivery.value is not None:
                    change = self.decoder.decode(delivery.value)
                    after = None if change.after is None else change.after.text("Username")
                    found.append((change.operation.value, change.version, after))
        return found


def test_each_key_is_stated_as_the_table_has_it_right_above_its_version() -> None:
    bench = Bench("1", "2", "3", "4")
    first, second = event(after={"Username": "old"}), event(user_id=2, after={"Username": "gone"})
    bench.append(first)
    bench.append(second)
    bench.items.put(image(UserId=1, Username="new"))
    bench.items.put(image(UserId=3, Username="unheard of"))
    told = {verdict.key: verdict.fate for verdict in bench.way().foretell(bench.keys)}
    assert (bench.waits, bench.events("3")) == (0, [])
    assert (
        bench.repair()
        == told
        == {
            "1": Fate.REPAIRED,
            "2": Fate.REMOVED,
            "3": Fate.REPAIRED,
            "4": Fate.NOTHING_TO_DO,
        }
    )
    assert bench.events("1")[1:] == [("SNAPSHOT", first.version + "~", "new")]
    assert bench.events("2")[1:] == [("REMOVE", second.version + "~", None)]
    assert bench.events("3") == [("SNAPSHOT", "0~", "unheard of")]
    assert bench.events("4") == []


def test_only_the_key_of_which_something_came_meanwhile_begins_again() -> None:
    bench = Bench("1", "2")
    for user_id in (1, 2):
        bench.append(event(user_id=user_id, after={"Username": "old"}))
        bench.items.put(image(UserId=user_id, Username="new"))
    late = event("MODIFY", 2, before={"Username": "old"}, after={"Username": "new"})
    bench.relays = [late]
    assert bench.repair() == {"1": Fate.REPAIRED, "2": Fate.REPAIRED}
    assert bench.waits == 2
    assert [version for _, version, _ in bench.events("1")[1:]] == [late.version, late.version + "~"]
    assert len(bench.events("2")) == 2


def test_many_keys_go_through_the_steps_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 3)
    bench = Bench(*map(str, range(7)))
    for user_id in range(7):
        bench.items.put(image(UserId=user_id, Username="new"))
    assert bench.repair() == dict.fromkeys(bench.keys, Fate.REPAIRED)
    assert bench.waits == 3


def test_an_earlier_repair_is_repaired_above_it() -> None:
    bench = Bench("1")
    bench.items.put(image(UserId=1, Username="new"))
    for version in ("0~", "0~~"):
        assert bench.repair() == {"1": Fate.REPAIRED}
        assert bench.events("1")[-1][1] == version


def test_an_item_that_cannot_become_an_event_is_said_so_beside_its_neighbours() -> None:
    bench = Bench("1", "2")
    bench.items.put({**image(UserId=1), "Username": {"N": "5"}})
    bench.items.put(image(UserId=2))
    first, second = bench.way().repair(bench.keys)
    assert (first.fate, second.fate) == (Fate.DEAD_LETTERED, Fate.REPAIRED)
    assert "Username" in first.reason
    assert bench.events("1") == []


def test_an_outage_ends_it_with_what_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 1)
    bench = Bench("1", "2")
    bench.items.put(image(UserId=1))
    bench.items.put(image(UserId=2))
    verdicts = bench.way().repair(bench.keys)
    assert next(verdicts).key == "1"
    bench.receipt = Receipt(Status.FAILED, "no broker")
    with pytest.raises(NotAcknowledged):
        next(verdicts)
    bench.receipt, bench.items.outages = None, 1
    with pytest.raises(TableUnavailable):
        bench.repair()
    assert bench.repair() == {"1": Fate.REPAIRED, "2": Fate.REPAIRED}


def test_a_version_without_a_header_is_decoded_and_what_cannot_be_says_nothing() -> None:
    bench = Bench("1")
    change = event(after={"Username": "old"})
    bench.append(change, header=False)
    bench.log.append(TOPIC.name, b"1", b"nonsense")
    bench.log.append(TOPIC.name, b"1", None)
    bench.append(event(sequence=9, user_id=2, after={}))
    assert bench.repair() == {"1": Fate.REMOVED}
    (compared,) = [version for operation, version, _ in _readable(bench) if operation == "REMOVE"]
    assert compared == change.version + "~"


def _readable(bench: Bench) -> list[tuple[str, str, Any]]:
    """The key's events, apart from nonsense."""
    found = []
    for partition, end in bench.log.ends(TOPIC.name).items():
        for delivery in bench.log.read(TOPIC.name, partition, 0, end):
            if delivery.key == b"1" and delivery.value not in (None, b"nonsense"):
                assert delivery.value is not None
                change = bench.decoder.decode(delivery.value)
                found.append((change.operation.value, change.version, change.after))
    return found


def test_the_highest_version_counts_wherever_it_stands_and_a_key_is_read_on_from_where_it_was() -> None:
    bench = Bench("1")
    newer, older = event(sequence=2, after={}), event(sequence=1, after={})
    versions = KeyVersions(bench.log, TOPIC, [b"1"], bench.decoder)
    assert versions.of(b"1") is None
    bench.append(newer)
    bench.append(older)
    assert versions.of(b"1") is None
    versions.read_on()
    assert versions.of(b"1") == newer.version
    versions.read_on()
    assert (versions.of(b"1"), versions.of(b"2")) == (newer.version, None)


class Truncated(MemoryLog):
    """A log that has lost its beginnings."""

    def beginnings(self, topic: str) -> dict[int, int]:
        return dict.fromkeys(super().ends(topic), 1)


def test_a_topic_that_lost_its_beginning_is_refused_unless_that_is_accepted() -> None:
    bench = Bench("1")
    bench.log = Truncated()
    bench.log.create_topic(TOPIC.name, TOPIC.partitions)
    with pytest.raises(LogIncomplete, match=r"has lost what stood before offset 1.*--accept-truncated"):
        bench.way()
    for sequence in (1, 2):
        bench.append(event(sequence=sequence, after={}))
    versions = KeyVersions(bench.log, TOPIC, [b"1"], bench.decoder, accept_truncated=True)
    versions.read_on()
    assert versions.of(b"1") == event(sequence=2, after={}).version


def test_a_topic_with_another_number_of_partitions_is_refused() -> None:
    bench = Bench("1")
    bench.log.create_topic(TOPIC.name, 3)
    with pytest.raises(LogIncomplete, match=r"has 3 partitions, its line in schemas/topics\.py says 6"):
        bench.way()
