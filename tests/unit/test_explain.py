"""What became of one item: every verdict of a group, and what the read models hold now."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs

from consumers.errors import RefusedDocument
from consumers.patterns import events, items
from consumers.projection import Projection, one_document
from consumers.writes import Fields, Put, Remove
from distributary.errors import UnknownName
from schemas.attribute_values import Item
from schemas.change_event import ChangeEvent, ViewType
from schemas.dead_letters import DeadLetter
from schemas.versions import SNAPSHOT_VERSION, repair_version, version
from tests.bench import COPY, NOW, TOPIC
from tests.events import event
from tests.records import LABEL, record, written
from tests.unit.explaining import Stage

ACME = replace(COPY, family="acme", where=items({"Work": ["acme"]}))
PICKY = replace(COPY, family="picky", filter=events({"dynamodb": {"NewImage": [{"changed": {"except": ["Seen"]}}]}}))
AT: dict[str, Any] = {"Work": "acme"}
AWAY: dict[str, Any] = {"Work": "initech"}


def told(sequence: int) -> str:
    return version(LABEL, str(sequence))


def letter_of(stage: Stage, offset: int, message: str = "too large") -> DeadLetter:
    """A dead letter of the user's event at that offset."""
    (partition,) = {change.partition for change in stage.explain().events}
    place = f"{TOPIC}/{partition}/{offset}"
    return DeadLetter(place, b"", "apply", "RefusedByTheStore", message, 1, original_key=b"1")


def test_each_event_is_told_with_what_changed_and_the_document_after_it() -> None:
    stage = Stage(COPY)
    stage.feed(
        event("INSERT", 1, after={"Name": "Ann", "Age": 1}),
        event("MODIFY", 2, before={"Name": "Ann", "Age": 1}, after={"Name": "Ann", "Work": "acme"}),
        event("REMOVE", 3, before={"Name": "Ann"}),
    )
    inserted, modified, removed = stage.explain().events
    assert (inserted.operation, inserted.version, inserted.offset) == ("INSERT", told(1), 0)
    assert inserted.committed_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert [change.changed for change in (inserted, modified, removed)] == [
        ("Age", "Name"),
        ("Age", "Work"),
        ("Name",),
    ]
    assert [change.verdicts[0].documents for change in (inserted, modified, removed)] == [
        {"1": {"UserId": 1, "Name": "Ann", "Age": 1}},
        {"1": {"UserId": 1, "Name": "Ann", "Work": "acme"}},
        {},
    ]
    assert stage.verdicts() == [("applied", "")] * 3


def test_what_changed_is_not_known_where_an_image_is_not_carried() -> None:
    stage = Stage(COPY)
    stage.feed(
        event("MODIFY", 1, after={"Name": "Ann"}, view_type=ViewType.NEW_IMAGE),
        event("REMOVE", 2, view_type=ViewType.NEW_IMAGE),
        event("SNAPSHOT", 3, after={"Name": "Ann"}, version_text=SNAPSHOT_VERSION),
    )
    assert [change.changed for change in stage.explain().events] == [None, None, None]


def test_an_item_outside_where_before_and_after_is_filtered_by_the_condition_that_it_fails() -> None:
    stage = Stage(ACME)
    stage.feed(
        event("MODIFY", 1, before=AWAY, after={**AWAY, "Age": 2}),
        event("REMOVE", 2, before=AWAY),
    )
    assert stage.verdicts() == [
        ("filtered", 'outside `where` before and after: Work is "initech", the pattern wants ["acme"]'),
        ("filtered", 'outside `where` before: Work is "initech", the pattern wants ["acme"]'),
    ]


def test_what_a_pattern_of_patterns_fails_comes_with_the_pattern() -> None:
    stage = Stage(replace(COPY, where=items({"none_of": [{"Work": ["initech"]}]})))
    stage.feed(event("MODIFY", 1, before=AWAY, after=AWAY))
    assert stage.verdicts() == [
        (
            "filtered",
            "outside `where` before and after: none_of: number 1 of its filters matches "
            '({"none_of":[{"Work":["initech"]}]})',
        )
    ]


