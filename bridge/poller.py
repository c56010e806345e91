"""The bridge where there is no Lambda: reads one table's stream and calls the same relay (design section 5).

One poller reads a table's stream at a time. DynamoDB lets two read a shard: the other place is for whoever looks on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition, Event

from bridge.backoff import Backoff
from bridge.errors import StreamUnavailable
from bridge.shard_reader import Relay, ShardReader, Standing
from bridge.shards import Shard, readable
from bridge.streams import PAGE_RECORDS, SHARD_END, ShardPositions, Stream, Streams, check_view_type
from schemas.topics import Topic

logger = logging.getLogger("distributary.bridge")


@dataclass(frozen=True, slots=True)
class Pace:
    """At most `batch` records are relayed at once. With a `window` no pass begins sooner than those seconds after the
    one before, so that records gather in the stream.

    In seconds: `busy` lie between passes that read something, up to `idle` between those that did not; `listing`
    between looks for new shards while none ends; after a failure `first_retry`, doubling to `longest_retry`.

    The defaults are for a server nearby; DynamoDB itself allows five reads a second of a shard.
    """

    batch: int = PAGE_RECORDS
    window: float = 0.0
    busy: float = 0.02
    idle: float = 0.1
    listing: float = 10.0
    first_retry: float = 0.1
    longest_retry: float = 30.0


NEARBY = Pace()
_AT_THE_END = frozenset({Standing.QUIET, Standing.CAUGHT_UP})


class Poller:
    """Relays the changes of `topic.table`, each shard's in order, a parent's before its children's.

    `clock` gives seconds, `chance` numbers from 0 up to 1. Positions move only over what the relay reports done, so
    after a crash the changes since then come again. One thread runs it; to wait is for any other.
    """

    def __init__(
        self,
        topic: Topic,
        streams: Streams,
        positions: ShardPositions,
        relay: Relay,
        *,
        clock: Callable[[], float],
        chance: Callable[[], float],
        pace: Pace = NEARBY,
    ) -> None:
        self.topic = topic
        self._streams = streams
        self._positions = positions
        self._relay = relay
        self._clock = clock
        self._chance = chance
        self._pace = pace
        self._backoff = self._new_backoff()
        self._stream: Stream | None = None
        self._shards: dict[str, Shard] = {}
        self._readers: dict[str, ShardReader] = {}
        self._finished: set[str] = set()
        self._missing: set[str] = set()
        self._listing_due = 0.0
        self._trimmed_before = 0
        self._passes = Condition()
        self._begun = 0
        self._last_empty = 0
        self._last_caught_up = 0

    @property
    def trimmed(self) -> int:
        """How often records left the stream before they were read: more than 0 is a gap in the log."""
        return self._trimmed_before + sum(reader.trimmed for reader in list(self._readers.values()))

    def run(self, stop: Event) -> None:
        """Polls until `stop` is set. Raises StreamMissing and WrongViewType, and what the relay raises."""
        pause = 0.0
        while not stop.is_set():
            read = self.poll_once()
            pause = 0.0 if read else min(self._pace.idle, max(pause * 2, self._pace.idle / 16))
            stop.wait(max(self._pace.window, self._pace.busy if read else pause))

    def poll_once(self) -> int:
        """One pass over all shards that may be read, a page of each; the number of records read."""
        with self._passes:
            self._begun += 1
        # 1 find the stream and list its shards
        if self._backoff.waiting:
            return 0
        try:
            self._look()
            # 2 give each shard that may be read a turn
            read, standings = self._turns()
        except StreamUnavailable as error:
            logger.warning("%s: %s; again in %.1f s", self.topic.table, error, self._backoff.failed())
            return 0
        if standings <= _AT_THE_END:
            with self._passes:
                self._last_caught_up = self._begun
                if standings <= {Standing.QUIET}:
                    self._last_empty = self._begun
                self._passes.notify_all()
        return read

    def wait_for_empty_pass(self, timeout: float) -> bool:
        """Whether, within `timeout` seconds, a pass that began after this call reads nothing from any shard, with
        nothing returned before: then all that was written to the table before the call has been relayed.

        AWS may give an empty page ahead of records; the proof holds for servers that do not.
        """
        with self._passes:
            called = self._begun
            return self._passes.wait_for(lambda: self._last_empty > called, timeout)

    def wait_until_passed(self, timeout: float) -> bool:
        """Whether, within `timeout` seconds, a pass that began after this call reads every shard to its end, whatever
        is written meanwhile: then all that was written to the table before the call has been relayed.

        A page that is not full is taken for the last one. AWS may give such a page, or none, ahead of records.
        """
        with self._passes:
            called = self._begun
            return self._passes.wait_for(lambda: self._last_caught_up > called, timeout)

    def _look(self) -> None:
        """Finds the stream and lists its shards, where that is due."""
        open_shards = self._shards.keys() - self._finished
        if open_shards and self._clock() < self._listing_due:
            return
        if self._stream is None or not open_shards:
            # A stream that was switched off ends; one that was switched on again is another.
            self._stream = self._find()
        listed = {shard.shard_id: shard for shard in self._streams.shards(self._stream.arn)}
        for gone in self._missing - listed.keys():
            self._reader(gone).lost("the stream has dropped the shard")
            self._finish(gone)
        for forgotten in self._finished - listed.keys():
            del self._shards[forgotten]
        self._missing.clear()
        self._shards |= listed
        self._finished = {name for name in listed if self._positions.get(self._stream.arn, name) == SHARD_END}
        self._listing_due = self._clock() + self._pace.listing
        self._backoff.succeeded()

    def _find(self) -> Stream:
        stream = self._streams.find(self.topic.table)
        check_view_type(self.topic, stream)
        return stream

    def _turns(self) -> tuple[int, set[Standing]]:
        """The records read, and where the shards stand; those that have no children yet may get some."""
        read, standings = 0, set[Standing]()
        if self._shards and not self._shards.keys() > self._finished:
            standings.add(Standing.ENDED)
        turns = list(readable(self._shards.values(), self._finished))
        if len(turns) < len(self._shards.keys() - self._finished):
            standings.add(Standing.OPEN)  # a child whose parent has not ended
        for shard in turns:
            records, standing = self._reader(shard.shard_id).turn()
            read += records
            standings.add(standing)
            if standing is Standing.ENDED:
                self._finish(shard.shard_id)
            if standing is Standing.MISSING:
                self._missing.add(shard.shard_id)
            if standing in (Standing.ENDED, Standing.MISSING):
                self._listing_due = self._clock()
        return read, standings

    def _reader(self, shard_id: str) -> ShardReader:
        assert self._stream is not None
        if shard_id not in self._readers:
            self._readers[shard_id] = ShardReader(
                self._stream.arn,
                shard_id,
                self._streams,
                self._positions,
                self._relay,
                self._new_backoff(),
                self._pace.batch,
            )
        return self._readers[shard_id]

    def _finish(self, shard_id: str) -> None:
        self._finished.add(shard_id)
        self._trimmed_before += self._readers.pop(shard_id).trimmed

    def _new_backoff(self) -> Backoff:
        return Backoff(self._clock, self._chance, self._pace.first_retry, self._pace.longest_retry)
