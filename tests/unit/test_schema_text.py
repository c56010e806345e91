"""Schema texts: which mean the same, and which are not read at all."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from schemas.errors import InvalidSchema
from schemas.event_schema import packaged
from schemas.schema_text import MAX_SCHEMA_BYTES, read_schema, same_meaning

FIELD: dict[str, Any] = {
    "name": "a",
    "type": ["null", {"type": "string", "dynamodb": "N"}],
    "default": None,
    "key": "HASH",
}
ENUM = {"type": "enum", "name": "E", "symbols": ["X", "Y"]}
RECORD = {"type": "record", "name": "R", "namespace": "n", "fields": [FIELD, {"name": "e", "type": ENUM}]}


def text(avro: Any) -> str:
    return msgspec.json.encode(avro).decode()


def record(*fields: Any, **changed: Any) -> dict[str, Any]:
    return RECORD | ({"fields": list(fields)} if fields else {}) | changed


@pytest.mark.parametrize(
    "spelling",
    [
        dict(reversed(RECORD.items())),
        record(doc="another remark", aliases=["Q"]),
        record(name="n.R", namespace="elsewhere"),
        record(
            FIELD | {"doc": "d", "order": "ignore"}, {"name": "e", "type": ENUM | {"namespace": "n", "default": "X"}}
        ),
        record({"name": "a", "type": FIELD["type"], "key": "HASH"}, {"name": "e", "type": ENUM}),
        record(FIELD | {"type": [{"type": "null"}, FIELD["type"][1]]}, {"name": "e", "type": ENUM}),
    ],
    ids=["order of properties", "remarks", "full name", "remarks inside", "no default", "a primitive as an object"],
)
def test_spelling_and_remarks_make_no_other_schema(spelling: dict[str, Any]) -> None:
    assert same_meaning(text(RECORD), text(spelling))
    assert same_meaning(text(RECORD), msgspec.json.format(text(spelling)))


@pytest.mark.parametrize(
    "another",
    [
        record(name="S"),
        record(namespace="m"),
        record(FIELD),
        record({"name": "e", "type": ENUM}, FIELD),
        record(FIELD | {"name": "b"}, {"name": "e", "type": ENUM}),
        record(FIELD | {"attribute": "b"}, {"name": "e", "type": ENUM}),
        record(FIELD | {"key": "RANGE"}, {"name": "e", "type": ENUM}),
        record(FIELD | {"type": ["null", "string"]}, {"name": "e", "type": ENUM}),
        record(FIELD | {"type": FIELD["type"][::-1]}, {"name": "e", "type": ENUM}),
        record(FIELD, {"name": "e", "type": ENUM | {"symbols": ["Y", "X"]}}),
        "string",
    ],
)
def test_what_the_bytes_or_our_reading_go_by_makes_another_schema(another: Any) -> None:
    assert not same_meaning(text(RECORD), text(another))


def test_a_name_used_again_is_the_same_in_short_and_in_full() -> None:
    in_short, in_full = (record({"name": "r", "type": ["null", name]}) for name in ("R", "n.R"))
    assert same_meaning(text(in_short), text(in_full))
    assert not same_meaning(text(in_short), text(record({"name": "r", "type": ["null", "m.R"]})))


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ('{"type":"array","items":' * 300 + '"long"' + "}" * 300, "nested more than 256 deep"),
        (f'"{"x" * MAX_SCHEMA_BYTES}"', f"at most {MAX_SCHEMA_BYTES} are read"),
    ],
    ids=["nothing", "half", "deeper than the stack", "deep", "long"],
)
def test_a_text_that_is_no_schema_or_is_beyond_every_bound_is_refused(schema: str, message: str) -> None:
    with pytest.raises(InvalidSchema, match=message):
        read_schema(schema)


@pytest.mark.parametrize(
    "nonsense",
    ["5", "null", "[[]]", '{"name": 5, "namespace": []}', '{"type": {}, "fields": [5, {}]}', '{"fields": 5}'],
)
def test_nonsense_means_the_same_as_itself_and_as_nothing_else(nonsense: str) -> None:
    assert same_meaning(nonsense, nonsense)
    assert not same_meaning(nonsense, packaged("users"))