def test_an_item_that_leaves_where_is_removed_and_it_is_said_why() -> None:
    stage = Stage(ACME)
    stage.feed(event("INSERT", 1, after=AT), event("MODIFY", 2, before=AT, after=AWAY))
    assert stage.verdicts() == [
        ("applied", ""),
        ("applied", 'removed, for it is outside `where`: Work is "initech", the pattern wants ["acme"]'),
    ]
    assert stage.explain().events[1].verdicts[0].documents == {}


def test_an_event_that_the_filter_does_not_mean_is_filtered_by_its_condition() -> None:
    stage = Stage(PICKY, replace(COPY, family="plain", filter=_nobody))
    stage.feed(event("MODIFY", 1, before={"Seen": 1}, after={"Seen": 2}))
    assert stage.verdicts() == [
        (
            "filtered",
            'by its `filter`: dynamodb.NewImage: what [{"changed":{"except":["Seen"]}}] asks for has not happened',
        )
    ]
    assert stage.explain().events[0].verdicts[1].why == "by its `filter`: _nobody says no"


def _nobody(_event: ChangeEvent) -> bool:
    return False


def test_a_snapshot_outside_where_is_filtered_and_a_repair_is_not() -> None:
    stage = Stage(ACME)
    stage.feed(
        event("INSERT", 1, after=AT),
        event("SNAPSHOT", 2, after=AWAY, version_text=SNAPSHOT_VERSION),
        event("SNAPSHOT", 3, after=AWAY, version_text=repair_version(told(1))),
    )
    outside = '`where`: Work is "initech", the pattern wants ["acme"]'
    assert stage.verdicts() == [
        ("applied", ""),
        ("filtered", f"a snapshot of an item outside {outside}"),
        ("applied", f"removed, for it is outside {outside}"),
    ]


def test_a_projection_that_writes_nothing_for_an_event_has_it_filtered() -> None:
    stage = Stage(replace(COPY, projection=Projection("silent", 1, lambda _: ())))
    stage.feed(event(after={}))
    assert stage.verdicts() == [("filtered", "the projection writes nothing for it")]


def test_an_event_that_came_again_is_stale_and_against_which_version() -> None:
    stage = Stage(COPY)
    stage.feed(event("INSERT", 2, after={}), event("INSERT", 1, after=AT), event("INSERT", 2, after={}))
    stale = ("stale", f"not above the version {told(2)}, which counts already")
    assert stage.verdicts() == [("applied", ""), stale, stale]


def test_poison_is_dead_lettered_for_the_step_that_finds_it() -> None:
    broken = Projection("broken", 1, one_document(_raising))
    stage = Stage(replace(COPY, family="broken", projection=broken))
    stage.feed(event("INSERT", 1, after={}), b"nonsense", event("INSERT", 2))
    first, second, third = stage.verdicts()
    assert first == ("dead_lettered", "project, ValueError: no")
    assert second[1].startswith("decode, UndecodableEvent: the value is no change event: it starts with 6e 6f")
    assert third[1].startswith("filter, MissingImage: the INSERT of Users 1 carries no after, which the group broken")
    undecodable = stage.explain().events[1]
    assert (undecodable.operation, undecodable.version, undecodable.changed) == (None, None, None)


def _raising(_item: Item) -> Fields:
    raise ValueError("no")


def test_a_document_that_the_store_refuses_is_dead_lettered_though_nobody_has_tried() -> None:
    stage = Stage(replace(COPY, projection=Projection("odd", 1, one_document(lambda _: {"Age": 1.5}))))  # type: ignore[dict-item]
    stage.append(event(after={}))
    ((outcome, why),) = stage.verdicts()
    assert (outcome, why.split(": ")[0]) == ("dead_lettered", "apply, RefusedByTheStore")
    with pytest.raises(RefusedDocument):
        stage.read_models["copy"].given_back(Put("1", {"Age": 1.5}))  # type: ignore[dict-item]


def test_an_open_dead_letter_says_why_and_a_resolved_one_is_remembered() -> None:
    stage = Stage(COPY)
    stage.feed(event("INSERT", 1, after={}))
    letter = letter_of(stage, 0)
    stage.log.append("copy.dead-letters", letter.key, letter.body, letter.headers())
    stage.outcomes["copy"].clear()
    assert stage.verdicts() == [("dead_lettered", "apply, RefusedByTheStore: too large")]
    stage.log.append("copy.dead-letters", letter.key, None)
    assert stage.verdicts() == [("applied", "its dead letter was resolved since (too large)")]


