"""The obvious consumer: Confluent's AvroDeserializer, a dict a document, the latest version wins."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from confluent_kafka.schema_registry import topic_subject_name_strategy
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

from benchmarks.naive_registry import OneSchema

COPIED = ("UserId", "WorkplaceId", "Username", "JobTitle", "Department", "Skills", "Status", "UpdatedAt")


Fields: TypeAlias = dict[str, Any]
Document: TypeAlias = Callable[[Fields], Fields | None]
"""Of an event as Avro's record; None: the item is not of the read model, or removed."""


class NaiveConsumer:
    """Makes documents of messages, by default those of users with a workplace."""

    def __init__(self, topic: str, schema_text: str, schema_id: int, document: Document | None = None) -> None:
        settings = {"subject.name.strategy": topic_subject_name_strategy}
        self._deserialize = AvroDeserializer(OneSchema(schema_text, schema_id), conf=settings)
        self._context = SerializationContext(topic, MessageField.VALUE)
        self._document = document or workplace_document

    def __call__(self, values: Iterable[bytes]) -> dict[str, tuple[str, Fields | None]]:
        """By key, the version and the document of its latest event."""
        latest: dict[str, tuple[str, Fields | None]] = {}
        for value in values:
            event = self.event(value)
            key = event["key"]["UserId"]
            if key not in latest or event["version"] > latest[key][0]:
                latest[key] = event["version"], self._document(event)
        return latest

    def event(self, value: bytes) -> Fields:
        """The event as Avro's record."""
        event: Any = self._deserialize(value, self._context)
        return dict(event)


def workplace_document(event: Fields) -> Fields | None:
    """The document of a user with a workplace."""
    after = event["after"]
    return workplace_user(after) if after and after["WorkplaceId"] else None


def workplace_user(user: dict[str, Any]) -> dict[str, Any]:
    """The document of a user with a workplace."""
    document = {name: user[name] for name in COPIED if user[name] is not None}
    document["UserId"] = int(document["UserId"])
    return {**document, **person(user)}


def person(user: dict[str, Any]) -> dict[str, Any]:
    """How the user is named and written to."""
    found = {}
    name = " ".join(part for part in ((user["FirstName"] or "").strip(), (user["LastName"] or "").strip()) if part)
    if name or user["Username"] is not None:
        found["DisplayName"] = name or user["Username"]
    if user["Email"] is not None:
        found["Email"] = user["Email"].strip().lower()
    return found
