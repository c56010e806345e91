"""A file of item keys, one a line: as a person writes it, or as `verify --json` gives samples."""

from __future__ import annotations

from pathlib import Path

import msgspec

from distributary.errors import UnreadableKeys
from schemas.errors import InvalidKey
from schemas.event_schema import item_record_of, packaged
from schemas.keys import key_text, parse_key
from schemas.topics import topic_named


def read_keys(file: Path, topic: str) -> frozenset[bytes]:
    """The message keys of the items of a topic's table that the file names, in their one spelling.

    Raises UnreadableKeys, naming the line.
    """
    schema = item_record_of(packaged(topic_named(topic).item_record)).key_schema
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UnreadableKeys(f"{file} cannot be read: {reason}; give a file with an item key a line") from None
    keys = set()
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                keys.add(key_text(parse_key(_key(line), schema)).encode())
            except InvalidKey as error:
                raise UnreadableKeys(f"{file}, line {number}: {error}; nothing was done") from None
    if not keys:
        raise UnreadableKeys(f"{file} names no key; give a file with an item key a line")
    return frozenset(keys)


def _key(line: str) -> str:
    """The key that a line names: the line itself, or the `key` of a JSON object."""
    if line.lstrip().startswith("{"):
        try:
            found = msgspec.json.decode(line)
        except msgspec.DecodeError:
            return line
        if isinstance(found, dict) and isinstance(found.get("key"), str):
            return str(found["key"])
    return line
