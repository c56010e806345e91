"""A group's `filter` and `where` as patterns: what they look at, and what time it is to them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from msgspec import structs

from consumers.group import Group
from consumers.groups import GROUPS
from consumers.patterns import EventPattern, ItemPattern, events, items
from schemas.attribute_values import Item
from schemas.event_schema import item_record_of, packaged
from schemas.filters import PatternError, compile_pattern
from schemas.topics import topic_named
from tests.bench import COPY, Bench
from tests.events import event
from tests.records import image

AT = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_filter_looks_at_the_event_as_a_record() -> None:
    became_active = events({"dynamodb": {"NewImage": {"Status": {"S": ["active"]}}}, "source": {"table": ["Users"]}})
    assert became_active(event(after={"Status": "active"}))
    assert not became_active(event(after={"Status": "invited"}))


def test_where_looks_at_attributes_and_their_plain_values() -> None:
    adults = items({"Age": [{"numeric": [">=", 18]}], "Roles": ["member"]})
    assert adults(Item(image(Age=18, Roles=frozenset({"admin", "member"}))), AT)
    assert not adults(Item(image(Age=17, Roles=frozenset({"member"}))), AT)
    assert not adults(Item(image(Age=18)), AT)


def test_now_is_when_the_event_was_committed_however_late_it_is_read() -> None:
    change = event(after={"ExpiresAt": int(AT.timestamp()) + 60})
    assert events('{"dynamodb":{"NewImage":{"ExpiresAt":{"N":[{"time":["within","+1h"]}]}}}}')(change)
    assert not events('{"dynamodb":{"NewImage":{"ExpiresAt":{"N":[{"time":["before","now"]}]}}}}')(change)
    assert items({"ExpiresAt": [{"time": ["after", "now"]}]})(Item(image(ExpiresAt=int(AT.timestamp()) + 1)), AT)


def test_names_stand_for_filters() -> None:
    named = {"internal": compile_pattern({"dynamodb": {"NewImage": {"Email": {"S": [{"suffix": "@example.com"}]}}}})}
    others = events({"none_of": ["internal"]}, named)
    assert others(event(after={"Email": "ann@example.org"}))
    assert not others(event(after={"Email": "ann@example.com"}))


def test_what_is_no_pattern_is_refused_where_the_group_is_declared() -> None:
    with pytest.raises(PatternError, match=r"\$\.a: found an empty list"):
        events({"a": []})


def test_an_event_without_the_time_that_a_pattern_asks_for_is_a_dead_letter() -> None:
    bench = Bench(replace(COPY, where=items({"At": [{"time": ["before", "now"]}]})))
    timeless = structs.replace(event(after={"At": 1}), committed_at=None)
    assert bench.turn(timeless) == {"dead_lettered": 1}
    (letter,) = bench.dead_letters.letters
    assert (letter.stage, letter.message) == (
        "filter",
        "the filter has times that count from now, and nobody says when that is",
    )


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_no_declared_pattern_is_one_that_is_hardly_meant(group: Group) -> None:
    fields = item_record_of(packaged(topic_named(group.topic).item_record)).fields
    schema = {field.attribute: field.shape.letter for field in fields}
    for pattern in (group.filter, group.where):
        if pattern is not None:
            assert isinstance(pattern, EventPattern | ItemPattern)
            assert pattern.filter.lint(schema) == []
