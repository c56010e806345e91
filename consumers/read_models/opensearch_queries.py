"""What OpenSearch is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from consumers.read_models.opensearch_mapping import KEY, NAMES, REMOVED_AT, WORDS

MAX_TEXT = 256
"""Characters of a searched text that count: OpenSearch takes 1,024 clauses, and a word needs up to four."""
_MOST_FOUND = 10_000
# Above any score, and low enough for a float to tell scores apart beside it.
_WHOLE = 10_000.0
# Of a beginning longer than those the index holds ready, the different words that are tried.
_MOST_EXPANSIONS = 1000


def search_query(words: Sequence[str], limit: int) -> dict[str, Any]:
    """The search for documents that have every word whole, or a name beginning with it; the latter come after.

    A word that OpenSearch splits (`ann@example.com`) is a phrase.
    """
    found = [{"bool": {"should": [_begins(NAMES, word), _is(WORDS, word)]}} for word in words]
    whole = [{"bool": {"should": [_is(NAMES, word), _is(WORDS, word)]}} for word in words]
    first = {"constant_score": {"filter": {"bool": {"must": whole}}, "boost": _WHOLE}}
    return {
        "query": {"bool": {"must": found, "should": [first]}},
        "sort": ["_score", {KEY: "asc"}],
        "size": min(limit, _MOST_FOUND),
        "track_total_hits": False,
    }


def markers_before(epoch_seconds: float) -> dict[str, Any]:
    """The query for the removals' markers that were written before that moment."""
    return {"range": {REMOVED_AT: {"lt": int(epoch_seconds * 1000)}}}


def _is(field: str, word: str) -> dict[str, Any]:
    return {"match_phrase": {field: word}}


def _begins(field: str, word: str) -> dict[str, Any]:
    return {"match_phrase_prefix": {field: {"query": word, "max_expansions": _MOST_EXPANSIONS}}}
