"""The obvious read model in OpenSearch: helpers.bulk with scripted upserts, a marker where an item was removed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from opensearchpy import OpenSearch, helpers

SCRIPT = (
    "def stored = ctx._source.source_version; "
    "if (stored instanceof String && stored.compareTo(params.source.source_version) >= 0) { ctx.op = 'none' } "
    "else { ctx._source.clear(); ctx._source.putAll(params.source) }"
)


class NaiveIndex:
    """Documents of users in the index `name`, which exists."""

    def __init__(self, url: str, name: str) -> None:
        self._client = OpenSearch([url])
        self._name = name

    def write(self, changes: Iterable[tuple[str, str, dict[str, Any] | None]], now: float) -> None:
        """Leaves each document there under its key, unless that or a later version was there before.

        A change is a key, a version and a document, None for a removal; `now` is in epoch seconds.
        """
        helpers.bulk(self._client, (self._action(*change, now) for change in changes))

    def _action(self, key: str, version: str, document: dict[str, Any] | None, now: float) -> dict[str, Any]:
        left = {"source_removed_at": int(now * 1000)} if document is None else document
        source = {**left, "source_version": version, "source_key": key}
        return {
            "_op_type": "update",
            "_index": self._name,
            "_id": key,
            "retry_on_conflict": 5,
            "script": {"source": SCRIPT, "params": {"source": source}},
            "scripted_upsert": True,
            "upsert": {},
        }
