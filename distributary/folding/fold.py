"""A partition's deliveries, folded to the write that counts for each key (design section 9)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple, TypeAlias

from consumers.delivery.prepare import Poison, Preparation
from consumers.errors import RefusedDocument
from consumers.subscription import Delivery
from consumers.writes import Fields, Put, VersionedWrite, Write
from distributary.folding.fold_file import FoldFile, Row
from distributary.folding.judge import Want
from distributary.folding.partition_of_key import item_key
from schemas.change_event import ChangeEvent
from schemas.errors import InvalidKey, UndecodableEvent, UnknownSchema

YOUNG_BYTES = 48 * 1024 * 1024
"""How much is folded in memory before it goes to the file."""
_ROW_BYTES = 300
"""What a row takes beside its event's bytes, about."""
_UNDECODED = "surrogateescape"

Takes: TypeAlias = Callable[[Put], Fields]
"""A document as the store gives it back; raises RefusedDocument and InvalidKey for what the store would refuse."""


class Part(NamedTuple):
    """Which deliveries are folded: of those message keys, those that are `admitted`; None: all."""

    keys: Collection[bytes] | None = None
    admitted: Callable[[Delivery], bool] | None = None

    def has(self, delivery: Delivery) -> bool:
        """Whether the delivery is one of them."""
        if self.keys is not None and delivery.key not in self.keys:
            return False
        return self.admitted is None or self.admitted(delivery)


ALL = Part()


class Kept(NamedTuple):
    """The version of an event that matters to live traffic, empty of one that does not, and when it was committed."""

    version: str = ""
    since: float | None = None


NOTHING = Kept()


