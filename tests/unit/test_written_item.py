"""Images on demand: what nobody asks for is not decoded, and what is wrong in what somebody asks for is said then."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from consumers.delivery.prepare import Poison, Preparation
from consumers.groups import GROUPS
from consumers.subscription import Delivery
from schemas.attribute_values import Item
from schemas.change_event import ChangeEvent
from schemas.codec import EventDecoder
from schemas.errors import UndecodableEvent
from schemas.event_encoder import EventEncoder
from schemas.event_schema import packaged
from schemas.registry import PackagedRegistry
from schemas.topics import TOPICS
from tests.items import FIELDS, Schemas, event, events, schema_text

RICH = schema_text(*FIELDS)
RICH_ENCODER, RICH_DECODER = EventEncoder(1, RICH), EventDecoder(Schemas({1: RICH}))
REGISTRY = PackagedRegistry()
ENCODER = EventEncoder(REGISTRY.id_of(TOPICS[0].subject, packaged("users")), packaged("users"))
DECODER = EventDecoder(REGISTRY)
WORKPLACE_USERS = GROUPS[1]
KEY: dict[str, Any] = {"UserId": {"N": "42"}}
USER: dict[str, Any] = KEY | {
    "WorkplaceId": {"S": "acme"},
    "JobTitle": {"S": "needle"},
    "Phone": {"S": "pinpin"},
    "undeclared": {"S": "thread"},
    "Department": {"NULL": True},
}


def broken(text: bytes, by: bytes) -> bytes:
    """The user's event with that text in `after` put otherwise."""
    data = ENCODER.encode(event(KEY, None, USER))
    assert data.count(text) == 1
    assert len(text) == len(by)
    return data.replace(text, by)


def prepared(value: bytes) -> Any:
    """What the group workplace-users makes of it."""
    return Preparation(WORKPLACE_USERS, DECODER).prepare(Delivery("users.changes", 0, 0, b"42", value, ()))


@given(events)
def test_an_image_is_a_mapping_of_what_was_written_and_of_nothing_else(written: ChangeEvent) -> None:
    read = RICH_DECODER.decode(RICH_ENCODER.encode(written))
    for image, of in ((read.before, written.before), (read.after, written.after)):
        assert (image is None) == (of is None)
        if image is None or of is None:
            continue
        found, expected = image.attributes, of.attributes
        assert found == expected
        assert len(found) == len(expected)
        assert set(found) == set(expected)
        for name in {*FIELDS, "nowhere", *expected}:
            assert (name in found) == (name in expected)
            assert (name in image) == (name in expected)
            assert found.get(name, "absent") == expected.get(name, "absent")


def test_an_attribute_that_is_absent_is_a_key_error_by_its_name() -> None:
    after = DECODER.decode(ENCODER.encode(event(KEY, None, USER))).after
    assert after is not None
    for name in ("Email", "nowhere"):
        with pytest.raises(KeyError, match=f"^'{name}'$"):
            after[name]


@pytest.mark.parametrize(
    ("text", "by", "name", "said"),
    [
        (b"needle", b"\xffeedle", "JobTitle", r"after\.JobTitle is text that is no UTF-8"),
        (b'{"S":"thread"}', b'{"N":"thread"}', "undeclared", r"after\.undeclared is 'thread', expected a number"),
    ],
)
def test_a_broken_value_is_found_by_who_asks_for_it_and_by_nobody_else(
    text: bytes, by: bytes, name: str, said: str
) -> None:
    after = DECODER.decode(broken(text, by)).after
    assert isinstance(after, Item)
    assert after["Phone"] == "pinpin"
    with pytest.raises(UndecodableEvent, match=rf"^the value does not decode: {said}"):
        after[name]
    with pytest.raises(UndecodableEvent, match=said):
        dict(after)


def test_a_group_is_not_kept_from_an_event_by_what_it_does_not_read() -> None:
    (write,) = prepared(broken(b"pinpin", b"\xffinpin"))
    assert write.write.document["JobTitle"] == "needle"


@pytest.mark.parametrize(("text", "by"), [(b"needle", b"\xffeedle"), (b"acme", b"\xffcme")], ids=["project", "where"])
def test_what_a_group_reads_and_cannot_is_undecodable_wherever_it_reads_it(text: bytes, by: bytes) -> None:
    poison = prepared(broken(text, by))
    assert isinstance(poison, Poison)
    assert (poison.stage, poison.error) == ("decode", "UndecodableEvent")
    assert "is text that is no UTF-8" in poison.message
