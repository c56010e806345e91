"""Kafka's topics as an operator reads them, apart from any group; by way of confluent_kafka's admin client."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from itertools import count
from threading import Event, Lock
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, OffsetSpec, ResourceType

from consumers.delivery.kafka import delivery
from consumers.delivery.kafka_clients import LOG, made
from consumers.errors import Outage
from consumers.subscription import Delivery
from schemas.kafka import Settings

ANSWER_SECONDS = 10.0
"""How long a question may take before it counts as an outage."""
ATTEMPTS = 4
PAGE = 1000

_LEADERLESS = frozenset({KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE})

_READER: Settings = {
    "group.id": "distributary-reader",  # the client wants a name; nothing is ever committed under it
    "enable.auto.commit": False,
    "auto.offset.reset": "error",
    "enable.partition.eof": True,
    "fetch.message.max.bytes": 16 * 1024 * 1024,
    "queued.max.messages.kbytes": 16 * 1024,
    "fetch.wait.max.ms": 50,
}


class KafkaLog:
    """See `Log`. `settings` are a client's properties (`KafkaConnection.client`). Safe to use from any thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = dict(settings)
        self._admin = made(AdminClient, self._settings)
        self._idle: list[Consumer] = []
        self._askers: dict[str, Consumer] = {}
        self._lock = Lock()
        self._closed = False

    def beginnings(self, topic: str) -> dict[int, int]:
        """See `Log.beginnings`."""
        return self._offsets(topic, OffsetSpec.earliest())

    def ends(self, topic: str) -> dict[int, int]:
        """See `Log.ends`."""
        return self._offsets(topic, OffsetSpec.latest())

    def compacted(self, topic: str) -> bool:
        """See `Log.compacted`."""
        resource = ConfigResource(ResourceType.TOPIC, topic)
        with _outages(f"the settings of {topic}"):
            config: Any = _answer(self._admin.describe_configs([resource])[resource])
        return "compact" in str(config["cleanup.policy"].value)

    def positions(self, group: str, topic: str) -> dict[int, int]:
        """See `Log.positions`."""
        asked = [TopicPartition(topic, partition) for partition in self._partitions(topic)]
        if not asked:
            return {}
        with _outages(f"the positions of {group}"):
            found = self._asker(group).committed(asked, timeout=ANSWER_SECONDS)
        for place in found:
            if place.error is not None:
                raise Outage(LOG, f"the positions of {group}: {place.error.str()}")
        return {place.partition: place.offset for place in found if place.offset >= 0}

    def read(self, topic: str, partition: int, start: int, end: int) -> Iterator[Delivery]:
        """See `Log.read`; holds one page at a time."""
        if start >= end:
            return
        with self._reader() as reader:
            reader.assign([TopicPartition(topic, partition, start)])
            while start < end:
                messages = reader.consume(min(PAGE, end - start), 0.0) or reader.consume(1, ANSWER_SECONDS)
                if not messages:
                    raise Outage(LOG, f"{topic}/{partition} at offset {start}: no answer in {ANSWER_SECONDS:g} s")
                for message in messages:
                    if (error := message.error()) is not None:
                        if error.code() == KafkaError._PARTITION_EOF:
                            return
                        raise Outage(LOG, f"{topic}/{partition} at offset {start}: {error.str()}")
                    found = delivery(message)
                    if found.offset >= end:
                        return
                    start = found.offset + 1
                    yield found

    def close(self) -> None:
        """Lets go of connections."""
        with self._lock:
            self._closed = True
            for client in (*self._idle, *self._askers.values()):
                client.close()
            self._idle.clear()
            self._askers.clear()

    def _offsets(self, topic: str, which: OffsetSpec) -> dict[int, int]:
        asked = {TopicPartition(topic, partition): which for partition in self._partitions(topic)}
        if not asked:
            return {}
        with _outages(f"the offsets of {topic}"):
            found = self._listed(asked)
        return {partition: int(answer.offset) for partition, answer in sorted(found.items())}

    def _listed(self, asked: dict[TopicPartition, OffsetSpec]) -> dict[int, Any]:
        pause = Event()
        for attempt in count(1):
            answers = self._admin.list_offsets(asked, request_timeout=ANSWER_SECONDS)
            try:
                return {place.partition: _answer(future) for place, future in answers.items()}
            except KafkaException as error:
                # A leader that is not known yet, right after a topic was made or a broker came back.
                if (not error.args[0].retriable() and error.args[0].code() not in _LEADERLESS) or attempt == ATTEMPTS:
                    raise
                pause.wait(attempt / 10)
        raise AssertionError

    def _partitions(self, topic: str) -> list[int]:
        with _outages(f"the topic {topic}"):
            found = self._admin.list_topics(topic, timeout=ANSWER_SECONDS).topics[topic]
        if found.error is not None and found.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            return []
        if found.error is not None:
            raise Outage(LOG, f"the topic {topic}: {found.error.str()}")
        return sorted(found.partitions)

    def _asker(self, group: str) -> Consumer:
        """A client that asks for the group's positions and never joins it.

        The admin client can do that too, and has been seen to crash where the group's coordinator has just started.
        """
        with self._lock:
            if group not in self._askers:
                self._askers[group] = made(Consumer, {**self._settings, "group.id": group})
            return self._askers[group]

    @contextmanager
    def _reader(self) -> Iterator[Consumer]:
        """A client that nobody else uses meanwhile."""
        with self._lock:
            reader = self._idle.pop() if self._idle else made(Consumer, {**self._settings, **_READER})
        try:
            yield reader
        finally:
            reader.unassign()
            with self._lock:
                if not self._closed:
                    self._idle.append(reader)
            if self._closed:
                reader.close()


def _answer(future: Future[Any]) -> Any:
    return future.result(ANSWER_SECONDS)


@contextmanager
def _outages(what: str) -> Iterator[None]:
    try:
        yield
    except KafkaException as error:
        raise Outage(LOG, f"{what}: {error.args[0].str()}") from error
    except TimeoutError as error:
        raise Outage(LOG, f"{what}: no answer in {ANSWER_SECONDS:g} s") from error
