"""Kafka's topics as an operator reads them, apart from any group; by way of confluent_kafka's admin client."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from itertools import count
from threading import Event, Lock
from typing import Any, TypeVar

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, OffsetSpec, ResourceType

from consumers.delivery.kafka import delivery
from consumers.delivery.kafka_clients import LOG, made
from consumers.errors import GroupBusy, Outage
from consumers.subscription import Delivery
from schemas.kafka import Settings

ANSWER_SECONDS = 10.0
"""How long a question may take before it counts as an outage."""
ATTEMPTS = 6
"""How often something is asked; the last time 1.5 s after the first."""
PAGE = 1000

_SOON = frozenset(
    {
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.NOT_COORDINATOR,
    }
)
"""What is answered where nobody leads a partition or a group yet: it was just made, or a broker came back."""

_OCCUPIED = frozenset(
    {
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.NON_EMPTY_GROUP,
        KafkaError.STALE_MEMBER_EPOCH,
    }
)
"""What a group with members says to somebody who is none of them."""

Asked = TypeVar("Asked")

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
            config = _answers(lambda: self._admin.describe_configs([resource]))[resource]
        return "compact" in str(config["cleanup.policy"].value)

    def offsets_at(self, topic: str, epoch_seconds: float) -> dict[int, int]:
        """See `Log.offsets_at`."""
        # The ends first: what comes in between is later than the moment, or it is found.
        ends = self.ends(topic)
        found = self._offsets(topic, OffsetSpec.for_timestamp(round(epoch_seconds * 1000)))
        return {
            partition: found[partition] if found.get(partition, -1) >= 0 else end for partition, end in ends.items()
        }

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

    def set_positions(self, group: str, topic: str, positions: Mapping[int, int]) -> None:
        """See `Log.set_positions`."""
        if members := self.members(group):
            raise GroupBusy(group, members)
        places = [TopicPartition(topic, partition, position) for partition, position in positions.items()]
        if not places:
            return
        with _outages(f"the positions of {group}"):
            try:
                asked = [ConsumerGroupTopicPartitions(group, places)]
                alter = self._admin.alter_consumer_group_offsets
                stored = _answers(lambda: alter(asked, request_timeout=ANSWER_SECONDS))[group].topic_partitions
            except KafkaException as error:
                if error.args[0].code() in _OCCUPIED:
                    raise GroupBusy(group, self.members(group)) from error
                raise
        for place in stored:
            if place.error is not None and place.error.code() in _OCCUPIED:
                raise GroupBusy(group, self.members(group))
            if place.error is not None:
                raise Outage(LOG, f"the position of {group} in {topic}/{place.partition}: {place.error.str()}")

    def members(self, group: str) -> list[str]:
        """See `Log.members`."""
        with _outages(f"the members of {group}"):
            try:
                describe = self._admin.describe_consumer_groups
                found = _answers(lambda: describe([group], request_timeout=ANSWER_SECONDS))[group]
            except KafkaException as error:
                if error.args[0].code() == KafkaError.GROUP_ID_NOT_FOUND:
                    return []
                raise
        return sorted(member.client_id for member in found.members)

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
            found = _answers(lambda: self._admin.list_offsets(asked, request_timeout=ANSWER_SECONDS))
        offsets = {place.partition: int(answer.offset) for place, answer in found.items()}
        return dict(sorted(offsets.items()))

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


def _answers(ask: Callable[[], Mapping[Asked, Future[Any]]]) -> dict[Asked, Any]:
    """The answers to what is asked, in a few attempts where somebody is not there yet to answer."""
    pause = Event()
    for attempt in count(1):
        try:
            return {asked: future.result(ANSWER_SECONDS) for asked, future in ask().items()}
        except KafkaException as error:
            if (not error.args[0].retriable() and error.args[0].code() not in _SOON) or attempt == ATTEMPTS:
                raise
            pause.wait(attempt / 10)
    raise AssertionError


@contextmanager
def _outages(what: str) -> Iterator[None]:
    try:
        yield
    except KafkaException as error:
        said = error.args[0].str()
        raise Outage(LOG, f"{what}: {said}{error.args[0].name() if said.endswith(': ') else ''}") from error
    except TimeoutError as error:
        raise Outage(LOG, f"{what}: no answer in {ANSWER_SECONDS:g} s") from error
