"""A source table as something to compare its log with: its items by consistent reads, whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bridge.items import Items, Segment
from consumers.read_model import Document, State
from consumers.writes import Fields, Put
from schemas.attribute_values import Attributes, plain
from schemas.keys import KeySchema, key_of, key_text, parse_key

OURS = ""
"""The version of every item: it has none, and is not somebody else's."""
WHOLE = Segment(0, 1)


class SourceTable:
    """The table `name`, whose key is `key`. Raises what `Items` raises."""

    def __init__(self, items: Items, name: str, key: KeySchema) -> None:
        self._items = items
        self._name = name
        self._key = key

    def scan(self) -> Iterator[Document]:
        """Every item as a document."""
        start: Attributes | None = None
        while True:
            page = self._items.scan(self._name, WHOLE, start)
            yield from map(self._document, page.items)
            start = page.next_start
            if start is None:
                return

    def states(self, keys: Sequence[str]) -> list[State]:
        """See `ReadModel.states`; no removal is remembered."""
        found = self._items.get(self._name, [parse_key(key, self._key) for key in keys])
        documents = (None if item is None else self._document(item) for item in found)
        return [State(key, document) for key, document in zip(keys, documents, strict=True)]

    def given_back(self, put: Put) -> Fields:
        """The item as it is."""
        return put.document

    def _document(self, item: Attributes) -> Document:
        key = key_text(key_of(item, self._key, "item"))
        return Document(key, OURS, {name: plain(value) for name, value in item.items()})
