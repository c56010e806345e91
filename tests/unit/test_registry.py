"""The packaged schemas: all usable, and each under an id that never changes its meaning."""

from __future__ import annotations

from importlib import resources

import fastavro
import msgspec
import pytest

from schemas.errors import UnknownSchema
from schemas.event_schema import item_record_of, packaged
from schemas.item_record import UNMAPPED
from schemas.keys import KeyAttribute
from schemas.registry import PackagedRegistry, schema_id_of
from schemas.topics import TOPICS, Topic

REGISTRY = PackagedRegistry()


@pytest.mark.parametrize(
    ("item_record", "schema_id"),
    [("users", 1368056139), ("workplace_users_v2", 1748782122)],
)
def test_the_id_of_a_schema_changes_only_on_purpose(item_record: str, schema_id: int) -> None:
    """A new id here means that logs written before can no longer be read with the packaged schemas alone."""
    assert schema_id_of(packaged(item_record)) == schema_id


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_a_packaged_schema_is_found_by_its_subject_and_by_its_id(topic: Topic) -> None:
    text = packaged(topic.item_record)
    schema_id = REGISTRY.id_of(topic.subject, text)
    assert REGISTRY.schema(schema_id) == text
    assert schema_id == schema_id_of(text)
    assert 0 <= schema_id < 2**31


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_a_packaged_schema_compiles(topic: Topic) -> None:
    text = packaged(topic.item_record)
    schema = msgspec.json.decode(text)
    fastavro.parse_schema(schema)
    assert schema["namespace"] == f"distributary.{topic.item_record}"
    assert item_record_of(text).key_schema == (KeyAttribute("UserId", "N"),)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_every_declared_attribute_may_be_absent(topic: Topic) -> None:
    """So that a foreign reader with a later schema can read an event in which an attribute was not yet declared."""
    item = msgspec.json.decode((resources.files("schemas") / "tables" / f"{topic.item_record}.avsc").read_bytes())
    for field in item["fields"]:
        assert field["default"] == ({} if field["name"] == UNMAPPED else None)


def test_every_packaged_item_record_belongs_to_a_topic() -> None:
    files = {file.name for file in (resources.files("schemas") / "tables").iterdir()}
    assert files == {f"{topic.item_record}.avsc" for topic in TOPICS}


def test_no_two_packaged_schemas_share_an_id() -> None:
    assert len({schema_id_of(packaged(topic.item_record)) for topic in TOPICS}) == len(TOPICS)


def test_an_unknown_id_and_an_unknown_subject_are_named() -> None:
    with pytest.raises(UnknownSchema, match="the schema id 1 is none of this release's packaged schemas"):
        REGISTRY.schema(1)
    with pytest.raises(UnknownSchema, match=r"nobody-value is none of users\.changes-value, workplace-"):
        REGISTRY.id_of("nobody-value", packaged("users"))
