"""A read model in memory, for tests: the guarantee with nothing behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Lock

from consumers.errors import RefusedDocument
from consumers.read_model import APPLIED, STALE, Document, Replacement, State, WriteOutcome, WriteStatus
from consumers.writes import Fields, Put, VersionedWrite
from schemas.attribute_values import Attributes, attribute_value, plain


class MemoryReadModel:
    """Documents in a dictionary, as attribute values: what it gives out is a copy, exact in every type."""

    store = "memory"

    def __init__(self, name: str) -> None:
        self.name = name
        self._versions: dict[str, str] = {}
        self._documents: dict[str, Attributes] = {}
        self._lock = Lock()

    def apply(self, writes: Sequence[VersionedWrite]) -> list[WriteOutcome]:
        """See `ReadModel.apply`."""
        with self._lock:
            return [self._apply(write) for write in writes]

    def get(self, key: str) -> Document | None:
        """See `ReadModel.get`; any text is a key."""
        with self._lock:
            return self._document(key)

    def version(self, key: str) -> str | None:
        """See `ReadModel.version`."""
        with self._lock:
            return self._versions.get(key)

    def scan(self) -> Iterator[Document]:
        """See `ReadModel.scan`."""
        with self._lock:
            keys = list(self._documents)
        for key in keys:
            if (document := self.get(key)) is not None:
                yield document

    def states(self, keys: Sequence[str]) -> list[State]:
        """See `ReadModel.states`; all of one moment."""
        with self._lock:
            return [self._state(key) for key in keys]

    def replace(self, replacements: Sequence[Replacement]) -> list[WriteOutcome]:
        """See `ReadModel.replace`."""
        with self._lock:
            return [self._replace(replacement) for replacement in replacements]

    def given_back(self, put: Put) -> Fields:
        """See `ReadModel.given_back`."""
        return _fields(_attributes(put))

    def close(self) -> None:
        """See `ReadModel.close`."""

    def put_as_somebody_else(self, key: str, document: Fields) -> None:
        """Leaves a document without a version there, as whoever shares a store with the read model may."""
        with self._lock:
            self._versions.pop(key, None)
            self._documents[key] = _attributes(Put(key, document))

    def _document(self, key: str) -> Document | None:
        if key not in self._documents:
            return None
        return Document(key, self._versions.get(key), _fields(self._documents[key]))

    def _state(self, key: str) -> State:
        document = self._document(key)
        return State(key, document, self._versions.get(key) if document is None else None)

    def _apply(self, write: VersionedWrite) -> WriteOutcome:
        try:
            attributes = _attributes(write.write) if isinstance(write.write, Put) else None
        except RefusedDocument as error:
            return WriteOutcome(WriteStatus.REFUSED, str(error))
        if write.key in self._versions and write.version <= self._versions[write.key]:
            return STALE
        self._leave(write.key, attributes, write.version)
        return APPLIED

    def _replace(self, replacement: Replacement) -> WriteOutcome:
        write, seen = replacement.write, replacement.seen
        try:
            attributes = _attributes(write) if isinstance(write, Put) else None
        except RefusedDocument as error:
            return WriteOutcome(WriteStatus.REFUSED, str(error))
        if _guarded(self._state(write.key)) != _guarded(seen):
            return STALE
        silent = attributes is None and replacement.version is None
        self._leave(write.key, attributes, seen.removal if silent else replacement.stamp)
        return APPLIED

    def _leave(self, key: str, attributes: Attributes | None, version: str | None) -> None:
        self._versions.pop(key, None)
        if version is not None:
            self._versions[key] = version
        self._documents.pop(key, None)
        if attributes is not None:
            self._documents[key] = attributes


def _guarded(state: State) -> tuple[bool, str | None, str | None]:
    """What a replacement is compared by."""
    document = state.document
    return document is not None, None if document is None else document.source_version, state.removal


def _attributes(put: Put) -> Attributes:
    try:
        return {name: attribute_value(value) for name, value in put.document.items()}
    except TypeError as error:
        raise RefusedDocument(str(error)) from None


def _fields(attributes: Attributes) -> Fields:
    return {name: plain(value) for name, value in attributes.items()}