def test_a_projection_to_several_documents_is_told_by_their_keys() -> None:
    def project(change: ChangeEvent) -> list[Put | Remove]:
        after = change.after or Item({})
        return [Put(f"{change.key_text}|{name}", {"Value": str(value)}) for name, value in after.items()]

    stage = Stage(replace(COPY, projection=Projection("fan", 1, project)))
    stage.feed(event("INSERT", 1, after={"Name": "Ann"}))
    story = stage.explain()
    assert story.events[0].verdicts[0].documents == {"1|UserId": {"Value": "1"}, "1|Name": {"Value": "Ann"}}
    assert [(one.key, one.agrees) for one in story.now] == [("1|UserId", True), ("1|Name", True)]


def test_the_story_until_a_time_leaves_out_what_was_committed_later_and_what_is_now() -> None:
    stage = Stage(COPY)
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    for sequence in (1, 2, 3):
        change = event("INSERT", sequence, after={})
        stage.feed(structs.replace(change, committed_at=begun + timedelta(hours=sequence)))
    stage.feed(structs.replace(event("INSERT", 4, after={}), committed_at=None))
    at = (begun + timedelta(hours=2)).timestamp()
    story = stage.explain(until=at)
    assert ([change.version for change in story.events], story.now) == ([told(1), told(2)], [])
    assert len(stage.explain(until=NOW - 1).events) == 3
    assert len(stage.explain(until=NOW).events) == 4  # without a time of its own, it is the log's that counts
    with pytest.raises(UnknownName, match="no event of Users 1 that was committed until 2026-01-01T00:00:00"):
        stage.explain(until=begun.timestamp())


def test_only_the_partition_of_the_key_is_read_unless_they_are_not_as_many_as_declared() -> None:
    stage = Stage(COPY)
    stage.feed(*(event(user_id=user_id, after={}) for user_id in range(20)))
    stage.log.was_read.clear()
    (change,) = stage.explain("7").events
    assert {place for place in stage.log.was_read if place[0] == TOPIC} == {(TOPIC, change.partition)}
    few = Stage(COPY, partitions=2)
    few.feed(*(event(user_id=user_id, after={}) for user_id in range(20)))
    few.log.was_read.clear()
    assert len(few.explain("7").events) == 1
    assert {place for place in few.log.was_read if place[0] == TOPIC} == {(TOPIC, 0), (TOPIC, 1)}


def test_a_key_that_nothing_is_known_of_is_one_sentence() -> None:
    stage = Stage(COPY)
    stage.feed(event(after={}))
    with pytest.raises(UnknownName, match=r"there is no event of Users 2 in users.changes/\d; look at how the key"):
        stage.explain("2")
    stage.log.lost = {number: 1 for number, end in stage.log.ends(TOPIC).items() if end}
    with pytest.raises(UnknownName, match=r"no event of Users 1 in users.changes/\d any more .* begins at offset 1"):
        stage.explain("1")


def test_a_topic_that_lost_its_beginning_is_told_with_since_when() -> None:
    stage = Stage(COPY)
    stage.feed(event("INSERT", 1, after={}), event("MODIFY", 2, before={}, after=AT))
    (partition,) = {change.partition for change in stage.explain().events}
    stage.log.lost = {partition: 1}
    story = stage.explain()
    assert story.lost == [(partition, 1, int(NOW * 1000))]
    assert [change.version for change in story.events] == [told(2)]


def test_a_change_that_the_bridge_could_not_publish_is_told() -> None:
    stage = Stage(COPY)
    stage.log.create_topic("users.changes.dead-letters", 1)
    for user_id in (1, 2):
        raw = written(record("UPSERT", user_id=user_id, after={}))
        letter = DeadLetter(f"arn/{user_id}", raw, "check", "UnconvertibleRecord", "eventName is 'UPSERT'", 1)
        stage.log.append("users.changes.dead-letters", letter.key, letter.body, letter.headers())
    story = stage.explain()
    assert [letter["place"] for letter in story.bridge_letters] == ["arn/1"]
    assert story.events == []
