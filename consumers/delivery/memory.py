"""A log in memory, for tests of the consumer loop: what the ports promise, with nothing behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice, zip_longest
from threading import Condition

from consumers.subscription import Delivery
from schemas.dead_letters import DeadLetter, Headers
from schemas.partitions import partition_of


class MemoryLog:
    """Topics to append to and to read, and the groups' positions. `clock` gives epoch seconds."""

    def __init__(self, clock: Callable[[], float] = lambda: 0.0) -> None:
        self.changed = Condition()
        self._clock = clock
        self._topics: dict[str, list[list[Delivery]]] = {}
        self._positions: dict[tuple[str, str], dict[int, int]] = {}

    def create_topic(self, name: str, partitions: int) -> None:
        """Makes the topic, empty."""
        self._topics[name] = [[] for _ in range(partitions)]

    def append(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers = ()) -> Delivery:
        """Appends to the partition that the key says, the first without one; the delivery it makes."""
        with self.changed:
            partitions = self._topics[topic]
            number = 0 if key is None else partition_of(key, len(partitions))
            offset, now = len(partitions[number]), int(self._clock() * 1000)
            delivery = Delivery(topic, number, offset, key, value, headers, now)
            partitions[number].append(delivery)
            self.changed.notify_all()
        return delivery

    def beginnings(self, topic: str) -> dict[int, int]:
        """See `Log.beginnings`; it keeps everything."""
        return dict.fromkeys(self.ends(topic), 0)

    def compacted(self, topic: str) -> bool:
        """See `Log.compacted`."""
        return False

    def ends(self, topic: str) -> dict[int, int]:
        """See `Log.ends`."""
        return {number: len(deliveries) for number, deliveries in enumerate(self._topics.get(topic, []))}

    def offsets_at(self, topic: str, epoch_seconds: float) -> dict[int, int]:
        """See `Log.offsets_at`."""
        at = round(epoch_seconds * 1000)
        return {
            number: next((delivery.offset for delivery in deliveries if delivery.timestamp >= at), len(deliveries))
            for number, deliveries in enumerate(self._topics.get(topic, []))
        }

    def positions(self, group: str, topic: str) -> dict[int, int]:
        """See `Log.positions`."""
        return dict(self._positions.get((group, topic), {}))

    def set_positions(self, group: str, topic: str, positions: Mapping[int, int]) -> None:
        """See `Log.set_positions`; a member takes no notice before its next start."""
        self.commit(group, topic, positions)

    def members(self, group: str) -> list[str]:
        """See `Log.members`; it keeps no account of them."""
        return []

    def commit(self, group: str, topic: str, positions: Mapping[int, int]) -> None:
        """Stores the group's positions."""
        with self.changed:
            self._positions[group, topic] = self.positions(group, topic) | dict(positions)

    def read(self, topic: str, partition: int, start: int, end: int) -> Iterator[Delivery]:
        """See `Log.read`."""
        yield from self._topics[topic][partition][start:end]


class MemorySubscription:
    """The only member of `group` on `topic`. Partitions take turns. `lose` takes some away and gives them back."""

    def __init__(self, log: MemoryLog, group: str, topic: str) -> None:
        self._log = log
        self._group = group
        self._topic = topic
        self._next = log.positions(group, topic)
        self._polls = 0
        self._woken = False
        self._paused = False
        self._revoked: set[int] = set()

    def poll(self, limit: int, timeout: float) -> list[Delivery]:
        """See `Subscription.poll`."""
        with self._log.changed:
            deliveries = self._take(limit)
            if not deliveries:
                self._log.changed.wait_for(lambda: self._woken or self._rest(1), timeout)
                self._woken = False
                deliveries = self._take(limit)
            return deliveries

    def lose(self, *partitions: int) -> None:
        """Goes back to the committed positions of these partitions, as after a rebalance."""
        positions = self._log.positions(self._group, self._topic)
        for partition in partitions:
            self._next[partition] = positions.get(partition, 0)
            self._revoked.add(partition)

    def revoked(self) -> frozenset[int]:
        """See `Subscription.revoked`."""
        revoked, self._revoked = frozenset(self._revoked), set()
        return revoked

    def pause(self) -> None:
        """See `Subscription.pause`."""
        self._paused = True

    def resume(self) -> None:
        """See `Subscription.resume`."""
        self._paused = False

    def commit(self, positions: Mapping[int, int]) -> None:
        """See `Subscription.commit`."""
        self._log.commit(self._group, self._topic, positions)

    def wake(self) -> None:
        """See `Subscription.wake`."""
        with self._log.changed:
            self._woken = True
            self._log.changed.notify_all()

    def close(self) -> None:
        """See `Subscription.close`; a poll that waits returns."""
        self.wake()

    def _rest(self, limit: int) -> list[list[Delivery]]:
        """What is still to come: by partition that has any, `limit` deliveries of it at the most."""
        if self._paused:
            return []
        starts = {partition: self._next.get(partition, 0) for partition in self._log.ends(self._topic)}
        rest = (
            list(self._log.read(self._topic, partition, start, start + limit)) for partition, start in starts.items()
        )
        return [deliveries for deliveries in rest if deliveries]

    def _take(self, limit: int) -> list[Delivery]:
        rest = self._rest(limit)
        # Another partition begins each time: where the limit is below their number, not all get a turn.
        first = self._polls % max(len(rest), 1)
        self._polls += 1
        rounds = zip_longest(*rest[first:], *rest[:first])
        deliveries = list(islice((delivery for turn in rounds for delivery in turn if delivery is not None), limit))
        for delivery in deliveries:
            self._next[delivery.partition] = delivery.offset + 1
        return deliveries


class MemoryDeadLetters:
    """Keeps the open letters in `letters`, in the order they were recorded."""

    def __init__(self) -> None:
        self.letters: list[DeadLetter] = []

    def record(self, letter: DeadLetter) -> None:
        """See `DeadLetters.record`."""
        self.resolve(letter)
        self.letters.append(letter)

    def resolve(self, letter: DeadLetter) -> None:
        """See `DeadLetters.resolve`."""
        self.letters = [other for other in self.letters if other.place != letter.place]

    def close(self) -> None:
        """See `DeadLetters.close`."""
