"""One shard on its way through the relay: in order, and never past what the relay has not reported done."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple, TypeAlias

from bridge.accounts import BatchResult
from bridge.backoff import Backoff
from bridge.errors import ExpiredIterator, ShardMissing, StreamUnavailable, TrimmedRecords
from bridge.streams import PAGE_RECORDS, SHARD_END, Page, ShardPositions, Streams

logger = logging.getLogger("distributary.bridge")

Relay: TypeAlias = Callable[[Sequence[Mapping[str, Any]]], BatchResult]
"""Relays one batch of one shard."""

PAGE_BYTES = 512 * 1024
"""Records of that size together may be all that fits into a page (1 MB), whatever their number."""
ITERATORS_A_TURN = 3
"""Iterators that expire or are trimmed away under one turn before that counts as an outage."""


class Standing(Enum):
    """Where a shard stands after a turn."""

    OPEN = "open"
    """There may be more, now or later."""
    CAUGHT_UP = "caught up"
    """There was less than a page to read, and that is relayed: it stood at the end when it was asked."""
    QUIET = "quiet"
    """There was nothing to read."""
    WAITING = "waiting"
    """A record was returned, or the stream cannot be read; it waits before it tries again."""
    MISSING = "missing"
    """The stream says that it does not know the shard."""
    ENDED = "ended"
    """It has been relayed to its end."""


class Turn(NamedTuple):
    """What a turn read, and where the shard stands after it."""

    records: int
    standing: Standing


class ShardReader:
    """The one reader of a shard, from its stored position on.

    It relays at most `batch` records at once. `trimmed` counts how often records left the stream before they were read;
    each time is logged as an error.
    """

    def __init__(
        self,
        arn: str,
        shard_id: str,
        streams: Streams,
        positions: ShardPositions,
        relay: Relay,
        backoff: Backoff,
        batch: int = PAGE_RECORDS,
    ) -> None:
        self.arn = arn
        self.shard_id = shard_id
        self.trimmed = 0
        self._streams = streams
        self._positions = positions
        self._relay = relay
        self._backoff = backoff
        self._batch = batch
        self._position = positions.get(arn, shard_id)
        self._iterator: str | None = None

    def turn(self) -> Turn:
        """Reads a page, relays it, and moves the position over what is done. Raises what the relay raises."""
        if self._backoff.waiting:
            return Turn(0, Standing.WAITING)
        try:
            return self._turn()
        except ShardMissing as error:
            self._wait(str(error))
            return Turn(0, Standing.MISSING)
        except StreamUnavailable as error:
            # Nothing moved past what is not stored, so it is read again.
            self._iterator = None
            self._wait(str(error))
            return Turn(0, Standing.WAITING)

    def lost(self, reason: str) -> None:
        """Notes that records left the stream before they were read."""
        self.trimmed += 1
        logger.error(
            "%s shard %s: changes after sequence number %s are lost to the bridge: %s. The log has a gap; find what is "
            "wrong with `distributary verify --source` and repair it",
            self.arn,
            self.shard_id,
            self._position or "(none read yet)",
            reason,
        )

    def _turn(self) -> Turn:
        page = self._read()
        if page.records and not self._relayed(page.records):
            return Turn(len(page.records), Standing.WAITING)
        if page.next_iterator is None:
            self._positions.put(self.arn, self.shard_id, SHARD_END)
        self._backoff.succeeded()
        self._iterator = page.next_iterator
        if page.next_iterator is None:
            return Turn(len(page.records), Standing.ENDED)
        if not page.records:
            return Turn(0, Standing.QUIET)
        size = sum(record["dynamodb"].get("SizeBytes") or 0 for record in page.records)
        whole = len(page.records) < self._batch and size < PAGE_BYTES
        return Turn(len(page.records), Standing.CAUGHT_UP if whole else Standing.OPEN)

    def _read(self) -> Page:
        for _ in range(ITERATORS_A_TURN):
            try:
                if self._iterator is None:
                    self._iterator = self._streams.iterator(self.arn, self.shard_id, self._position)
                return self._streams.read(self.arn, self._iterator, self._batch)
            except ExpiredIterator:
                self._iterator = None
            except TrimmedRecords as error:
                self.lost(str(error))
                self._iterator = self._position = None
        raise StreamUnavailable("its iterators expire or are trimmed as fast as they are made")

    def _relayed(self, records: Sequence[Mapping[str, Any]]) -> bool:
        """Whether all of them are done; if not, the first that is not comes again after a wait."""
        result = self._relay(records)
        numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
        done = len(numbers)
        if result.returned is not None:
            done = numbers.index(result.returned) if result.returned in numbers else 0
        if done:
            self._backoff.succeeded()
            self._positions.put(self.arn, self.shard_id, numbers[done - 1])
            self._position = numbers[done - 1]
        if done < len(numbers):
            self._iterator = None
            self._wait(f"sequence number {numbers[done]} was returned: {result.reason or 'no reason was given'}")
        return done == len(numbers)

    def _wait(self, reason: str) -> None:
        seconds = self._backoff.failed()
        logger.warning("%s shard %s: %s; again in %.1f s", self.arn, self.shard_id, reason, seconds)
