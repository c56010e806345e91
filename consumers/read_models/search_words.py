"""What a person types, as the words that every read model looks for."""

from __future__ import annotations

import re
import unicodedata

BOUNDARY = "\ue000"
"""Stands between two values where they are kept as one text: a word of its own that nobody can look for."""

_BETWEEN_WORDS = re.compile(rf'[\s\x00"{BOUNDARY}\ud800-\udfff]+')


def search_words(text: str) -> list[str]:
    """The words of `text`, each once, none of them without a letter or a digit.

    What stands between spaces is a word: `ann@example.com` is looked for whole.
    """
    words = [word for word in _BETWEEN_WORDS.split(text) if any(map(_is_indexed, word))]
    return list(dict.fromkeys(words))


def _is_indexed(character: str) -> bool:
    """Whether indexes count it as part of a word (FTS5's unicode61 does so for private characters too)."""
    category = unicodedata.category(character)
    return category[0] in "LN" or category == "Co"
