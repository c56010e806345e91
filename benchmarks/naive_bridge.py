"""The obvious bridge: json, boto3's TypeDeserializer, Confluent's AvroSerializer, produce and flush."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from boto3.dynamodb.types import TypeDeserializer
from confluent_kafka import Producer
from confluent_kafka.schema_registry import topic_subject_name_strategy
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from benchmarks.naive_registry import OneSchema
from bridge.publisher import Message
from schemas.attribute_values import attribute_value
from schemas.event_schema import item_record_of
from schemas.kafka import PRODUCER
from schemas.keys import key_text
from schemas.versions import epoch, version

Image = Mapping[str, Any]

_SETS = ("Roles",)
_NUMBERS_AS_TEXT = ("UserId",)
_LONGS = ("LastLoginAt", "ExpiresAt", "CreatedAt", "UpdatedAt")
_BINARY = "Avatar"


class Floor:
    """What librdkafka takes for messages that are there."""

    def __init__(self, bootstrap: str) -> None:
        self._producer = Producer({**PRODUCER, "bootstrap.servers": bootstrap})

    def __call__(self, messages: Sequence[Message]) -> None:
        """Raises RuntimeError where one is not sent."""
        for each in messages:
            self._producer.produce(each.topic, each.value, each.key, headers=list(each.headers))
        if self._producer.flush(30):
            raise RuntimeError("not published")

    def close(self) -> None:
        """Lets go of the broker."""
        self._producer.close()


class NaiveBridge:
    """Publishes the events of a Lambda event of the table Users, or WorkplaceUsers_V2, to `topic`.

    It takes on trust what those tables keep to: a number declared as a long is one, and nothing is an explicit NULL.
    """

    def __init__(self, bootstrap: str, topic: str, schema_text: str, schema_id: int) -> None:
        self._producer = Producer({**PRODUCER, "bootstrap.servers": bootstrap})
        self._deserialize = TypeDeserializer().deserialize
        registry = OneSchema(schema_text, schema_id)
        settings = {"auto.register.schemas": False, "subject.name.strategy": topic_subject_name_strategy}
        self._serialize = AvroSerializer(registry, schema_text, conf=settings)
        self._context = SerializationContext(topic, MessageField.VALUE)
        self._topic = topic
        self._failed: list[str] = []
        self._declared = item_record_of(schema_text).by_attribute

    def __call__(self, event: bytes) -> None:
        """Relays the records of an event's bytes. Raises RuntimeError where a message was not acknowledged."""
        self.relay(json.loads(event)["Records"])

    def relay(self, records: Iterable[dict[str, Any]]) -> None:
        """Relays records. Raises RuntimeError where a message was not acknowledged."""
        self._failed.clear()
        for record in records:
            value = self._event(record)
            self._producer.produce(
                self._topic,
                key=key_text(record["dynamodb"]["Keys"]).encode(),
                value=self._serialize(value, self._context),
                headers={"version": value["version"].encode()},
                on_delivery=self._delivered,
            )
            self._producer.poll(0)
        if self._producer.flush(30) or self._failed:
            raise RuntimeError(f"not published: {self._failed[:3]}")

    def close(self) -> None:
        """Lets go of the broker."""
        self._producer.close()

    def _delivered(self, error: Any, _message: Any) -> None:
        if error is not None:
            self._failed.append(str(error))

    def _event(self, record: dict[str, Any]) -> dict[str, Any]:
        change = record["dynamodb"]
        _, _, _, region, account, rest = record["eventSourceARN"].split(":", 5)
        _, table, _, label = rest.split("/")
        return {
            "event_id": record["eventID"],
            "operation": record["eventName"],
            "version": version(epoch(label), change["SequenceNumber"]),
            "committed_at": datetime.fromtimestamp(change["ApproximateCreationDateTime"], UTC),
            "source": {
                "table": table,
                "region": region,
                "account": account,
                "epoch": epoch(label),
                "sequence_number": change["SequenceNumber"],
                "view_type": change["StreamViewType"],
                "size_bytes": change["SizeBytes"],
                "principal": None,
            },
            "key": self._item(change["Keys"]),
            "metadata": {},
            "before": self._image(change.get("OldImage")),
            "after": self._image(change.get("NewImage")),
        }

    def _image(self, image: Image | None) -> dict[str, Any] | None:
        if image is None:
            return None
        unmapped = {name: _json(value) for name, value in image.items() if name not in self._declared}
        return {**self._item(image), "unmapped": unmapped}

    def _item(self, image: Image) -> dict[str, Any]:
        item = {
            name: self._deserialize(value)
            for name, value in image.items()
            if name in self._declared and name != _BINARY
        }
        for name in _SETS:
            if name in item:
                item[name] = sorted(item[name])
        for name in _NUMBERS_AS_TEXT:
            item[name] = str(item[name])
        for name in _LONGS:
            if name in item:
                item[name] = int(item[name])
        if _BINARY in image:
            item[_BINARY] = base64.b64decode(image[_BINARY]["B"])
        if "Preferences" in item:
            item["Preferences"] = {name: _json(attribute_value(value)) for name, value in item["Preferences"].items()}
        return item


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
