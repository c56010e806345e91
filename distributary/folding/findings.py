"""What a comparison of a log with a read model finds."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from consumers.read_model import SOURCE_VERSION
from consumers.writes import Fields
from distributary.folding.judge import Finding
from distributary.folding.looking import Looked

SAMPLES = 5
"""How many keys of each kind are shown, unless told otherwise."""

UNDELIVERED = "undelivered"
DEAD_LETTERED = "dead_lettered"
OTHERS = "others"
APART = (UNDELIVERED, DEAD_LETTERED, OTHERS)
"""What is listed apart: events that a stopped group has not had, keys with an open dead letter, documents of others."""


class Sample(msgspec.Struct, frozen=True):
    """One key: `fields` are those that differ, `[expected, found]` each; an absent one is null, as is a document."""

    key: str
    kind: str
    expected_version: str | None
    found_version: str | None
    fields: dict[str, list[Any]]


class Findings(msgspec.Struct):
    """Counts by kind, and samples of each. `write_bytes` is what the writes that mend it come to, `write_units` what
    DynamoDB charges for them.
    """

    events: int = 0
    keys: int = 0
    counts: dict[str, int] = {}
    write_bytes: int = 0
    write_units: int = 0
    samples: list[Sample] = []

    @property
    def differences(self) -> int:
        """How many keys differ; those that are listed apart do not count."""
        return sum(self.counts.get(finding.value, 0) for finding in Finding)

    @property
    def to_write(self) -> int:
        """How many keys a rebuild writes: those too that wait for a stopped group, or have an open dead letter."""
        return sum(count for kind, count in self.counts.items() if kind != OTHERS)

    def note_write(self, size: int) -> None:
        """Counts a write of so many bytes: in DynamoDB a transaction of two, each charged at two units a KiB."""
        self.write_bytes += size
        self.write_units += 2 * (-(-size // 1024) + 1)

    def note(self, kind: str, sample: Sample, most: int) -> None:
        """Counts one key, and keeps its sample where there are fewer than `most` of that kind."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if sum(kept.kind == kind for kept in self.samples) < most:
            self.samples.append(sample)

    def add(self, other: Findings, most: int) -> None:
        """Adds another partition's."""
        self.events += other.events
        self.keys += other.keys
        self.write_bytes += other.write_bytes
        self.write_units += other.write_units
        self.counts = dict(Counter(self.counts) + Counter(other.counts))
        for sample in other.samples:
            if sum(kept.kind == sample.kind for kept in self.samples) < most:
                self.samples.append(sample)


def sample_of(looked: Looked, kind: str) -> Sample:
    """What differs under a key."""
    state, want = looked.state, looked.want
    found = None if state.document is None else state.document.document
    if kind == Finding.UNREMEMBERED:
        return Sample(state.key, kind, want.version, state.removal, {})
    found_version = None if state.document is None else state.document.source_version
    return Sample(state.key, kind, want.version, found_version, _differing(looked.expected, found))


def _differing(expected: Fields | None, found: Fields | None) -> dict[str, list[Any]]:
    wanted, there = expected or {}, found or {}
    names = [*wanted, *(name for name in there if name not in wanted)]
    pairs = {name: [wanted.get(name), there.get(name)] for name in names if name != SOURCE_VERSION}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1] or (name in wanted) != (name in there)}


def size_of(looked: Looked) -> int:
    """How many bytes the write that mends it has, about."""
    return 100 if looked.expected is None else len(_JSON.encode(looked.expected))


_JSON = msgspec.json.Encoder(decimal_format="number")
