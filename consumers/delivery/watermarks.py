"""How far a group is done in each partition: everything below the watermark has an outcome."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile

from consumers.subscription import Delivery


class Watermarks:
    """Tracks deliveries from poll to outcome; each gets exactly one."""

    def __init__(self) -> None:
        # By partition: the offsets from the watermark on, in order, and whether each has its outcome.
        self._finished: dict[int, dict[int, bool]] = {}

    def polled(self, deliveries: Iterable[Delivery]) -> None:
        """Takes note of deliveries that need an outcome, in offset order per partition."""
        for delivery in deliveries:
            self._finished.setdefault(delivery.partition, {})[delivery.offset] = False

    def finished(self, delivery: Delivery) -> None:
        """Takes note that a delivery has its outcome. Raises ValueError for a second one, or one never polled."""
        offsets = self._finished.get(delivery.partition, {})
        if offsets.get(delivery.offset) is not False:
            place = f"{delivery.topic}/{delivery.partition}/{delivery.offset}"
            raise ValueError(f"{place} has an outcome already, or was never polled")
        offsets[delivery.offset] = True

    def forget(self, partitions: Iterable[int]) -> None:
        """Forgets partitions that are another member's now."""
        for partition in partitions:
            self._finished.pop(partition, None)

    def advance(self) -> dict[int, int]:
        """By partition, the position that may be committed now, where it moved since the last call."""
        moved = {}
        for partition, offsets in self._finished.items():
            below = [offset for offset, _ in takewhile(lambda entry: entry[1], offsets.items())]
            for offset in below:
                del offsets[offset]
            if below:
                moved[partition] = below[-1] + 1
        return moved
