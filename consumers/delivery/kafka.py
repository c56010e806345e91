"""A group's way through a Kafka topic, and its dead letters, by way of confluent_kafka (librdkafka).

Sources: librdkafka's CONFIGURATION.md and INTRODUCTION.md ("Consumer groups"), KIP-848, Kafka's protocol error codes.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Set
from threading import Event
from time import monotonic
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from consumers.delivery.kafka_clients import LOG, made
from consumers.errors import DeadLetterLost, Outage, TruncatedTopic
from consumers.subscription import Delivery
from schemas.dead_letters import DeadLetter, Headers
from schemas.kafka import PRODUCER, Settings
from schemas.topics import dead_letters_of

SLICE_SECONDS = 0.1
"""How long the client is asked at a time: what another thread wants is heard of in between."""
LOOK_SECONDS = 5.0
"""How often a member without partitions makes sure that its topic is there."""
ANSWER_SECONDS = 1.0
"""How long the brokers may take to say that they are there, when the client has complained of them."""
DEAD_LETTER_SECONDS = 60.0
"""How long a dead letter may wait for its acknowledgement: longer than a broker takes to start again."""

CONSUMER: Settings = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    # Never a silent jump to another offset: what that would skip is lost.
    "auto.offset.reset": "error",
    "enable.partition.eof": False,
    "fetch.message.max.bytes": 16 * 1024 * 1024,
    # What is fetched in one go comes on top of the queue, and unpacked: compressed text is several times as much. A
    # larger message comes all the same.
    "fetch.max.bytes": 4 * 1024 * 1024,
    "queued.max.messages.kbytes": 32 * 1024,
    "fetch.wait.max.ms": 100,
    # With large events the queue is full at once and empty in a moment: it is filled again without a second's wait.
    "fetch.queue.backoff.ms": 50,
}

_log = logging.getLogger(__name__)


class KafkaSubscription:
    """One member of `group` on `topic`. `settings` are a member's properties (`KafkaConnection.member`).

    It is called `client` where the group's members are listed; without one, as the group is.

    An assigned partition without a committed position begins at zero, and one whose position is below the topic's
    beginning raises TruncatedTopic, so that nothing is skipped unseen.
    """

    def __init__(self, settings: Settings, group: str, topic: str, client: str | None = None) -> None:
        self._group = group
        self._topic = topic
        self._woken = Event()
        self._paused = False
        self._trouble = ""
        self._look_due = monotonic() + ANSWER_SECONDS
        self._revoked: set[int] = set()
        self._polled: list[Delivery] = []
        # A partition may be paused from its first message on: sooner, that may undo the beginning of its fetching, and
        # be undone by it (librdkafka issues 2190 and 5591). Until then what comes while all is paused is held.
        self._flowing: set[int] = set()
        self._held: list[Delivery] = []
        called: Settings = {"group.id": group, "client.id": client or group}
        self._consumer = made(Consumer, {**CONSUMER, **settings, **called, "error_cb": self._note})
        self._consumer.subscribe([topic], on_assign=self._assigned, on_revoke=self._lost, on_lost=self._lost)

    def poll(self, limit: int, timeout: float) -> list[Delivery]:
        """See `Subscription.poll`."""
        self._polled, self._held = ([], self._held) if self._paused else (self._held[:limit], self._held[limit:])
        end = monotonic() + timeout
        while not self._polled and not self._woken.is_set():
            left = max(0.0, end - monotonic())
            self._take(1, min(left, SLICE_SECONDS))
            if left == 0.0:
                break
        if self._polled and (left_over := limit - len(self._polled)) > 0:
            self._take(left_over, 0.0)
        self._woken.clear()
        if not self._polled:
            self._check_that_somebody_answers()
        return self._polled

    def revoked(self) -> frozenset[int]:
        """See `Subscription.revoked`."""
        revoked, self._revoked = frozenset(self._revoked), set()
        return revoked

    def pause(self) -> None:
        """See `Subscription.pause`."""
        self._paused = True
        self._consumer.pause(self._places(self._flowing))

    def resume(self) -> None:
        """See `Subscription.resume`."""
        self._paused = False
        self._consumer.resume(self._places(self._flowing))

    def commit(self, positions: Mapping[int, int]) -> None:
        """See `Subscription.commit`."""
        offsets = [TopicPartition(self._topic, partition, position) for partition, position in positions.items()]
        try:
            committed = self._consumer.commit(offsets=offsets, asynchronous=False) or []
        except KafkaException as error:
            raise Outage(LOG, f"positions cannot be committed: {error.args[0].str()}") from error
        for place in committed:
            if place.error is not None:
                raise Outage(LOG, f"positions cannot be committed: {place.error.str()}")

    def wake(self) -> None:
        """See `Subscription.wake`; within SLICE_SECONDS."""
        self._woken.set()

    def close(self) -> None:
        """See `Subscription.close`."""
        self._consumer.close()

    def _take(self, limit: int, timeout: float) -> None:
        """Adds what comes to what was polled; rebalances happen in here."""
        try:
            messages = self._consumer.consume(limit, timeout)
        except KafkaException as failure:
            raise Outage(LOG, failure.args[0].str()) from failure
        for message in messages:
            if (error := message.error()) is None:
                self._trouble = ""
                self._came(delivery(message))
            elif error.code() == KafkaError._AUTO_OFFSET_RESET:
                self._begin(message)
            else:
                self._note(error)

    def _came(self, one: Delivery) -> None:
        self._flowing.add(one.partition)
        if self._paused:
            self._held.append(one)
            self._consumer.pause(self._places({one.partition}))
        else:
            self._polled.append(one)

    def _begin(self, message: Message) -> None:
        """What the client says where a partition has no position that it could go on from."""
        partition, position = message.partition() or 0, message.offset()
        if partition not in {place.partition for place in self._consumer.assignment()}:
            return  # it was said before the partition was lost
        if position is not None and position >= 0:
            raise TruncatedTopic(
                f"the position {position} of the group {self._group} in {self._topic}/{partition} is no longer there: "
                "deliveries that it has not seen have left the topic, which keeps everything (retention.ms=-1); find "
                f"out who shortened it, then rebuild {self._group} from the source table"
            )
        # The client cannot seek in a partition that it never began to fetch.
        at_zero = [TopicPartition(self._topic, partition, 0)]
        self._consumer.incremental_unassign(at_zero)
        self._consumer.incremental_assign(at_zero)

    def _assigned(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        _log.info("the group %s is given %s", self._group, sorted(place.partition for place in partitions))
        self._go_on_with(set() if self._paused else self._flowing)
        self._consumer.incremental_assign(partitions)

    def _lost(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        gone = {place.partition for place in partitions}
        _log.info("the group %s gives up %s", self._group, sorted(gone))
        # A partition that is lost while it is paused would come back paused.
        self._go_on_with(gone if self._paused else self._flowing | gone)
        self._revoked |= gone
        self._flowing -= gone
        self._polled = [each for each in self._polled if each.partition not in gone]
        self._held = [each for each in self._held if each.partition not in gone]

    def _go_on_with(self, partitions: Set[int]) -> None:
        """In a rebalance, when nothing else is done to them; a `resume` at the moment of its beginning may be lost."""
        if partitions:
            self._consumer.resume(self._places(partitions))

    def _places(self, partitions: Set[int]) -> list[TopicPartition]:
        return [TopicPartition(self._topic, partition) for partition in sorted(partitions)]

    def _note(self, error: KafkaError) -> None:
        self._trouble = error.str()
        _log.debug("the group %s: %s", self._group, self._trouble)

    def _check_that_somebody_answers(self) -> None:
        """Raises Outage where the topic cannot be had now.

        That is asked where the client has complained since it was last well, and every now and then where it has no
        partitions: of a topic that is not there it says nothing.
        """
        if not self._trouble and (monotonic() < self._look_due or self._consumer.assignment()):
            return
        self._look_due = monotonic() + LOOK_SECONDS
        try:
            topic = self._consumer.list_topics(self._topic, timeout=ANSWER_SECONDS).topics[self._topic]
        except KafkaException as error:
            raise Outage(LOG, f"{error.args[0].str()}: {self._trouble}") from error
        if topic.error is not None:
            raise Outage(LOG, f"the topic {self._topic}: {topic.error.str()}")
        self._trouble = ""


class KafkaDeadLetters:
    """The dead letters of `owner`, a group, in the topic named after it, which exists.

    `settings` are librdkafka's properties. A producer is made with the first letter: most groups never write one.
    """

    def __init__(self, settings: Settings, owner: str, timeout: float = DEAD_LETTER_SECONDS) -> None:
        self._settings = {**PRODUCER, **settings}
        self._topic = dead_letters_of(owner)
        self._timeout = timeout
        self._producer: Producer | None = None

    def record(self, letter: DeadLetter) -> None:
        """See `DeadLetters.record`."""
        self._write(letter.place, letter.key, letter.body, letter.headers())

    def resolve(self, letter: DeadLetter) -> None:
        """See `DeadLetters.resolve`."""
        self._write(letter.place, letter.key, None, ())

    def close(self) -> None:
        """See `DeadLetters.close`."""
        if self._producer is not None:
            # Without the purge `close` would go on sending.
            self._producer.purge()
            self._producer.close()
            self._producer = None

    def _write(self, place: str, key: bytes, value: bytes | None, headers: Headers) -> None:
        reports: list[KafkaError | None] = []
        end = monotonic() + self._timeout
        try:
            if self._producer is None:
                self._producer = made(Producer, self._settings)
            self._producer.produce(
                self._topic, value, key, headers=list(headers), on_delivery=lambda error, _: reports.append(error)
            )
            while not reports and (left := end - monotonic()) > 0:
                self._producer.poll(left)
        except KafkaException as error:
            reports.append(error.args[0])
        failure = reports[0].str() if reports and reports[0] is not None else f"no answer within {self._timeout:g} s"
        if not reports or reports[0] is not None:
            self.close()
            raise DeadLetterLost(f"the dead letter {place} cannot be written to {self._topic}: {failure}")


def delivery(message: Message) -> Delivery:
    """A message of Kafka's as a delivery."""
    headers: Any = message.headers() or ()
    return Delivery(
        topic=str(message.topic()),
        partition=int(message.partition() or 0),
        offset=int(message.offset() or 0),
        key=message.key(),
        value=message.value(),
        headers=tuple((name, value or b"") for name, value in headers),
        timestamp=message.timestamp()[1],
    )
