"""Invoking the bridge's handler with records in batches, and going on from a returned one, as Lambda does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import Event
from typing import Any, TypeAlias

from bridge.accounts import WHOLE_BATCH
from bridge.errors import UnconvertibleRecord
from bridge.stream_record import Place, RawRecord, locate, parse
from distributary.errors import FeedStopped, RecordsReturned

Handle: TypeAlias = Callable[[Mapping[str, Any], "Invocation"], Mapping[str, Any]]
"""The handler, as Lambda calls it."""

BATCH = 1000
"""Records a batch, at most."""
ATTEMPTS = 8
"""How often in a row a batch may be returned from the same record before the feed gives up."""
INVOCATION_SECONDS = 60.0
"""What an invocation may take."""


class Invocation:
    """Lambda's context of one invocation, as far as the handler looks at it."""

    def __init__(self) -> None:
        self._end = time.monotonic() + INVOCATION_SECONDS

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds that are left."""
        return max(0, int((self._end - time.monotonic()) * 1000))


def invoke(
    handle: Handle, records: Sequence[RawRecord], stop: Event, why: Callable[[], str], pause_seconds: float = 0.1
) -> None:
    """Hands the records over, at most 1,000 of one stream a batch, until all are done.

    A returned record is tried again after a pause that doubles up to 5 seconds. Raises RecordsReturned, with what
    `why` says of it, where the bridge returns the same one again and again; FeedStopped where `stop` was set before.
    """
    done = 0
    for batch in batches(records):
        left = _deliver(handle, batch, stop, why, pause_seconds)
        done += len(batch) - left
        if left:
            raise FeedStopped(f"the feed was stopped after {done} of {len(records)} records; feed it again")


def batches(records: Sequence[RawRecord]) -> Iterator[list[tuple[Place, RawRecord]]]:
    """The records with their places: stream by stream, each in file order, cut after every thousandth."""
    streams: dict[str | None, list[tuple[Place, RawRecord]]] = {}
    for raw in records:
        place = _place(raw)
        streams.setdefault(place.arn, []).append((place, raw))
    for one_stream in streams.values():
        for start in range(0, len(one_stream), BATCH):
            yield one_stream[start : start + BATCH]


def _deliver(
    handle: Handle, batch: list[tuple[Place, RawRecord]], stop: Event, why: Callable[[], str], pause_seconds: float
) -> int:
    """Delivers one batch; how many of its records are left where it was stopped."""
    attempts = 0
    while not stop.is_set():
        response = handle({"Records": [raw for _, raw in batch]}, Invocation())
        failures = response["batchItemFailures"]
        if not failures:
            return 0
        returned = failures[0]["itemIdentifier"]
        done = 0 if returned == WHOLE_BATCH else [place.sequence_number for place, _ in batch].index(returned)
        attempts = 1 if done else attempts + 1
        if attempts == ATTEMPTS:
            where = f"{batch[done][0].arn or 'a stream without an ARN'}, sequence number {returned or 'none'}"
            raise RecordsReturned(
                f"the bridge returned the record at {where} {ATTEMPTS} times: {why()}; put that right, then feed the "
                "file again"
            )
        batch = batch[done:]
        stop.wait(min(5.0, pause_seconds * 2 ** (attempts - 1)))
    return len(batch)


def _place(raw: RawRecord) -> Place:
    try:
        return locate(parse(raw))
    except UnconvertibleRecord:
        return Place(None, None)
