"""One partition of a group's topic: folded, and held against the read model (design section 9)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from consumers.delivery.prepare import Preparation
from consumers.errors import RefusedDocument
from consumers.read_model import REMOVALS_KEPT_SECONDS
from consumers.subscription import Delivery, Log
from consumers.writes import Put, Remove
from distributary.folding.digests import digest
from distributary.folding.findings import (
    DEAD_LETTERED,
    OTHERS,
    SAMPLES,
    UNDELIVERED,
    Findings,
    Sample,
    sample_of,
    size_of,
)
from distributary.folding.fold import Fold, Part
from distributary.folding.fold_file import FoldFile, fold_path
from distributary.folding.held_file import Held, HeldFile
from distributary.folding.judge import Rule, Want
from distributary.folding.looking import Look, Looked, Stand
from distributary.folding.partition_of_key import item_key
from schemas.errors import InvalidKey, UndecodableEvent, UnknownSchema
from schemas.partitions import partition_of

TOLD = 1000
"""After how many events progress is told."""

Tell: TypeAlias = Callable[[int], None]
"""Hears of so many more events that were read, or keys that were looked at."""
Through: TypeAlias = Callable[[Iterator[Delivery]], Iterator[Delivery]]


def quiet(_: int) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What of the log is folded: all keys or those message keys, up to a commit time (epoch seconds) or its end.

    `of_the_past`: the fold ends where it ends, whatever comes meanwhile. `every_removal`: removals are to be remembered
    whatever their age; else only those of the last 30 days. `samples` is how many keys of each kind are shown.
    `bare`: what the log is held against keeps neither versions nor removals.
    """

    keys: frozenset[bytes] | None = None
    committed_until: float | None = None
    of_the_past: bool = False
    every_removal: bool = False
    samples: int = SAMPLES
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Ground:
    """What every partition is worked on with: its log is held against a `stand`. `clock` gives epoch seconds; files are
    made in `folder`; `published`: see `Look`.

    `item_key_parts` is how many attributes the item key has; `open_letters` are the item keys with an open dead letter.
    """

    log: Log
    preparation: Preparation
    stand: Stand
    clock: Callable[[], float]
    item_key_parts: int
    open_letters: Collection[str]
    folder: Path
    scope: Scope = Scope()
    published: Callable[[], object] = lambda: None


