"""What can go wrong with the embedded log."""

from __future__ import annotations

from pathlib import Path

from distributary.errors import DistributaryError


class EmbeddedLogError(DistributaryError):
    """Base of every error the embedded log raises on purpose."""


class LogUnavailable(EmbeddedLogError):
    """Raised when the log's file cannot be read or written now: disk full, locked for too long, read-only, damaged.

    Nothing of the call was written. `path` is the file.
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"the log {path} cannot be used: {reason}; look at the disk and at who else has the file open")
        self.path = path


class NoSuchTopic(EmbeddedLogError):
    """Raised when something is appended to a topic that nobody created. `topic` is its name."""

    def __init__(self, path: Path, topic: str) -> None:
        super().__init__(f"the log {path} has no topic {topic}; create it first")
        self.topic = topic


class PartitionsChanged(EmbeddedLogError):
    """Raised when a topic is created again with another partition count. `topic` is its name."""

    def __init__(self, path: Path, topic: str, there: int, asked: int) -> None:
        super().__init__(
            f"the topic {topic} has {there} partitions in {path} and {asked} where it is declared, and a topic's "
            f"partition count never changes; declare {there} again, or start with another log"
        )
        self.topic = topic