class Fold:
    """The fold of one partition, kept in `file`.

    Where the group's writes may be folded by message key and version header, an event is decoded whole only if it is
    the last of its key (of the others, what `where` asks for); one that turns out to be poison, or to be refused by the
    store, is left out, and the key is folded again by all of its events. `takes` knows what the store refuses. `events`
    counts what was read.
    """

    def __init__(self, preparation: Preparation, file: FoldFile, takes: Takes, item_key_parts: int) -> None:
        self.events = 0
        self.refused: dict[int, str] = {}
        """Offsets of the events that a store refused, and why."""
        self._preparation = preparation
        self._file = file
        self._where = preparation.group.where
        self._takes = takes
        self._parts = item_key_parts
        self._young: dict[bytes, tuple[str, int, bytes | None, Kept]] = {}
        self._young_bytes = 0
        self._unsure: set[bytes] = set()

    def add(self, deliveries: Iterable[Delivery], part: Part = ALL) -> None:
        """Folds the deliveries, which come in offset order, unseen where that may be."""
        whole = part == ALL
        for delivery in deliveries:
            self.events += 1
            if not whole and not part.has(delivery):
                continue
            place = self._preparation.place_in_fold(delivery)
            if place is not None:
                self._keep(*place, delivery, self._unseen(delivery, place[1]))
            else:
                self._see(delivery)
        self._flush()

    def add_again(self, deliveries: Iterable[Delivery], part: Part = ALL) -> None:
        """Folds the keys that were left open anew; `deliveries` are those of the partition from its beginning."""
        open_keys, self._unsure = self._unsure, set()
        for delivery in deliveries:
            if delivery.key in open_keys and part.has(delivery) and delivery.offset not in self.refused:
                self._see(delivery, sure=True)
        self._flush()

    @property
    def left_open(self) -> int:
        """How many items are to be folded again."""
        return len(self._unsure)

    def refuse(self, want: Want, reason: str) -> None:
        """Leaves out the event of that want, which the store refuses: its item is to be folded again."""
        self.refused[want.offset] = reason
        self._leave_open(want.write.key.encode())

    def new_wants(self) -> Iterator[list[Want]]:
        """What is wanted under every key that was not given before, page by page.

        Keys that turn out to be open are left out, and come when they are folded again.
        """
        for rows in self._file.new_rows():
            found = [self._want(row) for row in rows]
            for row, want in zip(rows, found, strict=True):
                if want is None:
                    self._leave_open(row.key)
            yield [want for want in found if want is not None]

    def want(self, key: bytes) -> Want | None:
        """What is wanted under a key; None where no event of it counts."""
        row = self._file.row(key)
        return None if row is None else self._want(row)

    def add_later(self, deliveries: Iterable[Delivery], keys: Collection[bytes] | None = None) -> None:
        """Keeps what came after the fold's end, each event for itself."""
        found = (each for each in deliveries if keys is None or each.key in keys)
        self._file.add_later(
            Row(write.key.encode(), write.version, delivery.offset, delivery.value, *kept)
            for delivery in found
            for write, kept in self._writes(delivery)
        )

    def later(self, key: bytes) -> list[Want]:
        """What was wanted under a key by each event that came after the fold's end, but for what the store refuses."""
        wants = [self._want(row) for row in self._file.later(key) if row.offset not in self.refused]
        return [want for want in wants if want is not None and self._is_taken(want.write, want.offset)]

    def _leave_open(self, key: bytes) -> None:
        item = item_key(_text(key), self._parts).encode(errors=_UNDECODED)
        self._unsure.add(item)
        self._file.forget(item)

    def _see(self, delivery: Delivery, *, sure: bool = False) -> None:
        for write, kept in self._writes(delivery):
            if not sure or self._is_taken(write.write, delivery.offset):
                self._keep(write.key.encode(), write.version, delivery, kept)

    def taken(self, write: Write) -> Fields | None:
        """A Put's document as the store gives it back. Raises RefusedDocument, and InvalidKey also of a Remove."""
        if isinstance(write, Put):
            return self._takes(write)
        with suppress(RefusedDocument):  # of a document, which this is not
            self._takes(Put(write.key, {}))
        return None

    def _is_taken(self, write: Write, offset: int) -> bool:
        try:
            self.taken(write)
        except (RefusedDocument, InvalidKey) as error:
            self.refused[offset] = str(error)
            return False
        return True

    def _writes(self, delivery: Delivery) -> Iterator[tuple[VersionedWrite, Kept]]:
        try:
            event = self._preparation.decode(delivery.value)
        except (UndecodableEvent, UnknownSchema):
            return
        prepared = self._preparation.writes_of(event)
        if not isinstance(prepared, Poison):
            yield from ((write, self._kept(event, write.version)) for write in prepared)

    def _unseen(self, delivery: Delivery, version: str) -> Kept:
        """What matters of a delivery that is folded unseen."""
        if self._where is None:
            return Kept(version)
        try:
            event = self._preparation.decode(delivery.value)
        except (UndecodableEvent, UnknownSchema):
            return Kept(version)  # poison that may be redriven
        return self._kept(event, version)

    def _kept(self, event: ChangeEvent, version: str) -> Kept:
        # Without a `where` every write matters, so that the one that counts for its key is the last that does.
        if self._where is None:
            return Kept(version)
        return Kept(version, _committed(event)) if self._preparation.may_matter(event) else NOTHING

    def _keep(self, key: bytes, version: str, delivery: Delivery, kept: Kept) -> None:
        known = self._young.get(key)
        if known is not None:
            kept = kept if kept.version > known[3].version else known[3]
            if version <= known[0]:
                self._young[key] = (*known[:3], kept)
                return
        self._young_bytes += len(delivery.value or b"") + (_ROW_BYTES if known is None else -len(known[2] or b""))
        self._young[key] = (version, delivery.offset, delivery.value, kept)
        if self._young_bytes > YOUNG_BYTES:
            self._flush()

    def _flush(self) -> None:
        self._file.fold(
            Row(key, version, offset, value, *kept) for key, (version, offset, value, kept) in self._young.items()
        )
        self._young, self._young_bytes = {}, 0

    def _want(self, row: Row) -> Want | None:
        """The row's write, as its event makes it; None where the event makes none of that key and version."""
        if row.value is None:
            return None
        try:
            event = self._preparation.decode(row.value)
        except (UndecodableEvent, UnknownSchema):
            return None
        prepared = self._preparation.writes_of(event, for_others=True)
        if isinstance(prepared, Poison):
            return None
        committed, key = _committed(event), _text(row.key)
        since = committed if row.keeps_out == row.version else row.kept_since
        for write, version in prepared:
            if write.key == key and version == row.version:
                return Want(write, version, row.offset, committed, row.keeps_out, since)
        return None


def _committed(event: ChangeEvent) -> float | None:
    return None if event.committed_at is None else event.committed_at.timestamp()


def _text(key: bytes) -> str:
    """The key as text, also one that is no UTF-8, as a message key may be."""
    return key.decode(errors=_UNDECODED)
