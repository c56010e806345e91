"""The text of an item key: the message key, a read model's key, what a person types after `show`.

Canonical and for ever the same: the key attributes' values in key order, joined by `|`. Text stands as it is (`\\` and
`|` escaped by a `\\`), a number in plain notation without trailing zeros (`42`, `-0.5`), binary as base64.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from schemas.attribute_checks import check
from schemas.attribute_values import Attributes, AttributeValue
from schemas.errors import InvalidAttributeValue, InvalidKey

_PART = re.compile(r"(?:[^\\|]|\\[\\|])*", re.DOTALL)
_ESCAPED = re.compile(r"\\([\\|])")


class KeyAttribute(NamedTuple):
    """One attribute of a table's primary key: its name and its type letter, S, N or B."""

    name: str
    type: str


KeySchema = tuple[KeyAttribute, ...]


def key_text(key: Attributes) -> str:
    """The canonical text of an item key: `key` holds the key attributes alone, in key order (hash, then range)."""
    return "|".join([_part(value) for value in key.values()])


def key_of(item: Mapping[str, AttributeValue], schema: KeySchema, path: str) -> dict[str, AttributeValue]:
    """The key attributes of `item` in key order. Raises InvalidKey where one is missing or of another type."""
    key = {}
    for name, kind in schema:
        if name not in item:
            raise InvalidKey(f"{path} has no {name}, the table's key")
        if kind not in item[name]:
            raise InvalidKey(f"{path}.{name} is of type {'/'.join(item[name])}, the table's key is of type {kind}")
        key[name] = item[name]
    return key


def parse_key(text: str, schema: KeySchema) -> dict[str, AttributeValue]:
    """The key attributes that `text` stands for: the reverse of `key_text`. Raises InvalidKey."""
    parts, at = [], 0
    while True:
        match = _PART.match(text, at)
        assert match is not None  # the pattern matches the empty text
        parts.append(_ESCAPED.sub(r"\1", match.group()))
        at = match.end()
        if at == len(text):
            break
        if text[at] != "|":
            raise InvalidKey(f"the key {text!r} has a backslash that escapes nothing; write \\\\ for a backslash")
        at += 1
    if len(parts) != len(schema):
        names = ", ".join(attribute.name for attribute in schema)
        raise InvalidKey(f"the key {text!r} has {len(parts)} parts, expected {len(schema)} ({names}), separated by |")
    key: dict[str, AttributeValue] = {name: {kind: part} for (name, kind), part in zip(schema, parts, strict=True)}
    for name, value in key.items():
        try:
            check(value, name)
        except InvalidAttributeValue as error:
            raise InvalidKey(f"the key {text!r} is not one: {error}") from None
    return key


def _part(value: AttributeValue) -> str:
    ((kind, content),) = value.items()
    if kind == "N":
        if content.isdigit() and content.isascii() and content[0] != "0":
            return str(content)  # as most are
        exact = Decimal(content)
        if not exact:
            return "0"
        # Not by Decimal.normalize: it rounds to the context's 28 digits, and an item key may have 38.
        plain = format(exact, "f")
        return plain.rstrip("0").rstrip(".") if "." in plain else plain
    return str(content).replace("\\", "\\\\").replace("|", "\\|")
