"""What OpenSearch is told of a read model: the names of its indexes, their fields and how their texts are split."""

from __future__ import annotations

from typing import Any

from consumers.generations import MadeBy, mapping_digest
from consumers.read_model import SOURCE_VERSION, Index

KEY = "source_key"
"""The field that holds the key's text, which the `_id` may be a hash of."""
REMOVED_AT = "source_removed_at"
"""The field that makes a document a removal's marker: when it was written, in epoch milliseconds."""
NAMES, WORDS = "source_names", "source_words"
"""What is searched: copies of the declared fields, in the index alone and in no document."""
RESERVED = frozenset({SOURCE_VERSION, KEY, REMOVED_AT, NAMES, WORDS})
"""Fields that a document cannot have of its own."""

NO_MARKER: dict[str, Any] = {"bool": {"must_not": {"exists": {"field": REMOVED_AT}}}}
"""The query for documents, as against removals' markers."""

# In letters: Lucene takes terms of 32,766 bytes. A longer keyword is kept and not indexed.
_LONGEST_TERM = 8191
_LONGEST_PREFIX = 19
_ABOVE_ALL_OTHERS = 2**31 - 1

_ANALYSIS = {
    "char_filter": {"marks": {"type": "pattern_replace", "pattern": r"\p{Mn}+", "replacement": ""}},
    "tokenizer": {"letters_and_digits": {"type": "pattern", "pattern": r"[^\p{L}\p{M}\p{N}]+"}},
    "filter": {"not_too_long": {"type": "truncate", "length": _LONGEST_TERM}},
    "analyzer": {
        "words": {
            "type": "custom",
            "char_filter": ["marks"],
            "tokenizer": "letters_and_digits",
            "filter": ["lowercase", "asciifolding", "not_too_long"],
        }
    },
}


def index_name(read_model: str, generation: int) -> str:
    """The index of a generation; the read model's own name is the alias that people read."""
    return f"{read_model}.g{generation}"


def generations_pattern(read_model: str) -> str:
    """Matches the index of every generation."""
    return f"{read_model}.g*"


def before_alias(read_model: str) -> str:
    """The alias of the generation that people read before the one they read now."""
    return f"{read_model}.before"


def index_body(index: Index, replicas: int, made_by: MadeBy) -> dict[str, Any]:
    """A new index: one shard, the declared fields and no others, and what it is made by."""
    return {
        "settings": {
            "number_of_shards": 1,
            "number_of_replicas": replicas,
            "index.soft_deletes.enabled": True,  # against the template
            "analysis": _ANALYSIS,
        },
        "mappings": {**_mappings(index), "_meta": made_by._asdict()},
    }


def made_by(index: Index, projection_version: str) -> MadeBy:
    """What an index is made by today: that projection version, these fields and this way to split texts."""
    return MadeBy(projection_version, mapping_digest([_mappings(index), _ANALYSIS]))


def template_body(read_model: str) -> dict[str, Any]:
    """A template under which no index of the read model comes into being by being written to.

    OpenSearch makes a missing index for whoever writes to it. It refuses to make one without soft deletes, so that is
    what the template asks for; `index_body` says otherwise.
    """
    return {
        "index_patterns": [generations_pattern(read_model)],
        "priority": _ABOVE_ALL_OTHERS,
        "template": {"settings": {"index.soft_deletes.enabled": False}},
        "_meta": {"purpose": f"a write to a missing index of {read_model} is an error and makes no index"},
    }


def _mappings(index: Index) -> dict[str, Any]:
    return {"dynamic": "strict", "properties": _properties(index)}


def _properties(index: Index) -> dict[str, Any]:
    text = {"type": "text", "analyzer": "words"}
    keyword = {"type": "keyword", "ignore_above": _LONGEST_TERM}
    declared = {
        **{name: {**text, "copy_to": NAMES} for name in index.names},
        **{name: {**text, "copy_to": WORDS} for name in index.words},
        **dict.fromkeys(index.keywords, keyword),
        # No type of whole numbers holds the 38 digits that a number may have.
        **{name: {"type": "double"} for name in index.numbers},
        **{name: {"type": "object", "enabled": False} for name in index.kept},
    }
    own = {
        SOURCE_VERSION: {"type": "keyword"},
        KEY: keyword,
        REMOVED_AT: {"type": "date", "format": "epoch_millis"},
        NAMES: {**text, "index_prefixes": {"min_chars": 1, "max_chars": _LONGEST_PREFIX}},
        WORDS: text,
    }
    return declared | own
