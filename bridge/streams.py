"""The streams that the poller reads, and where it keeps its place in them: the ports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from bridge.errors import WrongViewType
from bridge.shards import Shard
from schemas.change_event import ViewType
from schemas.topics import Topic

PAGE_RECORDS = 1000
"""The records of one page, at the most; DynamoDB gives no more."""
SHARD_END = "SHARD_END"
"""The position of a shard that has been read to its end."""


class Stream(NamedTuple):
    """A table's stream: its ARN, and the images that it carries."""

    arn: str
    view_type: ViewType


def check_view_type(topic: Topic, stream: Stream) -> None:
    """Raises WrongViewType where the stream of the topic's table carries other images than the topic says."""
    if stream.view_type is not topic.view_type:
        raise WrongViewType(
            f"the stream of {topic.table} carries {stream.view_type}, its line in schemas/topics.py says "
            f"{topic.view_type}: switch the stream off and on again with that, or change the line"
        )


class Page(NamedTuple):
    """Records in Lambda's form, in their shard's order, and the iterator behind them (None: the shard has ended).

    A page may be empty though more records follow.
    """

    records: Sequence[Mapping[str, Any]]
    next_iterator: str | None


class Streams(Protocol):
    """The streams of a DynamoDB. Every call may raise StreamUnavailable."""

    def find(self, table: str) -> Stream:
        """The stream that the table has now. Raises StreamMissing where there is no such table or stream."""
        ...

    def shards(self, arn: str) -> list[Shard]:
        """All shards that the stream lists just now; what it lists may lag behind. Raises StreamMissing."""
        ...

    def iterator(self, arn: str, shard_id: str, after: str | None) -> str:
        """An iterator right behind a sequence number; None: at the oldest record that is still there.

        Raises ShardMissing, and TrimmedRecords where that sequence number is no longer there.
        """
        ...

    def read(self, arn: str, iterator: str, limit: int = PAGE_RECORDS) -> Page:
        """The next records of one of the stream's shards, at most `limit`.

        Raises ExpiredIterator, TrimmedRecords, ShardMissing.
        """
        ...


class ShardPositions(Protocol):
    """How far each shard has been relayed: the sequence number of the last record done, or SHARD_END.

    Every call may raise StreamUnavailable.
    """

    def get(self, arn: str, shard_id: str) -> str | None:
        """The shard's position; None where it has none yet."""
        ...

    def put(self, arn: str, shard_id: str, position: str) -> None:
        """Stores the shard's position. Durable once it returns, as far as these positions are."""
        ...
