"""What is stated of items that were read: that they are there, or are not, as events of their table's topic.

A snapshot states items at version `0`, which fills holes and nothing else; a repair states an item right above the
version it was compared with (design section 4).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from bridge.errors import NotAcknowledged
from bridge.publisher import Message, Publisher, Receipt, Status
from bridge.relay import Line, message_of
from bridge.stream_record import READ_ITEM, Place
from bridge.streams import Stream
from schemas.attribute_values import Attributes, Item
from schemas.change_event import ChangeEvent, Operation, Source
from schemas.dead_letters import DeadLetter
from schemas.errors import SchemasError
from schemas.keys import key_of, key_text
from schemas.topics import dead_letters_of
from schemas.versions import epoch

SEQUENCE_NUMBER = "0"
"""What an event has instead of a sequence number that states what was read: no record of the stream has it."""


class Statement(NamedTuple):
    """The item under `key` as it was read at `read_at`, epoch seconds; None: there was none.

    `key` may hold more than the key's attributes.
    """

    key: Attributes
    item: Attributes | None
    version: str
    read_at: float


class Statements:
    """States items of one table in its topic. `stream` is the table's own, now; `clock` gives epoch seconds.

    Belongs to one thread, as its publisher does. Raises InvalidVersion where the stream's label is no instant.
    """

    def __init__(
        self,
        line: Line,
        stream: Stream,
        publisher: Publisher,
        clock: Callable[[], float],
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        place = Place(stream.arn, None).stream
        assert place is not None  # it is DynamoDB's own
        self._line = line
        self._stream = stream
        self._source = Source(
            table=line.topic.table,
            region=place.region,
            account=place.account,
            epoch=epoch(place.label),
            sequence_number=SEQUENCE_NUMBER,
            view_type=line.topic.view_type,
        )
        self._publisher = publisher
        self._clock = clock
        self._metadata = dict(metadata or {})

    def publish(self, statements: Sequence[Statement], timeout: float) -> list[str]:
        """States them within `timeout` seconds; for each, why it became a dead letter instead, or nothing.

        Raises NotAcknowledged where the log did not take all of it: then any of it may be there, and all of it may be
        stated again.
        """
        # 1 an event of each, and a dead letter of what cannot become one
        prepared = [self._prepared(statement) for statement in statements]
        messages, reasons = [message for message, _ in prepared], [reason for _, reason in prepared]
        # 2 publish, 3 wait for the acknowledgement of every one
        receipts = self._publisher.publish(messages, timeout)
        # 4 what the log refuses for good is a dead letter too
        refused = [at for at, receipt in enumerate(receipts) if receipt.status is Status.REFUSED]
        for at in refused:
            reasons[at] = receipts[at].reason
            messages[at] = self._letter(statements[at], "publish", "RefusedByTheLog", reasons[at])
        again = self._publisher.publish([messages[at] for at in refused], timeout) if refused else []
        for at, receipt in zip(refused, again, strict=True):
            receipts[at] = receipt
        _acknowledged(receipts)
        return reasons

    def close(self) -> None:
        """Lets go of the log."""
        self._publisher.close()

    def _prepared(self, statement: Statement) -> tuple[Message, str]:
        try:
            event = self._event(statement)
            return message_of(event, self._line.topic, self._line.encoder.encode(event)), ""
        except SchemasError as error:
            return self._letter(statement, "translate", type(error).__name__, str(error)), str(error)

    def _event(self, statement: Statement) -> ChangeEvent:
        key = key_of(statement.key, self._line.encoder.item_record.key_schema, "the item")
        operation = Operation.REMOVE if statement.item is None else Operation.SNAPSHOT
        millis = int(statement.read_at * 1000)
        return ChangeEvent(
            event_id=f"{operation}#{key_text(key)}#{statement.version}#{millis}",
            operation=operation,
            version=statement.version,
            committed_at=datetime.fromtimestamp(millis / 1000, UTC),
            source=self._source,
            key=Item(key),
            metadata=self._metadata,
            before=None,
            after=None if statement.item is None else Item(statement.item),
        )

    def _letter(self, statement: Statement, stage: str, error: str, reason: str) -> Message:
        """A dead letter with the item in the form of a stream record. Its bytes are the same as long as the item is, so
        that another snapshot does not make another letter of it.
        """
        names = [name for name, _ in self._line.encoder.item_record.key_schema if name in statement.key]
        change = {"Keys": {name: statement.key[name] for name in names}, "NewImage": statement.item}
        record = {"eventName": READ_ITEM, "eventSourceARN": self._stream.arn, "dynamodb": change}
        original, topic = json.dumps(record, separators=(",", ":")).encode(), self._line.topic.name
        letter = DeadLetter(
            place=Place(self._stream.arn, None).key(original),
            value=original,
            stage=stage,
            error=error,
            message=reason,
            first_seen=int(self._clock() * 1000),
            topic=topic,
            version=statement.version,
        )
        return Message(dead_letters_of(topic), letter.key, original, letter.headers())


def _acknowledged(receipts: Sequence[Receipt]) -> None:
    for receipt in receipts:
        if receipt.status is not Status.ACKNOWLEDGED:
            raise NotAcknowledged(f"the log cannot be used just now: {receipt.reason or 'no reason was given'}")
