"""A part of the log, read again into the same read model under the version guard (design section 9)."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from consumers.delivery.redrive import too_old
from consumers.read_model import ReadModel, WriteStatus
from consumers.writes import VersionedWrite
from distributary.folding.judge import Want
from distributary.folding.partition import Partition
from distributary.folding.sending import Sending


class Replayed(msgspec.Struct):
    """How many events were read, how many keys were applied, stale or refused; `old` are those that cannot be applied,
    because a removal that came after them may be forgotten by now.
    """

    events: int = 0
    applied: int = 0
    stale: int = 0
    refused: int = 0
    old: list[str] = []
    reasons: list[str] = []

    def add(self, other: Replayed) -> None:
        """Adds another partition's."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Replaying:
    """Applies what partitions fold to. `clock` gives epoch seconds."""

    def __init__(self, read_model: ReadModel, sending: Sending, clock: Callable[[], float]) -> None:
        self.replayed = Replayed()
        self._read_model = read_model
        self._sending = sending
        self._clock = clock

    def replay(self, partition: Partition) -> None:
        """Applies the partition's writes, the older ones apart. Raises Outage."""
        while True:
            for wants in partition.folded.new_wants():
                self._apply(partition, wants)
            # Poison, and what the store refuses, is folded again by all of its item's events.
            if not partition.folded.left_open:
                break
            partition.refold()
        self.replayed.events += partition.folded.events

    def _apply(self, partition: Partition, wants: list[Want]) -> None:
        now = self._clock()
        young = [want for want in wants if want.committed is None or too_old(want.committed, now) is None]
        self.replayed.old += [want.write.key for want in wants if want not in young]
        writes = [VersionedWrite(want.write, want.version or "") for want in young]
        for want, outcome in zip(young, self._sending.outcomes(self._read_model.apply, writes), strict=True):
            match outcome.status:
                case WriteStatus.APPLIED:
                    self.replayed.applied += 1
                case WriteStatus.REFUSED:
                    self.replayed.refused += 1
                    self.replayed.reasons.append(f"{want.write.key}: {outcome.reason}")
                    partition.folded.refuse(want, outcome.reason)
                case _:
                    self.replayed.stale += 1
