"""Where a test's read model stands in an OpenSearch, and what it looks like from outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from consumers.read_model import Index
from consumers.read_models.opensearch import OpenSearchIndex
from consumers.read_models.opensearch_generations import OpenSearchGenerations
from consumers.read_models.opensearch_mapping import generations_pattern, index_name
from tests.contracts.documents import EVERY_TYPE
from tests.contracts.searchable import INDEX

if TYPE_CHECKING:
    from opensearchpy import OpenSearch

NOW = 1_800_000_000.75
KEPT = ("Name", "Phone", "Text", "Skills", "Tenant", "Length", "Turn", "Bad", "Share", "age", "anything")
SHARED = replace(INDEX, numbers=("UserId",), kept=(*KEPT, *(field for field in EVERY_TYPE if field != "UserId")))


@dataclass(frozen=True, slots=True)
class Place:
    """A read model's place in an OpenSearch, a name that no other test has."""

    client: OpenSearch
    index: Index

    @property
    def place(self) -> str:
        """The index of generation 1."""
        return index_name(self.index.name, 1)

    @property
    def generations(self) -> OpenSearchGenerations:
        """Its generations."""
        return OpenSearchGenerations(self.index.name, self.client)

    def open(
        self, clock: Callable[[], float] = lambda: NOW, generation: int = 1, projection_version: str = "1-0"
    ) -> OpenSearchIndex:
        """An adapter on it."""
        return OpenSearchIndex(
            self.index,
            self.client,
            clock,
            replicas=0,
            generation=generation,
            projection_version=projection_version,
        )

    def source(self, document_id: str) -> dict[str, Any] | None:
        """What stands in the index under an id."""
        (got,) = self.client.mget(index=self.place, body={"ids": [document_id]})["docs"]
        source: dict[str, Any] | None = got.get("_source")
        return source

    def put_as_somebody_else(self, document_id: str, source: dict[str, Any]) -> None:
        """A document that was not made here."""
        self.client.index(index=self.place, id=document_id, body=source)

    def indexes(self) -> list[str]:
        """The indexes and aliases of the read model that there are."""
        names = [generations_pattern(self.index.name), f"{self.index.name}*"]
        return list(self.client.indices.get(index=names, params={"expand_wildcards": "all"}))

    def forget(self) -> None:
        """Deletes everything of it."""
        if found := self.indexes():
            self.client.indices.delete(index=found)
        if self.client.indices.exists_index_template(name=f"{self.index.name}.generations"):
            self.client.indices.delete_index_template(name=f"{self.index.name}.generations")
