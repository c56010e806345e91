"""The items that a table held before its stream, as SNAPSHOT events (design section 9).

Capture has to run before the first read: what changes meanwhile is in the stream, and outranks what is stated here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event, Lock
from typing import Protocol

import msgspec

from bridge.backoff import Backoff
from bridge.errors import NotAcknowledged, SnapshotUnfinished, StreamUnavailable, TableUnavailable
from bridge.items import Items, Segment
from bridge.statements import Statement, Statements
from bridge.throttle import Throttle
from schemas.attribute_values import Attributes
from schemas.versions import SNAPSHOT_VERSION

SEGMENTS = 4
"""Segments of a table, where nobody says how many: one is bound by the answers' way, many by this process."""
PUBLISH_SECONDS = 60.0
"""How long a page may take to reach the log."""
FIRST_RETRY, LONGEST_RETRY, FAILURES = 0.2, 20.0, 12
"""Seconds between tries of one page, and how often in a row it may fail: for about two minutes."""

logger = logging.getLogger("distributary.bridge")


class Progress(msgspec.Struct, frozen=True):
    """How far one segment has come. `position` is the key of the last item that was stated, None before the first.

    `stream` is the ARN of the stream that captures meanwhile; the counts are the segment's so far, in all runs.
    """

    segment: int
    of: int
    stream: str
    position: Attributes | None = None
    ended: bool = False
    items: int = 0
    dead_lettered: int = 0
    consumed: float = 0.0


class SnapshotProgress(Protocol):
    """Where snapshots keep how far they have come. Every call may raise StreamUnavailable."""

    def load(self, table: str) -> list[Progress]:
        """The unfinished snapshot's segments, by number; none where there is none."""
        ...

    def store(self, table: str, progress: Progress) -> None:
        """Stores one segment's. Durable once it returns."""
        ...

    def clear(self, table: str) -> None:
        """Forgets the table's snapshot, its first segment before the others."""
        ...


def begin(
    kept: SnapshotProgress, table: str, stream: str, segments: int | None, *, anew: bool = False
) -> list[Progress]:
    """The segments to go on with, stored: those of the unfinished snapshot, or new ones; `anew`: new ones in any case.

    Raises SnapshotUnfinished where an unfinished one has another number of segments, or another stream beside it.
    """
    found = kept.load(table)
    if found and (anew or found[0].segment != 0):
        # Without the first segment it is what a clearing that was killed has left.
        kept.clear(table)
        found = []
    if not found:
        found = [Progress(number, segments or SEGMENTS, stream) for number in range(segments or SEGMENTS)]
        for progress in found:
            kept.store(table, progress)
        return found
    if found[0].stream != stream:
        raise SnapshotUnfinished(
            f"the unfinished snapshot of {table} was read while another stream captured ({found[0].stream}), so that "
            "changes since then may be in no stream; start over with --anew"
        )
    if segments not in (None, found[0].of):
        raise SnapshotUnfinished(
            f"the unfinished snapshot of {table} has {found[0].of} segments, not {segments}; go on with "
            f"--segments {found[0].of}, or start over with --anew"
        )
    known = {progress.segment: progress for progress in found}
    # One that was killed while it began has not stored all of them.
    return [known.get(number, Progress(number, found[0].of, stream)) for number in range(found[0].of)]


class Snapshot:
    """States every item of `table`; what is acknowledged is not read again. `statements` makes one for each segment.

    `clock` gives epoch seconds, `chance` numbers from 0 up to 1; `observe` hears how far each segment has come, from
    any thread, one at a time.
    """

    def __init__(
        self,
        table: str,
        items: Items,
        kept: SnapshotProgress,
        statements: Callable[[], Statements],
        throttle: Throttle,
        *,
        clock: Callable[[], float],
        chance: Callable[[], float],
        observe: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        self._table = table
        self._items = items
        self._kept = kept
        self._statements = statements
        self._throttle = throttle
        self._clock = clock
        self._chance = chance
        self._observe = observe
        self._observing = Lock()

    def run(self, segments: Sequence[Progress], stop: Event) -> bool:
        """Goes on with the segments, each in a thread of its own, to their ends; whether it got there before `stop`.

        Forgets how far it came once all is done. Raises what kept a segment from going on; the others stop too then.
        """
        with ThreadPoolExecutor(len(segments), "segment") as threads:
            running = [threads.submit(self._segment, progress, stop) for progress in segments]
        ended = [each.result() for each in running]
        if all(ended):
            self._kept.clear(self._table)
        return all(ended)

    def _segment(self, progress: Progress, stop: Event) -> bool:
        """Whether the segment got to its end before `stop`, which a failure here sets for the others."""
        backoff = Backoff(self._clock, self._chance, FIRST_RETRY, LONGEST_RETRY)
        try:
            with closing(self._statements()) as statements:
                while not progress.ended and not stop.is_set():
                    self._throttle.wait(stop)
                    try:
                        progress = self._page(progress, statements)
                        backoff.succeeded()
                    except (TableUnavailable, NotAcknowledged, StreamUnavailable) as error:
                        if backoff.failures == FAILURES:
                            raise type(error)(f"{error}; what was stated stays, the same command goes on") from error
                        seconds = backoff.failed()
                        logger.warning(
                            "%s segment %d: %s; again in %.1f s", self._table, progress.segment, error, seconds
                        )
                        stop.wait(seconds)
        except BaseException:
            stop.set()
            raise
        return progress.ended

    def _page(self, progress: Progress, statements: Statements) -> Progress:
        # 1 read a page, consistently
        read_at = self._clock()
        page = self._items.scan(self._table, Segment(progress.segment, progress.of), progress.position)
        self._throttle.took(page.consumed)
        # 2 state its items, and wait until the log has them all
        stated = [Statement(item, item, SNAPSHOT_VERSION, read_at) for item in page.items]
        reasons = statements.publish(stated, PUBLISH_SECONDS) if stated else []
        # 3 only then store how far that is
        progress = msgspec.structs.replace(
            progress,
            position=page.next_start,
            ended=page.next_start is None,
            items=progress.items + len(page.items),
            dead_lettered=progress.dead_lettered + sum(reason != "" for reason in reasons),
            consumed=progress.consumed + page.consumed,
        )
        self._kept.store(self._table, progress)
        with self._observing:
            self._observe(progress)
        return progress
