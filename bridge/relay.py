"""One batch of one shard, from stream records to acknowledged messages (design section 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from bridge.accounts import WHOLE_BATCH, Accounts, BatchResult
from bridge.errors import UnconvertibleRecord
from bridge.publisher import Message, Publisher, Receipt, Status
from bridge.stream_record import Place, RawRecord, StreamRecord, check, check_images, locate, original_bytes, parse
from bridge.translate import translate
from schemas.change_event import ChangeEvent
from schemas.dead_letters import DeadLetter
from schemas.errors import InvalidAttributeValue
from schemas.event_encoder import EventEncoder
from schemas.event_schema import packaged
from schemas.registry import Registry
from schemas.topics import BRIDGE_DEAD_LETTERS, Topic, dead_letters_of
from schemas.versions import VERSION_HEADER

if TYPE_CHECKING:
    from schemas.filters import Filter

TRACEPARENT = "traceparent"


class Line(msgspec.Struct, frozen=True):
    """One table of the bridge: its topic, and the encoder of its events."""

    topic: Topic
    encoder: EventEncoder


def lines(topics: Iterable[Topic], registry: Registry) -> list[Line]:
    """A line for each topic, by this release's schema under the id that the registry gives it.

    Raises UnknownSchema where that schema is not registered, RegistryUnavailable.
    """
    return [Line(topic, _encoder(topic, registry)) for topic in topics]


def message_of(event: ChangeEvent, topic: Topic, value: bytes) -> Message:
    """The message that the event, whose bytes are `value`, travels in."""
    headers = [(VERSION_HEADER, event.version.encode())]
    if TRACEPARENT in event.metadata:
        headers.append((TRACEPARENT, event.metadata[TRACEPARENT].encode()))
    return Message(topic.name, event.key_text.encode(), value, tuple(headers))


class _Entry(msgspec.Struct):
    """One record on its way: the message it became (None: filtered), what that counts as, and its receipt.

    `again` is the dead letter that it has been.
    """

    raw: RawRecord
    again: DeadLetter | None = None
    place: Place = Place(None, None)
    line: Line | None = None
    message: Message | None = None
    counts_as: str = "published"
    receipt: Receipt | None = None

    @property
    def table(self) -> str | None:
        return None if self.line is None else self.line.topic.table

    @property
    def done(self) -> bool:
        return self.message is None or (self.receipt is not None and self.receipt.status is Status.ACKNOWLEDGED)


class Relay:
    """Publishes the events of stream records, and the dead letters of those that cannot become one.

    Guarantees: every record of a batch is published, filtered, dead-lettered or returned, and nothing at or after the
    first failure is reported done. `clock` gives epoch seconds, for dead letters and the times in filters. `metadata`
    is what the operator attaches to every event; its `traceparent` travels as a header too.
    """

    def __init__(
        self,
        lines: Iterable[Line],
        publisher: Publisher,
        clock: Callable[[], float],
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        self._lines = {line.topic.table: line for line in lines}
        self._publisher = publisher
        self._clock = clock
        self._metadata = dict(metadata or {})

    def relay(self, records: Sequence[RawRecord], seconds_left: Callable[[], float]) -> BatchResult:
        """Relays one batch of one shard, in order; `seconds_left` says how long it may still take."""
        return self._relay([_Entry(raw) for raw in records], seconds_left)

    def redrive(self, letter: DeadLetter, seconds_left: Callable[[], float]) -> BatchResult:
        """Relays the record in a dead letter of the bridge again.

        If it has to become one again, that is written under the letter's own place, with one more attempt.
        """
        return self._relay([_Entry(letter.body, letter)], seconds_left)

    def _relay(self, entries: Sequence[_Entry], seconds_left: Callable[[], float]) -> BatchResult:
        # 1 check the record, 2 translate, 3 filter
        for entry in entries:
            self._prepare(entry)
        # 4 publish, 5 wait for the acknowledgement of every one
        self._publish(entries, seconds_left())
        refused = [entry for entry in entries if entry.receipt is not None and entry.receipt.status is Status.REFUSED]
        for entry in refused:
            assert entry.receipt is not None
            self._bury(entry, "publish", "RefusedByTheLog", entry.receipt.reason)
        self._publish(refused, seconds_left())
        # 6 on the first failure stop and return that one
        return _settle(entries)

    def close(self) -> None:
        """Lets go of the log."""
        self._publisher.close()

    def _prepare(self, entry: _Entry) -> None:
        try:
            record = parse(entry.raw)
            entry.place = locate(record)
            entry.line = line = self._line(entry.place)
            checked = check(record, entry.place)
            event = translate(checked, line.topic, line.encoder.item_record.key_schema, self._metadata)
            value = _encoded(line.encoder, event, checked)
            if self._publishes(line.topic.published, event):
                entry.message = message_of(event, line.topic, value)
            else:
                entry.counts_as = "filtered"
        except UnconvertibleRecord as error:
            self._bury(entry, error.stage, type(error).__name__, str(error))

    def _publishes(self, filter_: Filter | None, event: ChangeEvent) -> bool:
        if filter_ is None:
            return True
        from schemas.record_shape import record_shape  # most bridges have no filter

        return filter_.matches(record_shape(event, filter_.fields), self._clock())

    def _line(self, place: Place) -> Line:
        if (stream := place.stream) is None:
            raise UnconvertibleRecord("check", "eventSourceARN is missing or is not the ARN of a table's stream")
        if stream.table not in self._lines:
            known = ", ".join(self._lines)
            raise UnconvertibleRecord("check", f"the table {stream.table} is not one that the bridge knows ({known})")
        return self._lines[stream.table]

    def _bury(self, entry: _Entry, stage: str, error: str, reason: str) -> None:
        """Makes a dead letter of the entry, to be sent instead of its event."""
        original, again = original_bytes(entry.raw), entry.again
        topic = None if entry.line is None else entry.line.topic.name
        letter = DeadLetter(
            place=entry.place.key(original) if again is None else again.place,
            value=original,
            stage=stage,
            error=error,
            message=reason,
            first_seen=int(self._clock() * 1000) if again is None else again.first_seen,
            topic=topic,
            attempts=1 if again is None else again.attempts + 1,
        )
        entry.counts_as = "dead_lettered"
        destination = BRIDGE_DEAD_LETTERS if topic is None else dead_letters_of(topic)
        entry.message = Message(destination, letter.key, original, letter.headers())

    def _publish(self, entries: Sequence[_Entry], timeout: float) -> None:
        sent = [(entry, entry.message) for entry in entries if entry.message is not None]
        receipts = self._publisher.publish([message for _, message in sent], timeout) if sent else []
        for (entry, _), receipt in zip(sent, receipts, strict=True):
            entry.receipt = receipt


def _encoded(encoder: EventEncoder, event: ChangeEvent, record: StreamRecord) -> bytes:
    """The event's bytes; to make them is to check the images. Raises UnconvertibleRecord, naming the field."""
    try:
        return encoder.encode(event)
    except InvalidAttributeValue as error:
        check_images(record)
        raise UnconvertibleRecord("translate", str(error)) from None


def _encoder(topic: Topic, registry: Registry) -> EventEncoder:
    text = packaged(topic.item_record)
    return EventEncoder(registry.id_of(topic.subject, text), text)


def _settle(entries: Sequence[_Entry]) -> BatchResult:
    failed = next((at for at, entry in enumerate(entries) if not entry.done), len(entries))
    returned, reason = None, ""
    if failed < len(entries):
        number, receipt = entries[failed].place.sequence_number, entries[failed].receipt
        returned, reason = number or WHOLE_BATCH, receipt.reason if receipt is not None else ""
        failed = 0 if number is None else failed
    accounts: dict[str | None, Accounts] = {}
    for at, entry in enumerate(entries):
        row = accounts.setdefault(entry.table, Accounts())
        counts_as = entry.counts_as if at < failed else "returned"
        row.read += 1
        setattr(row, counts_as, getattr(row, counts_as) + 1)
    return BatchResult(accounts, returned, reason)
