"""The obvious consumer groups: poll, Confluent's AvroDeserializer, one guarded write an event, store the offset."""

from __future__ import annotations

import json
from collections.abc import Callable
from threading import Event
from typing import Any

from boto3.dynamodb.types import TypeDeserializer
from confluent_kafka import Consumer, KafkaException, Message

from benchmarks.naive_consumer import NaiveConsumer, person, workplace_user
from benchmarks.naive_index import NaiveIndex
from benchmarks.naive_table import NaiveTable
from consumers.projections.user_search import FIELDS

Fields = dict[str, Any]

_APP_USER = ("Username", "Status", "CreatedAt", "UpdatedAt")


class NaiveMember:
    """One member of a group. What it has done is committed every tenth of a second."""

    def __init__(self, bootstrap: str, group: str, topic: str, events: NaiveConsumer) -> None:
        settings = {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "group.protocol": "consumer",
            "auto.offset.reset": "earliest",
            "enable.auto.offset.store": False,
            "auto.commit.interval.ms": 100,
        }
        self._consumer = Consumer(settings)
        self._consumer.subscribe([topic])
        self._events = events

    def keep_table(self, apply: Callable[[Fields], None], stop: Event) -> None:
        """An event at a time until `stop` is set."""
        while not stop.is_set():
            message = self._consumer.poll(0.1)
            if message is not None:
                apply(self._event(message))
                self._consumer.store_offsets(message)

    def keep_index(self, index: NaiveIndex, clock: Callable[[], float], stop: Event) -> None:
        """As many as helpers.bulk sends at a time, until `stop` is set; `clock` gives epoch seconds."""
        while not stop.is_set():
            messages = self._consumer.consume(500, 0.1)
            events = [self._event(message) for message in messages]
            index.write([(event["key"]["UserId"], event["version"], found_user(event)) for event in events], clock())
            for message in messages:
                self._consumer.store_offsets(message)

    def close(self) -> None:
        """Commits what is done and leaves the group."""
        self._consumer.close()

    def _event(self, message: Message) -> Fields:
        if (error := message.error()) is not None:
            raise KafkaException(error)
        return self._events.event(message.value() or b"")


def keep_app_users(table: NaiveTable, clock: Callable[[], float]) -> Callable[[Fields], None]:
    """Keeps AppUsers_V2: where something else than the last login differs."""

    def apply(event: Fields) -> None:
        after, user_id = event["after"], int(event["key"]["UserId"])
        if after is None:
            table.remove(user_id, event["version"], clock())
        elif has_changed(event):
            table.put(app_user(after), event["version"])

    return apply


def keep_workplace_users(table: NaiveTable, clock: Callable[[], float]) -> Callable[[Fields], None]:
    """Keeps WorkplaceUsers_V2: who is at a workplace; nothing happens to those who were and are at none."""

    def apply(event: Fields) -> None:
        before, after, user_id = event["before"], event["after"], int(event["key"]["UserId"])
        if after is not None and after["WorkplaceId"]:
            table.put(workplace_user(after), event["version"])
        elif before is None or before["WorkplaceId"]:
            table.remove(user_id, event["version"], clock())

    return apply


def has_changed(event: Fields) -> bool:
    """Whether something else than the last login differs."""
    before, after = event["before"], event["after"]
    return before is None or after is None or {**before, "LastLoginAt": None} != {**after, "LastLoginAt": None}


def app_document(event: Fields) -> Fields | None:
    """What the app shows of a user, None where the user is removed or nothing that matters differs."""
    after = event["after"]
    return app_user(after) if after is not None and has_changed(event) else None


def app_user(user: Fields) -> Fields:
    """What the app shows of a user."""
    document = {name: user[name] for name in _APP_USER if user[name] is not None}
    document["UserId"] = int(user["UserId"])
    if user["Roles"] is not None:
        document["Roles"] = set(user["Roles"])
    if user["Preferences"] is not None:
        deserialize = TypeDeserializer().deserialize
        document["Preferences"] = {name: deserialize(json.loads(value)) for name, value in user["Preferences"].items()}
    return {**document, **person(user)}


def found_user(event: Fields) -> Fields | None:
    """The document of a user to be found, None where the user is removed."""
    if (after := event["after"]) is None:
        return None
    document = {field: after[name] for name, field in FIELDS.items() if after[name] is not None}
    return {**document, "user_id": int(after["UserId"])}
