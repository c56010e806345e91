"""Bytes beside an event's own: hostile ones are refused in bounded time and memory, honest ones passed over."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from itertools import count
from pathlib import Path
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from schemas.codec import EventDecoder
from schemas.errors import UndecodableEvent
from schemas.wire_values import MAX_LEVELS
from tests.hostile_bytes import (
    ATTACKS,
    KEY,
    NODE,
    PLAIN,
    SCHEMA_ID,
    SPARE,
    TEXTS,
    USERS,
    Attack,
    nested,
    number,
    verdict,
    with_field,
)
from tests.items import Schemas, event, texts

PLAIN_EVENT = event(KEY)
UNDER_LIMITS = """
import resource, sys
from tests.hostile_bytes import ATTACKS, verdict
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
for attack in ATTACKS.values():
    print(verdict(attack)[:1000].encode())
"""


@pytest.fixture(scope="module")
def verdicts() -> dict[str, str]:
    """What a process of a gigabyte and a minute says of all attacks: one that believed them would be gone."""
    run = subprocess.run(
        [sys.executable, "-c", UNDER_LIMITS], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return dict(zip(ATTACKS, run.stdout.splitlines(), strict=True))


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_undecodable_and_the_sentence_says_where_and_why(name: str, verdicts: dict[str, str]) -> None:
    assert re.search(ATTACKS[name].said, verdicts[name]), verdicts[name]


@pytest.mark.parametrize(
    ("avro", "data"),
    [
        (NODE, b"\2" * (MAX_LEVELS - 3) + b"\0"),
        (TEXTS, number(999_000) + b"\0" * 999_001),
        (TEXTS, number(-2) + number(4) + b"\2a\2b" + b"\4\2c\2d" + b"\0"),
        (TEXTS, b"\2\2a\x80\x00"),
        (nested(MAX_LEVELS - 1), b"\2" * (MAX_LEVELS - 1) + b"\0" * MAX_LEVELS),
        (["null", {"type": "record", "name": "Empty", "fields": []}], b"\2"),
        (["null", "string"], b"\x82\x00\2a"),
        (["null", "string"], b"\x80\x00"),
        ("long", b"\xff" * 9 + b"\1"),
        ("long", b"\x80\x80\x00"),
        ("string", number(100) + b"x" * 100),
        ("double", b"\xff" * 8),
        ({"type": "bytes", "logicalType": "decimal", "precision": 10**9}, number(100_000) + b"\x7f" * 100_000),
    ],
    ids=lambda value: None if isinstance(value, bytes) else str(value)[:40],
)
def test_what_is_unusual_and_yet_a_value_passes(avro: Any, data: bytes) -> None:
    """A block that states its length, a number longer than it need be, a second block, as deep as may be."""
    assert verdict(Attack(avro, data, "")) == "an event"
    assert "1 bytes after its end" in verdict(Attack(avro, data + b"\0", ""))


def test_the_end_of_the_bytes_is_found_wherever_it_comes() -> None:
    decoder = EventDecoder(Schemas({SCHEMA_ID: USERS}))
    for length in range(5, len(PLAIN)):
        with pytest.raises(
            UndecodableEvent, match=r"^the value does not decode: (\S+ is cut short|version has a length of 64)"
        ):
            decoder.decode(PLAIN[:length])


# Schemas of every kind, and values of theirs; fastavro's writer says what their bytes are.
_names = count()
_leaves: dict[str, SearchStrategy[Any]] = {
    "boolean": st.booleans(),
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(width=32),
    "double": st.floats(),
    "bytes": st.binary(max_size=80),
    "string": texts | st.text("x", min_size=60, max_size=70),
}
_fixed = st.integers(1, 5).map(lambda size: {"type": "fixed", "size": size})
_enums = st.integers(1, 70).map(lambda size: {"type": "enum", "symbols": [f"s{at}" for at in range(size)]})


def _composed(inner: SearchStrategy[Any]) -> SearchStrategy[Any]:
    branch = inner.filter(lambda avro: not isinstance(avro, list))
    return st.one_of(
        inner.map(lambda avro: {"type": "array", "items": avro}),
        inner.map(lambda avro: {"type": "map", "values": avro}),
        st.lists(inner, min_size=1, max_size=4).map(_record),
        branch.map(lambda avro: ["null", avro]),
        branch.map(lambda avro: [avro, "null"]),
        st.lists(branch, min_size=1, max_size=4, unique_by=_kind),
    )


def _record(parts: list[Any]) -> Any:
    return {"type": "record", "fields": [{"name": f"f{at}", "type": avro} for at, avro in enumerate(parts)]}


def _kind(avro: Any) -> str:
    return str(avro["type"]) if isinstance(avro, dict) else str(avro)


schemas = st.recursive(st.sampled_from(sorted(_leaves)) | _fixed | _enums, _composed, max_leaves=6)


def named(avro: Any) -> Any:
    """A schema whose named types have a name each."""
    if isinstance(avro, list):
        return [named(part) for part in avro]
    if not isinstance(avro, dict):
        return avro
    needs_name = avro.get("type") in ("record", "enum", "fixed")
    return {part: named(value) for part, value in avro.items()} | ({"name": f"N{next(_names)}"} if needs_name else {})


def values_of(avro: Any) -> SearchStrategy[Any]:
    if isinstance(avro, list):
        return st.one_of([values_of(branch) for branch in avro])
    match _kind(avro):
        case "null":
            return st.none()
        case "array":
            return st.lists(values_of(avro["items"]), max_size=3)
        case "map":
            return st.dictionaries(texts, values_of(avro["values"]), max_size=3)
        case "record":
            return st.fixed_dictionaries({field["name"]: values_of(field["type"]) for field in avro["fields"]})
        case "fixed":
            return st.binary(min_size=avro["size"], max_size=avro["size"])
        case "enum":
            return st.sampled_from(avro["symbols"])
        case kind:
            return _leaves[kind]


def written(data: st.DataObject) -> tuple[Any, bytes]:
    """A schema, and the bytes of a value of it."""
    avro = named(data.draw(schemas))
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(avro), data.draw(values_of(avro)))
    return avro, out.getvalue()


def decoder_of(avro: Any) -> EventDecoder:
    """A decoder of events that have a field of that type."""
    return EventDecoder(Schemas({SCHEMA_ID: with_field(avro)}))


@given(st.data())
def test_what_fastavro_writes_is_passed_over_and_nothing_shorter_or_longer(data: st.DataObject) -> None:
    avro, value = written(data)
    decoder = decoder_of(avro)
    assert decoder.decode(PLAIN + value) == PLAIN_EVENT
    for other in (*(value[:length] for length in range(len(value))), value + b"\0", value + SPARE):
        with pytest.raises(UndecodableEvent):
            decoder.decode(PLAIN + other)


@given(st.data())
def test_what_is_passed_over_fastavro_reads_and_what_is_refused_it_would_not_write(data: st.DataObject) -> None:
    avro, value = written(data)
    at, byte = data.draw(st.integers(0, len(value) - 1)), data.draw(st.integers(0, 255))
    changed = value[:at] + bytes([byte]) + value[at + 1 :]
    try:
        decoder_of(avro).decode(PLAIN + changed)
    except UndecodableEvent:
        assert written_again(avro, changed) != changed
    else:
        stream = io.BytesIO(changed)
        fastavro.schemaless_reader(stream, fastavro.parse_schema(avro), None)
        assert stream.read() == b""


def written_again(avro: Any, data: bytes) -> bytes | None:
    """The bytes of the value that fastavro makes of those; None where it makes none."""
    parsed, out = fastavro.parse_schema(avro), io.BytesIO()
    try:
        fastavro.schemaless_writer(out, parsed, fastavro.schemaless_reader(io.BytesIO(data), parsed, None))
    except Exception:  # noqa: BLE001 - of every kind
        return None
    return out.getvalue()
