"""What a projection keeps current: the port every store fulfils, and how a group names its read model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Protocol, runtime_checkable

from consumers.generations import MadeBy
from consumers.writes import Fields, Put, VersionedWrite, Write
from schemas.keys import KeyAttribute, KeySchema

SOURCE_VERSION = "source_version"
"""The field beside every document that holds the version it was made from."""

REMOVALS_KEPT_SECONDS = 30 * 24 * 3600.0
"""How long it is remembered that a document was removed, from when that was written."""


@dataclass(frozen=True, slots=True)
class Table:
    """A read model in a DynamoDB table. `key` must be the projection's key.

    `fields` are all that its documents may have besides the key; None where that is open. What a document lacks of them
    can be taken away without writing the item whole, so that many updates go in one request.
    """

    name: str
    key: KeySchema = (KeyAttribute("UserId", "N"),)
    fields: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Index:
    """A read model to search, and every field its documents may have.

    `names` are found by the beginning of a word, `words` by whole words; for queries of the store's own, `keywords`
    hold exact values and `numbers` numbers, in the order of a double; `kept` holds anything and is only given back.
    """

    name: str
    names: tuple[str, ...]
    words: tuple[str, ...]
    keywords: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


class WriteStatus(Enum):
    """What became of a write."""

    APPLIED = "applied"
    STALE = "stale"
    REFUSED = "refused"
    """The store will never take this document."""
    FAILED = "failed"
    """It is not known to be there, and is to be applied again: an outage, not the document's fault."""


class WriteOutcome(NamedTuple):
    """What became of one write; `reason` says why the store refused it, or why it failed."""

    status: WriteStatus
    reason: str = ""


APPLIED = WriteOutcome(WriteStatus.APPLIED)
STALE = WriteOutcome(WriteStatus.STALE)


class Document(NamedTuple):
    """A document as a read model holds it. `source_version` is None where somebody else wrote it."""

    key: str
    source_version: str | None
    document: Fields


class State(NamedTuple):
    """What stands under a key: a document, a removal that is remembered, or neither; in some stores both, of which the
    higher version counts.

    A document's `source_version` is None where it is somebody else's. `removal` is the version of the removal, None
    where none is remembered. `mark` is the store's own note of what it read.
    """

    key: str
    document: Document | None
    removal: str | None = None
    mark: object = None


class Replacement(NamedTuple):
    """A write that counts only if what stands under its key is still what was `seen`, whatever the versions say.

    `write` is under the same key. `version` is None of a Remove where nothing in the log speaks of the key: then no
    removal is remembered for it. A Put always has one.
    """

    seen: State
    write: Write
    version: str | None

    @property
    def stamp(self) -> str:
        """The version that what is written has: a removal is remembered at no lower one than the removal seen."""
        if self.version is None:
            raise ValueError(f"the write under {self.write.key} has no version")
        return self.version if isinstance(self.write, Put) else max(self.version, self.seen.removal or "")

    @property
    def lowers(self) -> bool:
        """Whether the guard of `apply` goes on from a lower version than was seen. What live traffic delivers before
        the replacement may then be stale, although it counts after it.
        """
        document, removal = self.seen.document, self.seen.removal or ""
        highest = max((document and document.source_version) or "", removal)
        return (removal if self.version is None else self.stamp) < highest


class ReadModel(Protocol):
    """Documents by key, each guarded by the version it was made from.

    The guard: a write counts only if its version is higher than any version that was put or removed under its key
    before; an equal or lower one is STALE and changes nothing. A removal is remembered, so that an older put cannot
    bring the document back. This holds whoever else writes at the same time, whenever a writer dies, and however often
    a write is repeated. A document without `source_version` is somebody else's: any put takes it over, any remove
    takes it away.

    REFUSED is for a document that the store will never take (too large, of a type it cannot hold); nothing changed.
    Anything else that goes wrong is FAILED (the store away, throttled, a lost race, no permission, no table): the write
    may have come through or not, and is to be applied again.
    """

    @property
    def name(self) -> str:
        """The read model's name."""
        ...

    @property
    def store(self) -> str:
        """What it is kept in, as a person calls it: `OpenSearch`."""
        ...

    def apply(self, writes: Sequence[VersionedWrite]) -> list[WriteOutcome]:
        """Applies writes, at most one a key, and says what became of each, in their order.

        Never raises for what the store does: that is an outcome.
        """
        ...

    def get(self, key: str) -> Document | None:
        """The document under a key's text; None where there is none or it was removed. Raises InvalidKey, Outage."""
        ...

    def version(self, key: str) -> str | None:
        """The highest version that was put or removed under a key's text, as far as it is still known: a write counts
        only above it. None where any write counts. Raises InvalidKey, Outage.
        """
        ...

    def scan(self) -> Iterator[Document]:
        """Every document, in no order. Raises Outage."""
        ...

    def states(self, keys: Sequence[str]) -> list[State]:
        """What stands under each key, in their order. Raises InvalidKey, Outage."""
        ...

    def replace(self, replacements: Sequence[Replacement]) -> list[WriteOutcome]:
        """Compare-and-set, at most one a key: what became of each, in their order.

        APPLIED, or STALE where what stands under the key is no longer as it was seen, and nothing changed. As seen
        means: a document of the same version, none, or somebody else's; and a removal of the same version, or none. A
        store may notice more. REFUSED and FAILED are as in `apply`; a replacement that FAILED may have come through, so
        look at the key again. Never raises for what the store does.

        A Put leaves its document and forgets a removal at its version or a later one, which was seen: the guard of
        `apply` goes on from the put. A Remove with a version is remembered at that version, or at that of the removal
        seen if it is higher; one without a version leaves the removal as it is.
        """
        ...

    def given_back(self, put: Put) -> Fields:
        """The document as `get` gives it back once the put is applied, by its value alone: nothing is asked.

        Raises RefusedDocument and InvalidKey for what the adapter refuses by itself; what its store would refuse it
        cannot know.
        """
        ...

    def close(self) -> None:
        """Lets go of connections."""
        ...


@runtime_checkable
class Searchable(Protocol):
    """A read model that finds documents by text."""

    def search(self, text: str, limit: int) -> list[Document]:
        """The documents in which every word of `text` is found, the best match first, at most `limit`."""
        ...


@runtime_checkable
class Preparable(Protocol):
    """A read model that makes its place in the store itself, before anything is written to it."""

    @property
    def made_by(self) -> MadeBy:
        """What it is made by, where it is made today."""
        ...

    def made(self) -> bool:
        """Whether its place is there. Raises Outage."""
        ...

    def prepare(self) -> None:
        """Makes the place where there is none; safe at every start, and for several at once.

        The read model's first generation is what people read from then on. Raises GroupRefused where something else
        stands there, a generation that was made by another projection version or mapping among it; Outage.
        """
        ...


@runtime_checkable
class Purgeable(Protocol):
    """A read model that remembers removals until it is told to forget them."""

    def purge(self, older_than_epoch_seconds: float) -> int:
        """Forgets the removals written before that moment, and says how many. Raises Outage.

        One that is replaced meanwhile stays.
        """
        ...
