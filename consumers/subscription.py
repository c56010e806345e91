"""Where deliveries come from: the port of a group's way through its topic, and of the log behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

import msgspec

from schemas.dead_letters import Headers


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """Event bytes and where they stood. `timestamp` is when the log took them, epoch milliseconds."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp: int = 0
    attempt: int = 1


class Subscription(Protocol):
    """One member of a group on one topic.

    Deliveries of a partition come in offset order, each at least once: after a restart from the group's committed
    position, zero for a partition without one. Where a group has several members, partitions come and go while it
    polls; who does not poll is taken for dead.
    """

    def poll(self, limit: int, timeout: float) -> list[Delivery]:
        """The next deliveries, at most `limit`; waits up to `timeout` seconds for the first, takes what is there.

        Raises Outage where the log cannot be used just now, TruncatedTopic where what comes next is gone for ever.
        """
        ...

    def revoked(self) -> frozenset[int]:
        """The partitions that polling has lost since the last call: what was polled from them is for others to finish,
        or comes again.
        """
        ...

    def pause(self) -> None:
        """From now on polling keeps up the membership alone, and gives nothing."""
        ...

    def resume(self) -> None:
        """Polling goes on where it was paused."""
        ...

    def commit(self, positions: Mapping[int, int]) -> None:
        """Stores the group's positions: by partition, the offset that comes next. Durable once it returns.

        Raises Outage; where the partitions are no longer this member's, the next poll says so.
        """
        ...

    def wake(self) -> None:
        """Lets the poll that waits, or else the next one that would, return at once. For other threads to call."""
        ...

    def close(self) -> None:
        """Leaves the group."""
        ...


class Log(Protocol):
    """The topics as an operator reads them, apart from any group. Safe to use from any thread. All may raise Outage."""

    def beginnings(self, topic: str) -> dict[int, int]:
        """By partition, the first offset that is still there; 0 everywhere while the topic keeps everything."""
        ...

    def compacted(self, topic: str) -> bool:
        """Whether the topic forgets what a later delivery of the same key replaces."""
        ...

    def ends(self, topic: str) -> dict[int, int]:
        """By partition, the offset behind the last delivery; every partition of the topic, none if unknown."""
        ...

    def offsets_at(self, topic: str, epoch_seconds: float) -> dict[int, int]:
        """By partition, the first offset that the log took at that moment or later, to the millisecond; where there is
        none, the end.
        """
        ...

    def positions(self, group: str, topic: str) -> dict[int, int]:
        """By partition, the group's committed position; only partitions that have one."""
        ...

    def set_positions(self, group: str, topic: str, positions: Mapping[int, int]) -> None:
        """Stores positions of a group, a new one too, that nobody is a member of just now; the others stay as they are.

        Durable once it returns. Raises GroupBusy where it has members, and nothing is changed.
        """
        ...

    def members(self, group: str) -> list[str]:
        """The client ids of the group's members, as far as the log keeps account of them; none of an unknown group."""
        ...

    def read(self, topic: str, partition: int, start: int, end: int) -> Iterator[Delivery]:
        """The deliveries from offset `start` up to but not including `end`."""
        ...
