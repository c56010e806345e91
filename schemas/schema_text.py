"""The text of a schema: read within bounds, since hostile bytes may name any schema that a registry knows; and told
from another by what it means.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from schemas.errors import InvalidSchema

MAX_SCHEMA_BYTES = 256 * 1024
"""The longest text: a thousand attributes, each with a sentence about it."""
# An Avro type inside another takes four levels of JSON (type, fields, field, union), and 64 of them are plenty.
_MAX_JSON_LEVELS = 256
# Of no consequence to the bytes, nor to reading them by this very schema.
_REMARKS = frozenset({"doc", "default", "aliases", "order"})
_PRIMITIVES = frozenset({"null", "boolean", "int", "long", "float", "double", "bytes", "string"})


def read_schema(text: str) -> Any:
    """The schema as plain Python values. Raises InvalidSchema where it is no JSON, or beyond every bound."""
    if len(text) > MAX_SCHEMA_BYTES:
        raise InvalidSchema(f"the schema is {len(text)} characters long, at most {MAX_SCHEMA_BYTES} are read")
    try:
        schema = msgspec.json.decode(text)
    except (ValueError, RecursionError) as error:
        raise InvalidSchema(f"the schema is not JSON: {error}") from None
    level: list[Any] = [schema]
    for _ in range(_MAX_JSON_LEVELS):
        level = [child for node in level for child in _children(node)]
        if not level:
            break
    else:
        raise InvalidSchema(f"the schema is nested more than {_MAX_JSON_LEVELS} deep")
    return schema


def same_meaning(one: str, other: str) -> bool:
    """Whether two schema texts write the same bytes and read them alike, our own properties (`key`, `attribute`,
    `dynamodb`) included; their spelling and their remarks do not count. Raises InvalidSchema.
    """
    return bool(meaning(read_schema(one)) == meaning(read_schema(other)))


def meaning(avro: Any, namespace: str = "") -> Any:
    """A schema in the one spelling that is left without remarks, with every name in full."""
    if isinstance(avro, list):
        return [meaning(branch, namespace) for branch in avro]
    if isinstance(avro, str):
        return avro if avro in _PRIMITIVES else _in_full(avro, namespace)
    if not isinstance(avro, dict):
        return avro
    left = {name: value for name, value in avro.items() if name not in _REMARKS and name != "namespace"}
    if "name" in avro:
        left["name"] = _in_full(avro["name"], avro.get("namespace", namespace))
        namespace = left["name"].rpartition(".")[0]
    for part in ("items", "values"):
        if part in left:
            left[part] = meaning(left[part], namespace)
    if isinstance(fields := left.get("fields"), list):
        left["fields"] = [_field_meaning(field, namespace) for field in fields]
    return left["type"] if left.keys() == {"type"} else left


def bare(avro: Any) -> Any:
    """A schema without its logical types: what makes no other bytes, and we read values as they stand in those."""
    if isinstance(avro, list):
        return [bare(branch) for branch in avro]
    if isinstance(avro, dict):
        return {name: bare(value) for name, value in avro.items() if name != "logicalType"}
    return avro


def _field_meaning(field: Any, namespace: str) -> Any:
    if not isinstance(field, dict):
        return field
    left = {name: value for name, value in field.items() if name not in _REMARKS}
    return left | {"type": meaning(field.get("type"), namespace)}


def _in_full(name: Any, namespace: Any) -> str:
    return f"{namespace}.{name}" if namespace and "." not in str(name) else str(name)


def _children(node: Any) -> Iterable[Any]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()
