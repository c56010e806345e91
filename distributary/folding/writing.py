"""What differs, written by compare-and-set while live traffic goes on (design section 9)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from consumers.read_model import ReadModel, Replacement, WriteOutcome, WriteStatus
from consumers.writes import Put
from distributary.folding.looking import Looked
from distributary.folding.partition import Partition
from distributary.folding.sending import Sending

ATTEMPTS = 20
"""How often a key that changes time and again is looked at, before it is left to live traffic."""


class Written(msgspec.Struct):
    """How many keys were put, removed, refused by the store, and left because they kept changing."""

    put: int = 0
    removed: int = 0
    writes: int = 0
    """Writes that were sent, those included that came too late and were taken again."""
    refused: int = 0
    kept_changing: int = 0
    reasons: list[str] = []
    """Of some refusals, the key and why."""

    def add(self, other: Written) -> None:
        """Adds another partition's."""
        for name in ("put", "removed", "writes", "refused", "kept_changing"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.reasons = (self.reasons + other.reasons)[:_MOST_REASONS]


_MOST_REASONS = 20


class Writing:
    """Writes the differences of partitions to a read model."""

    def __init__(self, read_model: ReadModel, sending: Sending) -> None:
        self.written = Written()
        self._read_model = read_model
        self._sending = sending

    def write(self, partition: Partition) -> None:
        """Writes what was found wrong in the partition. Raises Outage where the store stays away.

        What changed meanwhile is looked at again, never overwritten, and so is what was lowered; where the store
        refuses a document, the one before it counts.
        """
        for keys in partition.file.findings():
            self._write(partition, keys)

    def _write(self, partition: Partition, keys: list[bytes]) -> None:
        lowered: set[bytes] = set()
        for _ in range(ATTEMPTS):
            if not keys:
                return
            # 1 look at them again
            wrong = [looked for looked in partition.look(keys, lowered) if looked.finding is not None]
            # 2 write, if they are still as they were seen
            replacements = [Replacement(one.state, one.want.write, one.want.version) for one in wrong]
            outcomes = self._sending.outcomes(self._replace, replacements)
            # 3 what was refused is folded again without that event; what changed or was lowered is looked at again
            keys = []
            for looked, replacement, outcome in zip(wrong, replacements, outcomes, strict=True):
                key = looked.state.key.encode()
                if not self._settle(partition, looked, outcome):
                    keys.append(key)
                elif replacement.lowers:
                    keys.append(key)
                    lowered.add(key)
            if partition.folded.left_open:
                partition.refold()
        self.written.kept_changing += len(keys)

    def _settle(self, partition: Partition, looked: Looked, outcome: WriteOutcome) -> bool:
        """Counts what became of it; whether that is the end of it."""
        match outcome.status:
            case WriteStatus.APPLIED if isinstance(looked.want.write, Put):
                self.written.put += 1
                return True
            case WriteStatus.APPLIED:
                self.written.removed += 1
                return True
            case WriteStatus.REFUSED:
                self.written.refused += 1
                if len(self.written.reasons) < _MOST_REASONS:
                    self.written.reasons.append(f"{looked.state.key}: {outcome.reason}")
                partition.folded.refuse(looked.want, outcome.reason)
        return False

    def _replace(self, replacements: Sequence[Replacement]) -> list[WriteOutcome]:
        self.written.writes += len(replacements)
        return self._read_model.replace(replacements)
