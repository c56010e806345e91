"""The highest version that the log holds of certain keys: by message key and header, of their partitions alone."""

from __future__ import annotations

from collections.abc import Collection

from consumers.subscription import Delivery, Log
from distributary.errors import LogIncomplete
from schemas.codec import EventDecoder
from schemas.errors import UndecodableEvent, UnknownSchema
from schemas.partitions import partition_of
from schemas.topics import Topic
from schemas.versions import VERSION_HEADER


class KeyVersions:
    """The versions of `keys` (message keys) in the topic, as far as `read_on` has read it.

    Raises LogIncomplete where the topic has other partitions than it is declared with, or has lost the beginning of
    one that is to be read (unless `accept_truncated`); Outage.
    """

    def __init__(
        self, log: Log, topic: Topic, keys: Collection[bytes], decoder: EventDecoder, *, accept_truncated: bool = False
    ) -> None:
        self._log = log
        self._topic = topic.name
        self._keys = frozenset(keys)
        self._decoder = decoder
        self._highest: dict[bytes, str] = {}
        beginnings = log.beginnings(self._topic)
        if len(beginnings) != topic.partitions:
            raise LogIncomplete(
                f"the topic {topic.name} has {len(beginnings)} partitions, its line in schemas/topics.py says "
                f"{topic.partitions}: what it holds of a key cannot be told any more; make it anew with that number"
            )
        wanted = sorted({partition_of(key, topic.partitions) for key in self._keys})
        self._next = {partition: beginnings[partition] for partition in wanted}
        for partition, beginning in self._next.items():
            if beginning > 0 and not accept_truncated:
                raise LogIncomplete(
                    f"{topic.name}/{partition} has lost what stood before offset {beginning}, so a key's version may "
                    "be unknown; set the topic's retention.ms to -1, and give --accept-truncated to go by what is left"
                )

    def read_on(self) -> None:
        """Reads on, from where it ended, to the ends that the topic has now. Raises Outage."""
        ends = self._log.ends(self._topic)
        for partition, start in self._next.items():
            for delivery in self._log.read(self._topic, partition, start, ends[partition]):
                if delivery.key in self._keys:
                    self._take(delivery)
            self._next[partition] = max(start, ends[partition])

    def of(self, key: bytes) -> str | None:
        """The highest version read of the key; None where there is none."""
        return self._highest.get(key)

    def _take(self, delivery: Delivery) -> None:
        version = self._version(delivery)
        if version is not None and delivery.key is not None and version > self._highest.get(delivery.key, ""):
            self._highest[delivery.key] = version

    def _version(self, delivery: Delivery) -> str | None:
        for name, value in delivery.headers:
            if name == VERSION_HEADER:
                return value.decode("utf-8", "replace")
        try:
            return None if delivery.value is None else self._decoder.decode(delivery.value).version
        except (UndecodableEvent, UnknownSchema):
            return None  # no group applies it either
