"""What can go wrong on the way from a stream record to the log."""

from __future__ import annotations


class BridgeError(Exception):
    """Base of every error this package raises on purpose."""


class UnconvertibleRecord(BridgeError):
    """Raised when a stream record cannot become a change event; it goes to the dead letters.

    `stage` is the step that found it: `check` or `translate`.
    """

    def __init__(self, stage: str, message: str) -> None:
        super().__init__(message)
        self.stage = stage


class InvalidBridgeSettings(BridgeError):
    """Raised when Kafka's client does not take the settings that it is given."""


class TableRefused(BridgeError):
    """Raised when a table may not be read by whoever asks; the message says what DynamoDB said."""


class TableUnavailable(BridgeError):
    """Raised when a table cannot be read just now: an outage, to be tried again."""


class NotAcknowledged(BridgeError):
    """Raised when the log did not take all that was stated of items: an outage, to be stated again."""


class SnapshotUnfinished(BridgeError):
    """Raised when another snapshot of the table is unfinished, and this one cannot go on from there; names the cure."""


class NotAnEvent(BridgeError):
    """Raised when what Lambda was invoked with is no event of stream records; nothing was done."""


class StreamMissing(BridgeError):
    """Raised when a table or its stream is not there, or the stream is switched off; the message names the cure."""


class WrongViewType(BridgeError):
    """Raised at start when a table's stream carries other images than its line in `schemas/topics.py` says."""


class StreamUnavailable(BridgeError):
    """Raised when a stream cannot be read just now: an outage, to be tried again."""


class ShardMissing(BridgeError):
    """Raised when a stream does not know the shard that it was asked for."""


class ExpiredIterator(BridgeError):
    """Raised when an iterator is too old to be read with; another one for the same place will do."""


class TrimmedRecords(BridgeError):
    """Raised when the records after a place have left the stream unread."""
