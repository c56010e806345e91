"""Events and items in the shape that patterns look at: what AWS would show, to the letter."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from bridge.stream_record import check
from bridge.translate import translate
from schemas.attribute_values import Item
from schemas.change_event import ChangeEvent
from schemas.codec import EventDecoder
from schemas.event_schema import item_record_of, packaged
from schemas.filters import AWS, PatternError, compile_pattern
from schemas.record_shape import item_shape, record_shape
from schemas.topics import TOPICS
from tests.events import REGISTRY, encoded, event
from tests.filters.pairs import record_pattern
from tests.flow.truth import history
from tests.records import image, record

USERS = TOPICS[0]
KEY_SCHEMA = item_record_of(packaged(USERS.item_record)).key_schema
OURS = {"metadata", "source"}
FIELDS = frozenset(
    {*record(), "eventID", "eventName", "eventVersion", "eventSource", "awsRegion", "dynamodb", "eventSourceARN"}
    | {"userIdentity", *OURS}
)


def translated(raw: dict[str, Any]) -> ChangeEvent:
    return translate(check(raw), USERS, KEY_SCHEMA, {"origin": "test"})


def arrived(raw: dict[str, Any]) -> ChangeEvent:
    """The event of a record, once it has been on the log."""
    return EventDecoder(REGISTRY).decode(encoded(translated(raw)))


@pytest.mark.slow
@pytest.mark.parametrize("view_type", ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"])
def test_the_shape_of_an_event_is_the_record_that_it_came_from(view_type: str) -> None:
    for each in history(seed=1, changes=200, users=20).records:
        left_out = {"OLD_IMAGE": ["NewImage"], "NEW_IMAGE": ["OldImage"], "KEYS_ONLY": ["NewImage", "OldImage"]}
        change = {k: v for k, v in each["dynamodb"].items() if k not in left_out.get(view_type, [])}
        raw = {**each, "dynamodb": {**change, "StreamViewType": view_type}}
        raw["userIdentity"] = {"principalId": "dynamodb.amazonaws.com", "type": "Service"}
        for one in (translated(raw), arrived(raw)):
            shape = record_shape(one, FIELDS)
            assert {name: value for name, value in shape.items() if name not in OURS} == raw
            assert shape["source"] == {"account": "123456789012", "region": "eu-west-1", "table": "Users"}
            assert shape["metadata"] == {"origin": "test"}


def test_a_pattern_gives_the_same_answer_on_the_record_at_the_bridge_and_in_a_group() -> None:
    random, asked, matched = Random(7), 0, 0
    records = history(seed=2, changes=60, users=10).records
    events = [(raw, translated(raw), arrived(raw)) for raw in records]
    while asked < 3_000:
        try:
            pattern = compile_pattern(record_pattern(random), language=AWS)
        except PatternError:
            continue
        for raw, at_bridge, in_group in random.sample(events, 3):
            there = pattern.matches(raw)
            assert pattern.matches(record_shape(at_bridge, pattern.fields)) is there, pattern
            assert pattern.matches(record_shape(in_group, pattern.fields)) is there, pattern
            asked, matched = asked + 1, matched + there
    assert 0 < matched < asked


def test_nothing_is_made_but_the_fields_that_are_asked_for() -> None:
    assert record_shape(event(after={}), {"eventName"}) == {"eventName": "INSERT"}
    assert record_shape(event(after={}), ()) == {}


@pytest.mark.parametrize(
    ("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("eu-west-1", "aws")]
)
def test_the_arn_is_of_the_regions_partition(region: str, partition: str) -> None:
    base = event(after={})
    moved = replace(base, source=replace(base.source, region=region))
    assert str(record_shape(moved, {"eventSourceARN"})["eventSourceARN"]).startswith(
        f"arn:{partition}:dynamodb:{region}:"
    )


def test_an_item_is_shown_as_json_has_it() -> None:
    attributes = image(
        text="a", whole=5, exact=Decimal("1.50"), yes=True, nothing=None, bytes=b"\x01", texts=frozenset({"b", "a"}),
        numbers=frozenset({1, 2}), list=[1, "x", None], map={"inner": [Decimal("0.1")]},
    )  # fmt: skip
    assert item_shape(Item(attributes), attributes) == {
        "text": "a",
        "whole": 5,
        "exact": Decimal("1.5"),
        "yes": True,
        "nothing": None,
        "bytes": "AQ==",
        "texts": ["a", "b"],
        "numbers": [1, 2],
        "list": [1, "x", None],
        "map": {"inner": [Decimal("0.1")]},
    }
    assert item_shape(Item(attributes), {"text", "absent"}) == {"text": "a"}
