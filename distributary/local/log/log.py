"""The embedded log itself: topics to append to and to read, and the groups' positions."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from threading import Condition
from typing import NamedTuple

import msgspec

from consumers.subscription import Delivery
from distributary.local.log.database import BUSY_SECONDS, Database
from distributary.local.log.errors import NoSuchTopic, PartitionsChanged
from schemas.dead_letters import Headers
from schemas.partitions import partition_of
from schemas.topics import DEAD_LETTERS_SUFFIX

CHECK_SECONDS = 0.05
"""How often a waiting reader looks for what other processes appended."""
PAGE_DELIVERIES = 1000
PAGE_BYTES = 8 * 1024 * 1024
"""A page ends with the delivery that reaches this many bytes, so that large values cannot fill the memory."""

_HEADERS = msgspec.msgpack.Decoder(Headers)


class Entry(NamedTuple):
    """What is to be appended. A value of None in a dead-letter topic resolves the letter under its key."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class EmbeddedLog:
    """The log in the file at `path`, made where there is none; also what an operator reads it by (`Log`).

    Any number of processes may have it open. Readers that wait hear at once of what was appended through the same
    object, and within CHECK_SECONDS of the rest. `clock` gives epoch seconds. Raises LogUnavailable wherever the file
    fails.
    """

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self.database = Database(path)
        self._clock = clock
        self._appended = Condition()

    def create_topic(self, name: str, partitions: int) -> None:
        """Makes the topic where there is none. Raises PartitionsChanged."""
        with self.database.transaction() as connection:
            if there := _ends(connection, name):
                if len(there) != partitions:
                    raise PartitionsChanged(self.database.path, name, len(there), partitions)
            else:
                _create(connection, name, partitions)

    def drop_topic(self, name: str) -> None:
        """Forgets the topic, its deliveries and every group's position in it; nobody may be reading it."""
        with self.database.transaction() as connection:
            for table in ("deliveries", "partitions", "positions"):
                connection.execute(f"DELETE FROM {table} WHERE topic = ?", (name,))

    def append(self, entries: Iterable[Entry], timeout: float = BUSY_SECONDS) -> None:
        """Appends the entries in their order, all or none; they are on disk once it returns.

        The key says which partition; no key, the first. A dead-letter topic is made with its first letter. Waits up to
        `timeout` seconds for other writers. Raises NoSuchTopic.
        """
        with self.database.transaction(timeout) as connection:
            now = int(self._clock() * 1000)
            ends: dict[str, dict[int, int]] = {}
            rows = []
            for topic, key, value, headers in entries:
                if topic not in ends:
                    ends[topic] = self._ends_to_append_to(connection, topic)
                partition = 0 if key is None else partition_of(key, len(ends[topic]))
                rows.append(
                    (topic, partition, ends[topic][partition], key, value, msgspec.msgpack.encode(headers), now)
                )
                ends[topic][partition] += 1
            connection.executemany("INSERT INTO deliveries VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            connection.executemany(
                "UPDATE partitions SET next = ? WHERE topic = ? AND partition = ?",
                [
                    (end, topic, partition)
                    for topic, partitions in ends.items()
                    for partition, end in partitions.items()
                ],
            )
        self.wake()

    def beginnings(self, topic: str) -> dict[int, int]:
        """See `Log.beginnings`; it keeps everything."""
        return dict.fromkeys(self.ends(topic), 0)

    def compacted(self, topic: str) -> bool:
        """See `Log.compacted`."""
        return False

    def ends(self, topic: str) -> dict[int, int]:
        """See `Log.ends`."""
        with self.database.connection() as connection:
            return _ends(connection, topic)

    def offsets_at(self, topic: str, epoch_seconds: float) -> dict[int, int]:
        """See `Log.offsets_at`."""
        found = (
            "SELECT offset FROM deliveries WHERE topic = ? AND partition = ? AND timestamp >= ? ORDER BY offset LIMIT 1"
        )
        at = round(epoch_seconds * 1000)
        with self.database.connection() as connection:
            offsets = _ends(connection, topic)
            for partition in offsets:
                for (offset,) in connection.execute(found, (topic, partition, at)).fetchall():
                    offsets[partition] = offset
        return offsets

    def positions(self, group: str, topic: str) -> dict[int, int]:
        """See `Log.positions`."""
        with self.database.connection() as connection:
            return dict(
                connection.execute(
                    "SELECT partition, next FROM positions WHERE group_name = ? AND topic = ?", (group, topic)
                )
            )

    def set_positions(self, group: str, topic: str, positions: Mapping[int, int]) -> None:
        """See `Log.set_positions`; a member takes no notice before its next start."""
        self.commit(group, topic, positions)

    def members(self, group: str) -> list[str]:
        """See `Log.members`; it keeps no account of them."""
        return []

    def commit(self, group: str, topic: str, positions: Mapping[int, int]) -> None:
        """Stores the group's positions; on disk once it returns."""
        with self.database.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO positions VALUES (?, ?, ?, ?)",
                [(group, topic, partition, position) for partition, position in positions.items()],
            )

    def reset_positions(self) -> None:
        """Every group begins at zero again."""
        with self.database.transaction() as connection:
            connection.execute("DELETE FROM positions")

    def read(self, topic: str, partition: int, start: int, end: int) -> Iterator[Delivery]:
        """See `Log.read`; holds one page at a time, and nothing up between two of them."""
        while page := self.page(topic, partition, start, end, PAGE_DELIVERIES):
            yield from page
            start = page[-1].offset + 1

    def page(self, topic: str, partition: int, start: int, end: int, limit: int) -> list[Delivery]:
        """The first deliveries from offset `start` up to but not including `end`: `limit` or PAGE_BYTES at the most."""
        query = (
            "SELECT topic, partition, offset, key, value, headers, timestamp FROM deliveries "
            "WHERE topic = ? AND partition = ? AND offset >= ? AND offset < ? ORDER BY offset LIMIT ?"
        )
        page: list[Delivery] = []
        size = 0
        with (
            self.database.connection() as connection,
            closing(connection.execute(query, (topic, partition, start, end, limit))) as rows,
        ):
            for topic, partition, offset, key, value, headers, timestamp in rows:
                page.append(Delivery(topic, partition, offset, key, value, _HEADERS.decode(headers), timestamp))
                size += len(value or b"")
                if size >= PAGE_BYTES:
                    break
        return page

    def wait(self, ready: Callable[[], bool], timeout: float) -> None:
        """Returns when `ready` says so, `timeout` seconds later at the most.

        It is asked whenever something was appended or woken here, and every CHECK_SECONDS.
        """
        with self._appended:
            while not self._appended.wait_for(ready, min(timeout, CHECK_SECONDS)) and timeout > CHECK_SECONDS:
                timeout -= CHECK_SECONDS

    def wake(self) -> None:
        """Lets every waiting reader ask again."""
        with self._appended:
            self._appended.notify_all()

    def close(self) -> None:
        """Closes the file."""
        self.database.close()

    def _ends_to_append_to(self, connection: sqlite3.Connection, topic: str) -> dict[int, int]:
        ends = _ends(connection, topic)
        if not ends and topic.endswith(DEAD_LETTERS_SUFFIX):
            _create(connection, topic, 1)
            return {0: 0}
        if not ends:
            raise NoSuchTopic(self.database.path, topic)
        return ends


def _ends(connection: sqlite3.Connection, topic: str) -> dict[int, int]:
    return dict(
        connection.execute("SELECT partition, next FROM partitions WHERE topic = ? ORDER BY partition", (topic,))
    )


def _create(connection: sqlite3.Connection, topic: str, partitions: int) -> None:
    connection.executemany(
        "INSERT INTO partitions VALUES (?, ?, 0)", [(topic, partition) for partition in range(partitions)]
    )
