"""A key's text as stores take it that limit the length of their keys."""

from __future__ import annotations

import hashlib

MAX_KEY_BYTES = 400


def bounded_key(text: str) -> str:
    """The text itself, or its SHA-256 in hexadecimal where it is longer than 400 bytes in UTF-8."""
    data = text.encode()
    return text if len(data) <= MAX_KEY_BYTES else hashlib.sha256(data).hexdigest()
