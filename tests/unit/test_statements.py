"""What is stated of items: the events, and the dead letters of what cannot become one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.errors import NotAcknowledged
from bridge.memory import MemoryPublisher
from bridge.publisher import Message, Receipt, Status
from bridge.relay import Relay, lines
from bridge.statements import Statement, Statements
from bridge.streams import Stream
from consumers.delivery.memory import MemoryDeadLetters
from consumers.delivery.redrive import Fate
from consumers.group import Group
from consumers.groups import GROUPS
from distributary.bridge_redrive import BridgeRedrive
from distributary.ledger import Ledger
from distributary.letters import letter_key
from schemas.change_event import ChangeEvent, Operation, ViewType
from schemas.codec import EventDecoder
from schemas.dead_letters import read_dead_letter
from schemas.filters import compile_pattern
from schemas.record_shape import record_shape
from schemas.registry import PackagedRegistry
from schemas.topics import TOPICS
from schemas.versions import repair_version
from tests.records import LABEL, arn, image

REGISTRY = PackagedRegistry()
LINES = lines(TOPICS, REGISTRY)
STREAM = Stream(arn(), ViewType.NEW_AND_OLD_IMAGES)
READ_AT = 1_770_000_000.1239
ANN = image(UserId=1, Username="ann", Undeclared="kept")


def statements(publisher: MemoryPublisher, **metadata: str) -> Statements:
    return Statements(LINES[0], STREAM, publisher, lambda: READ_AT + 1, metadata)


def stated(item: dict[str, Any] | None, version: str) -> tuple[Message, ChangeEvent]:
    publisher = MemoryPublisher()
    assert statements(publisher).publish([Statement(image(UserId=1), item, version, READ_AT)], 1.0) == [""]
    (message,) = publisher.messages
    return message, EventDecoder(REGISTRY).decode(message.value)


def test_an_item_is_stated_whole_as_of_when_it_was_read_by_the_stream_that_captures() -> None:
    message, event = stated(ANN, "0")
    assert (message.topic, message.key, message.headers) == ("users.changes", b"1", (("version", b"0"),))
    assert (event.operation, event.version, event.before) == (Operation.SNAPSHOT, "0", None)
    assert event.after is not None
    assert event.after.attributes == ANN
    assert event.committed_at == datetime.fromtimestamp(1_770_000_000.123, UTC)
    source = event.source
    assert (source.table, source.region, source.account) == ("Users", "eu-west-1", "123456789012")
    assert (source.epoch, source.sequence_number, source.size_bytes) == (LABEL, "0", None)
    assert source.view_type is TOPICS[0].view_type
    assert record_shape(event, {"eventName", "dynamodb"})["eventName"] == "SNAPSHOT"


def test_an_item_that_is_gone_is_stated_as_removed_right_above_what_it_was_compared_with() -> None:
    message, event = stated(None, repair_version("2026-01-01T00:00:00.000#1"))
    assert (event.operation, event.before, event.after) == (Operation.REMOVE, None, None)
    assert dict(message.headers)["version"] == event.version.encode() == b"2026-01-01T00:00:00.000#1~"
    assert event.is_repair


@pytest.mark.parametrize("item", [ANN, None])
def test_no_filter_and_no_membership_keeps_a_repair_from_a_group(item: dict[str, Any] | None) -> None:
    nothing = compile_pattern({"dynamodb": {"NewImage": {"Username": {"S": ["nobody"]}}}})
    group = Group(
        "picky",
        "users.changes",
        GROUPS[0].projection,
        GROUPS[0].read_model,
        filter=lambda event: nothing.matches(record_shape(event, nothing.fields), 0.0),
        where=lambda item, _: item.text("Username") == "nobody",
    )
    for version in ("0~", "2026-01-01T00:00:00.000#1~"):
        seen = group.look(stated(item, version)[1])
        assert seen is not None
        assert (seen.operation, seen.after) == (Operation.REMOVE, None)
        assert [write.key for write in group.projection.project(seen)] == ["1"]


def test_what_the_operator_attaches_is_attached() -> None:
    publisher = MemoryPublisher()
    statements(publisher, team="search", traceparent="00-1-2-00").publish([Statement(ANN, ANN, "0", READ_AT)], 1.0)
    (message,) = publisher.messages
    assert dict(message.headers)["traceparent"] == b"00-1-2-00"
    assert EventDecoder(REGISTRY).decode(message.value).metadata == {"team": "search", "traceparent": "00-1-2-00"}


def test_an_item_of_the_wrong_type_is_a_dead_letter_beside_its_neighbours() -> None:
    publisher = MemoryPublisher()
    bad = {**image(UserId=2), "Username": {"N": "5"}}
    items = [ANN, bad, image(UserId=3)]
    reasons = statements(publisher).publish([Statement(item, item, "0", READ_AT) for item in items], 1.0)
    assert [reason != "" for reason in reasons] == [False, True, False]
    assert "Username" in reasons[1]
    good, letter, other = publisher.messages
    assert (good.key, other.key, letter.topic) == (b"1", b"3", "users.changes.dead-letters")
    found = read_dead_letter(letter.key, letter.value, letter.headers)
    assert (found.stage, found.message, found.topic) == ("translate", reasons[1], "users.changes")
    assert found.place.startswith("sha256:")
    assert json.loads(letter.value)["dynamodb"]["NewImage"] == bad
    assert letter_key("bridge:Users", found) == "2"


def test_an_item_whose_key_is_not_the_declared_one_is_a_dead_letter() -> None:
    publisher = MemoryPublisher()
    item = image(UserId="text", Username="ann")
    (reason,) = statements(publisher).publish([Statement(item, item, "0", READ_AT)], 1.0)
    assert "UserId is of type S, the table's key is of type N" in reason


def test_an_item_read_again_makes_no_other_dead_letter_until_it_changes() -> None:
    publisher = MemoryPublisher()
    bad = {**image(UserId=2), "Username": {"N": "5"}}
    for item, read_at in ((bad, 1.0), (bad, 2.0), ({**bad, "Status": {"S": "new"}}, 3.0)):
        statements(publisher).publish([Statement(item, item, "0", read_at)], 1.0)
    first, second, third = (message.key for message in publisher.messages)
    assert first == second != third


def test_what_the_log_refuses_for_good_is_a_dead_letter() -> None:
    publisher = MemoryPublisher(lambda sent: Receipt(Status.REFUSED, "no") if sent.topic == "users.changes" else None)
    assert statements(publisher).publish([Statement(ANN, ANN, "0", READ_AT)], 1.0) == ["no"]
    (letter,) = publisher.messages
    assert read_dead_letter(letter.key, letter.value, letter.headers).stage == "publish"


@pytest.mark.parametrize("topic", ["users.changes", "users.changes.dead-letters"])
def test_what_is_not_acknowledged_is_an_outage(topic: str) -> None:
    publisher = MemoryPublisher(lambda sent: Receipt(Status.FAILED, "no broker") if sent.topic == topic else None)
    bad = {**image(UserId=2), "Username": {"N": "5"}}
    with pytest.raises(NotAcknowledged, match="the log cannot be used just now: no broker"):
        statements(publisher).publish([Statement(item, item, "0", READ_AT) for item in (ANN, bad)], 1.0)


def test_redriving_such_a_letter_names_the_way_to_go_and_leaves_it_open() -> None:
    publisher = MemoryPublisher()
    bad = {**image(UserId=2), "Username": {"N": "5"}}
    statements(publisher).publish([Statement(bad, bad, "0", READ_AT)], 1.0)
    (sent,) = publisher.messages
    letter, letters = read_dead_letter(sent.key, sent.value, sent.headers), MemoryDeadLetters()
    letters.record(letter)
    way = BridgeRedrive(
        "users.changes.dead-letters",
        lambda publisher: Relay(LINES, publisher, lambda: READ_AT),
        MemoryPublisher(),
        letters,
        Ledger(()),
        lambda: READ_AT,
    )
    for (verdict,) in (list(way.foretell([letter])), list(way.redrive([letter]))):
        assert verdict.fate is Fate.STILL_POISON
        assert "`distributary repair Users --keys FILE`" in verdict.reason
    assert letters.letters == [letter]
