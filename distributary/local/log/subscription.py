"""A group's way through a topic of the embedded log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import ceil

from consumers.errors import Outage
from consumers.subscription import Delivery
from distributary.local.log.errors import LogUnavailable
from distributary.local.log.log import EmbeddedLog


class EmbeddedSubscription:
    """The only member of `group` on `topic`: it reads every partition, from the position the group has committed.

    Partitions take turns, so that a long one does not hold up the others.
    """

    def __init__(self, log: EmbeddedLog, group: str, topic: str) -> None:
        self._log = log
        self._group = group
        self._topic = topic
        self._next = log.positions(group, topic)
        self._polls = 0
        self._woken = False
        self._paused = False

    def poll(self, limit: int, timeout: float) -> list[Delivery]:
        """See `Subscription.poll`."""
        with _outages():
            deliveries = self._take(limit)
            if not deliveries:
                self._log.wait(lambda: self._woken or bool(self._waiting()), timeout)
                self._woken = False
                deliveries = self._take(limit)
            return deliveries

    def revoked(self) -> frozenset[int]:
        """See `Subscription.revoked`; the only member loses nothing."""
        return frozenset()

    def pause(self) -> None:
        """See `Subscription.pause`."""
        self._paused = True

    def resume(self) -> None:
        """See `Subscription.resume`."""
        self._paused = False

    def commit(self, positions: Mapping[int, int]) -> None:
        """See `Subscription.commit`."""
        with _outages():
            self._log.commit(self._group, self._topic, positions)

    def wake(self) -> None:
        """See `Subscription.wake`."""
        self._woken = True
        self._log.wake()

    def close(self) -> None:
        """See `Subscription.close`; a poll that waits returns. The log stays open for others."""
        self.wake()

    def _waiting(self) -> dict[int, int]:
        """The ends of those partitions in which something waits."""
        ends = {} if self._paused else self._log.ends(self._topic)
        return {partition: end for partition, end in ends.items() if end > self._next.get(partition, 0)}

    def _take(self, limit: int) -> list[Delivery]:
        """What is there: an equal share of each partition, and what one leaves over goes to the others."""
        waiting = self._waiting()
        # Another one begins each time: where the limit is below their number, not all get a share.
        first = self._polls % max(len(waiting), 1)
        turns = [*waiting][first:] + [*waiting][:first]
        self._polls += 1
        deliveries: list[Delivery] = []
        while turns and len(deliveries) < limit:
            share = ceil((limit - len(deliveries)) / len(turns))
            for partition in tuple(turns):
                start, room = self._next.get(partition, 0), min(share, limit - len(deliveries))
                page = self._log.page(self._topic, partition, start, waiting[partition], room) if room else []
                if page:
                    self._next[partition] = page[-1].offset + 1
                    deliveries += page
                if len(page) < share:
                    turns.remove(partition)
        return deliveries


@contextmanager
def _outages() -> Iterator[None]:
    try:
        yield
    except LogUnavailable as error:
        raise Outage("the log", str(error)) from error
