"""The obvious sink of the user search: opensearch-py's helpers.bulk, a scripted upsert a document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy.helpers import bulk

from consumers.writes import Put, VersionedWrite

_GUARD = (
    "if (ctx._source.source_version != null && ctx._source.source_version.compareTo(params.doc.source_version) >= 0) "
    "{ ctx.op = 'none' } else { ctx._source = params.doc }"
)


class NaiveSink:
    """Writes to the index `place`; a removal leaves a document that says so."""

    def __init__(self, url: str, place: str) -> None:
        self._client = OpenSearch([url], timeout=60, max_retries=20, retry_on_status=(429,))
        self._place = place

    def __call__(self, writes: Sequence[VersionedWrite]) -> int:
        """How many documents were written. Raises BulkIndexError where one was not."""
        written, _ = bulk(self._client, self._actions(writes), index=self._place)
        assert isinstance(written, int)
        return written

    def close(self) -> None:
        """Closes its client."""
        self._client.close()

    def _actions(self, writes: Sequence[VersionedWrite]) -> Iterator[dict[str, Any]]:
        for one in writes:
            document: dict[str, Any] = {"source_removed_at": 0}
            if isinstance(one.write, Put):
                document = {
                    name: sorted(value) if isinstance(value, frozenset) else value
                    for name, value in one.write.document.items()
                }
            yield {
                "_op_type": "update",
                "_id": one.key,
                "retry_on_conflict": 5,
                "script": {
                    "source": _GUARD,
                    "params": {"doc": {**document, "source_version": one.version, "source_key": one.key}},
                },
                "scripted_upsert": True,
                "upsert": {},
            }
