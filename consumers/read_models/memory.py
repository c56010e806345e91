"""A read model in memory, for tests: the guarantee with nothing behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Lock

from consumers.read_model import APPLIED, STALE, Document, WriteOutcome, WriteStatus
from consumers.writes import Put, VersionedWrite
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
            if key not in self._documents:
                return None
            attributes = self._documents[key]
            return Document(key, self._versions[key], {name: plain(value) for name, value in attributes.items()})

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

    def close(self) -> None:
        """See `ReadModel.close`."""

    def _apply(self, write: VersionedWrite) -> WriteOutcome:
        key, version = write.key, write.version
        attributes: Attributes | None = None
        if isinstance(write.write, Put):
            try:
                attributes = {name: attribute_value(value) for name, value in write.write.document.items()}
            except TypeError as error:
                return WriteOutcome(WriteStatus.REFUSED, str(error))
        if key in self._versions and version <= self._versions[key]:
            return STALE
        self._versions[key] = version
        if attributes is None:
            self._documents.pop(key, None)
        else:
            self._documents[key] = attributes
        return APPLIED