class Partition:
    """One partition from offset `start` to `end`: `fold` it, `compare`, then `judge` what seems to differ.

    `anew` False: all that was done already, by another object on the same ground.
    """

    def __init__(self, ground: Ground, number: int, start: int, end: int, *, anew: bool = True) -> None:
        self.number = number
        self.findings = Findings()
        self.file = FoldFile(fold_path(ground.folder, number), anew=anew)
        self.folded = Fold(ground.preparation, self.file, ground.stand.given_back, ground.item_key_parts)
        self._ground = ground
        self._topic = ground.preparation.group.topic
        self._start = start
        self._end = end
        until = ground.scope.committed_until
        self._part = Part(ground.scope.keys, None if until is None else lambda one: self._is_committed(one, until))
        self._look = Look(
            ground.log,
            self._topic,
            number,
            end,
            self.folded,
            ground.stand,
            Rule(self._due, versions=not ground.scope.bare),
            ground.scope.keys,
            goes_on=not ground.scope.of_the_past,
            published=ground.published,
        )

    def fold(self, tell: Tell = quiet, through: Through = lambda deliveries: deliveries) -> None:
        """Reads the log and keeps what counts; `through` sees every delivery before. Raises Outage."""
        self.folded.add(through(self._read(tell)), self._part)

    def refold(self, tell: Tell = quiet) -> None:
        """Folds again what turned out to be poison, or to be refused, by all of its events. Raises Outage."""
        self.folded.add_again(self._read(tell), self._part)

    def compare(self, held: HeldFile | None, tell: Tell = quiet) -> None:
        """Notes the keys that seem to differ from what the read model held; without `held`, every key of the scope.

        Raises Outage.
        """
        self._suspect_what_is_wanted(held)
        while self.folded.left_open:
            self.refold(tell)
            self._suspect_what_is_wanted(held)
        if held is not None:
            self._suspect_what_nobody_wants(held)
        self.file.suspect(self._named())
        self.findings.events, self.findings.keys = self.folded.events, self.file.count()

    def judge(self, position: int, tell: Tell = quiet) -> Findings:
        """Looks again at what seems to differ, and says what does. `position` is what the group has committed by now.

        Raises Outage.
        """
        for keys in self.file.suspects():
            wrong = [looked for looked in self.look(keys) if looked.finding is not None]
            for looked in wrong:
                kind = self._kind(looked, position)
                self.findings.note(kind, sample_of(looked, kind), self._ground.scope.samples)
                self.findings.note_write(size_of(looked))
            self.file.find((looked.state.key.encode(), str(looked.finding)) for looked in wrong)
            tell(len(keys))
        return self.findings

    def look(self, keys: list[bytes], lowered: Collection[bytes] = ()) -> list[Looked]:
        """See `Look.look`."""
        return self._look.look(keys, lowered)

    def close(self) -> None:
        """Lets go of the fold."""
        self.file.close()

    def _read(self, tell: Tell) -> Iterator[Delivery]:
        number = 0
        for number, delivery in enumerate(self._ground.log.read(self._topic, self.number, self._start, self._end), 1):
            yield delivery
            if number % TOLD == 0:
                tell(TOLD)
        tell(number % TOLD)

    def _suspect_what_is_wanted(self, held: HeldFile | None) -> None:
        for wants in self.folded.new_wants():
            before = held.of([want.write.key.encode() for want in wants]) if held is not None else None
            self.file.suspect(want.write.key.encode() for want in wants if self._seems_wrong(want, before))

    def _named(self) -> Iterator[bytes]:
        """The keys of the scope whose events are in this partition, for nothing is known of the others; not those under
        which nothing can stand, but under keys that contain them.
        """
        partitions = len(self._ground.log.ends(self._topic))
        for key in self._ground.scope.keys or ():
            if partition_of(key, partitions) == self.number:
                with suppress(InvalidKey):
                    self.folded.taken(Remove(key.decode()))
                    yield key

    def _seems_wrong(self, want: Want, held: Mapping[bytes, Held] | None) -> bool:
        try:
            given = self.folded.taken(want.write)
        except (RefusedDocument, InvalidKey) as error:
            self.folded.refuse(want, str(error))
            return False
        if held is None:
            return True
        found = held.get(want.write.key.encode())
        if given is None:
            # Whether its removal is remembered is not known yet.
            return self._due(want) or (found is not None and found.version is not None)
        if found is None or (not self._ground.scope.bare and found.version != want.version):
            return True
        return found.digest != digest(given)

    def _suspect_what_nobody_wants(self, held: HeldFile) -> None:
        for page in held.keys(self.number):
            for key, version in page:
                if version is None:
                    want = self.folded.want(key)
                    if want is None or not isinstance(want.write, Put):
                        sample = Sample(key.decode(), OTHERS, None, None, {})
                        self.findings.note(OTHERS, sample, self._ground.scope.samples)
            self.file.suspect(key for key, version in page if version is not None and self.file.row(key) is None)

    def _kind(self, looked: Looked, position: int) -> str:
        if item_key(looked.state.key, self._ground.item_key_parts) in self._ground.open_letters:
            return DEAD_LETTERED
        return UNDELIVERED if looked.want.offset >= position else str(looked.finding)

    def _is_committed(self, delivery: Delivery, until: float) -> bool:
        try:
            committed = self._ground.preparation.decode(delivery.value).committed_at
        except (UndecodableEvent, UnknownSchema):
            return True
        return committed is None or committed.timestamp() <= until

    def _due(self, want: Want) -> bool:
        if self._ground.scope.bare:
            return False
        if self._ground.scope.every_removal or want.kept_since is None:
            return True
        return self._ground.clock() - want.kept_since < REMOVALS_KEPT_SECONDS
