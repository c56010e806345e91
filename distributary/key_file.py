"""Files of item keys: a key a line, as `show` takes it, or the JSON lines of `verify --source --json`."""

from __future__ import annotations

from typing import Any

import msgspec

from distributary.errors import UnreadableKeys
from schemas.attribute_values import Attributes
from schemas.errors import InvalidKey
from schemas.keys import KeySchema, key_text, parse_key


def read_keys(text: bytes, schema: KeySchema, name: str) -> dict[str, Attributes]:
    """The keys by their canonical text, each once, in the file's order.

    A line that is a JSON object stands for its `key`; one without is a line about something else. Raises
    UnreadableKeys, naming the line, where one is no key of `schema`.
    """
    keys: dict[str, Attributes] = {}
    for number, line in enumerate(text.split(b"\n"), 1):
        try:
            written = _key_in(line.removesuffix(b"\r").decode())
            if written:
                key = parse_key(written, schema)
                keys[key_text(key)] = key
        except (InvalidKey, UnicodeDecodeError) as error:
            reason = str(error) if isinstance(error, InvalidKey) else "it is no UTF-8"
            raise UnreadableKeys(f"{name} line {number} is no key: {reason}; nothing was done") from None
    return keys


def _key_in(line: str) -> str | None:
    """The key that a line names; None where it names none."""
    if not line.startswith("{"):
        return line
    try:
        found: Any = msgspec.json.decode(line)
    except ValueError:
        return line
    key = found.get("key") if isinstance(found, dict) else None
    return key if isinstance(key, str) else None
