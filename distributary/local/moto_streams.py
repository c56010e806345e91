"""moto's DynamoDB Streams, made fit to run for days: iterators expire, and what was read long ago is trimmed.

moto keeps every iterator and every record for ever, and takes a second to write a page of records down.
"""

from __future__ import annotations

import base64
import json
from collections import deque
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import StreamRecord, Table
from moto.dynamodbstreams.models import DynamoDBStreamsBackend, ShardIterator
from moto.dynamodbstreams.responses import DynamoDBStreamsHandler

PAGE = 1000
"""Records of one answer, at the most."""
LIVE_ITERATORS = 1000
"""Iterators that live at once; an older one has expired."""
KEPT = 5000
"""Records that stay behind the furthest reader; unread ones all stay."""

# moto notes every object it ever made, for a dashboard: 13 KB a change, for ever.
for _model in (Item, StreamRecord, ShardIterator):
    _model.instances_tracked = deque(maxlen=0)  # type: ignore[union-attr]


class Streams(DynamoDBStreamsBackend):
    """The streams of one account's tables."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.shard_iterators = _Iterators()

    def page(self, iterator_arn: str, limit: int) -> str:
        """The JSON of GetRecords: the records from the iterator's place on, and the iterator after them."""
        iterator = self.shard_iterators[iterator_arn]
        shard = iterator.stream_shard
        # Unread records as moto made them, read ones as their JSON, trimmed ones as None.
        records: list[Any] = shard.items
        start = iterator.sequence_number - shard.starting_sequence_number
        if iterator.shard_iterator_type == "TRIM_HORIZON":
            start = next((at for at, record in enumerate(records) if record is not None), len(records))
        end = min(start + limit, len(records))
        for at in range(start, end):
            if records[at] is None:
                raise JsonRESTError("TrimmedDataAccessException", "the records after this place have been trimmed")
            if not isinstance(records[at], str):
                records[at] = json.dumps(records[at].to_json(), default=_json_value)
        _trim(records, start - KEPT)
        after = shard.starting_sequence_number + max(start, end)
        following = ShardIterator(self, shard, "AT_SEQUENCE_NUMBER", after)
        self.shard_iterators[following.arn] = following
        return f'{{"Records": [{",".join(records[start:end])}], "NextShardIterator": {json.dumps(following.arn)}}}'

    def get_shard_iterator(
        self, arn: str, shard_id: str, shard_iterator_type: str, sequence_number: str | None = None
    ) -> ShardIterator:
        """The iterator that GetShardIterator answers with."""
        shard = self._get_table_from_arn(arn).stream_shard
        if shard is None or shard.id != shard_id:
            raise JsonRESTError("ResourceNotFoundException", f"there is no shard {shard_id}")
        return super().get_shard_iterator(arn, shard_id, shard_iterator_type, sequence_number)

    def _get_table_from_arn(self, arn: str) -> Table:
        table = super()._get_table_from_arn(arn)
        if not arn.endswith(f"/stream/{table.latest_stream_label}"):
            raise JsonRESTError("ResourceNotFoundException", f"there is no stream {arn}")
        return table


class StreamsHandler(DynamoDBStreamsHandler):
    """The API of `Streams`."""

    def get_records(self) -> str:  # type: ignore[override]
        """Answers GetRecords."""
        assert isinstance(self.backend, Streams)
        return self.backend.page(self._get_param("ShardIterator"), self._get_param("Limit", PAGE))


class _Iterators(dict[str, ShardIterator]):
    def __setitem__(self, arn: str, iterator: ShardIterator) -> None:
        super().__setitem__(arn, iterator)
        while len(self) > LIVE_ITERATORS:
            del self[next(iter(self))]

    def __missing__(self, arn: str) -> ShardIterator:
        raise JsonRESTError("ExpiredIteratorException", "Iterator expired")


def _trim(records: list[Any], end: int) -> None:
    """Drops the records below `end`; their places stay, for moto counts by them."""
    for at in range(end - 1, -1, -1):
        if records[at] is None:
            break
        records[at] = None


def _json_value(value: object) -> object:
    match value:
        case bytes():
            return base64.b64encode(value).decode("ascii")
        case datetime():
            return value.replace(tzinfo=UTC).timestamp()
    raise TypeError(f"{value!r} in a stream record")
