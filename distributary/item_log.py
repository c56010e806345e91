"""One item's events in its table's topic; only the partition that they fall into is read."""

from __future__ import annotations

from typing import NamedTuple

from consumers.errors import Outage
from consumers.subscription import Delivery, Log
from distributary.errors import UnknownName
from schemas.change_event import ChangeEvent
from schemas.codec import EventDecoder
from schemas.errors import RegistryUnavailable, UndecodableEvent, UnknownSchema
from schemas.partitions import partition_of
from schemas.topics import Topic


class Recorded(NamedTuple):
    """A delivery and the event in it, None where it cannot be decoded."""

    delivery: Delivery
    event: ChangeEvent | None

    @property
    def committed(self) -> float:
        """When the event was committed, epoch seconds; where it does not say, when the log took it."""
        at = None if self.event is None else self.event.committed_at
        return self.delivery.timestamp / 1000 if at is None else at.timestamp()


class Lost(NamedTuple):
    """A partition that lost its beginning: the first offset that is still there, and when the log took that delivery
    (epoch milliseconds; None where there is none any more).
    """

    partition: int
    begins_at: int
    since: int | None


class ItemLog:
    """The deliveries under one message key. Raises UnknownName where the topic is not there, Outage."""

    def __init__(self, log: Log, topic: Topic, key: str, decoder: EventDecoder) -> None:
        self._log = log
        self._topic = topic.name
        self._key = key.encode()
        self._decoder = decoder
        ends = log.ends(topic.name)
        if not ends:
            raise UnknownName(f"the log has no topic {topic.name} yet, so nothing is known of {topic.table} {key}")
        # Where the partitions are not as many as declared, nobody knows how many there were when a delivery came.
        partitions = [partition_of(self._key, len(ends))] if len(ends) == topic.partitions else sorted(ends)
        beginnings = log.beginnings(topic.name)
        self.begins_at = {partition: beginnings.get(partition, 0) for partition in partitions}
        self._next = dict(self.begins_at)

    def read_on(self) -> list[Recorded]:
        """What stands between the beginning, or where it was read to before, and the end now. Raises Outage."""
        found: list[Recorded] = []
        ends = self._log.ends(self._topic)
        for partition, start in self._next.items():
            end = ends.get(partition, start)
            deliveries = self._log.read(self._topic, partition, start, end)
            found += [Recorded(each, self._event(each)) for each in deliveries if each.key == self._key]
            self._next[partition] = end
        return found

    def lost(self) -> list[Lost]:
        """The partitions that lost their beginning. Raises Outage."""
        lost = {partition: begins_at for partition, begins_at in self.begins_at.items() if begins_at > 0}
        return [Lost(partition, begins_at, self._since(partition, begins_at)) for partition, begins_at in lost.items()]

    def _since(self, partition: int, begins_at: int) -> int | None:
        first = next(self._log.read(self._topic, partition, begins_at, self._next[partition]), None)
        return None if first is None else first.timestamp

    def _event(self, delivery: Delivery) -> ChangeEvent | None:
        try:
            return None if delivery.value is None else self._decoder.decode(delivery.value)
        except (UndecodableEvent, UnknownSchema):
            return None
        except RegistryUnavailable as error:
            raise Outage("the schema registry", str(error)) from error
