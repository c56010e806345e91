"""The obvious poller: boto3's get_records, shard by shard, from the beginning of the stream to the obvious bridge."""

from __future__ import annotations

from threading import Event
from typing import Any

import boto3

from benchmarks.naive_bridge import NaiveBridge
from benchmarks.naive_table import ANY_CREDENTIALS

LISTING_PASSES = 100
"""How many passes lie between two looks for new shards."""
IDLE_SECONDS = 0.1


class NaivePoller:
    """Relays the changes of a table. It keeps no position: what comes again after a start is stale everywhere."""

    def __init__(self, url: str, table: str, bridge: NaiveBridge) -> None:
        self._tables = boto3.client("dynamodb", endpoint_url=url, **ANY_CREDENTIALS)
        self._streams = boto3.client("dynamodbstreams", endpoint_url=url, **ANY_CREDENTIALS)
        self._arn = self._tables.describe_table(TableName=table)["Table"]["LatestStreamArn"]
        self._bridge = bridge
        self._iterators: dict[str, str | None] = {}

    def run(self, stop: Event) -> None:
        """Polls until `stop` is set."""
        passes = 0
        while not stop.is_set():
            if passes % LISTING_PASSES == 0:
                self._look()
            passes += 1
            if not sum(self._read(shard) for shard in self._iterators):
                stop.wait(IDLE_SECONDS)

    def _look(self) -> None:
        for shard in self._streams.describe_stream(StreamArn=self._arn)["StreamDescription"]["Shards"]:
            if (name := shard["ShardId"]) not in self._iterators:
                place: Any = {"StreamArn": self._arn, "ShardId": name, "ShardIteratorType": "TRIM_HORIZON"}
                self._iterators[name] = self._streams.get_shard_iterator(**place)["ShardIterator"]

    def _read(self, shard: str) -> int:
        iterator = self._iterators[shard]
        if iterator is None:
            return 0
        page: Any = self._streams.get_records(ShardIterator=iterator, Limit=1000)
        self._bridge.relay([self._as_lambda_has_it(record) for record in page["Records"]])
        self._iterators[shard] = page.get("NextShardIterator")
        return len(page["Records"])

    def _as_lambda_has_it(self, record: dict[str, Any]) -> dict[str, Any]:
        change = record["dynamodb"]
        change["ApproximateCreationDateTime"] = change["ApproximateCreationDateTime"].timestamp()
        return {**record, "eventSourceARN": self._arn}
