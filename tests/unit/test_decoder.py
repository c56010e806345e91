"""The generated decoder: what the obvious one reads of any bytes, or a refusal."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.obvious import ObviousCodec
from schemas.attribute_values import Item
from schemas.change_event import ChangeEvent
from schemas.codec import source_of
from schemas.errors import UndecodableEvent
from schemas.event_schema import packaged
from tests.hostile_bytes import number, text
from tests.items import FIELDS, Attribute, Schemas, event, events, schema_text
from tests.whole_decoder import WholeDecoder

RICH = schema_text(*FIELDS)
DECODER, OBVIOUS = WholeDecoder(Schemas({1: RICH})), ObviousCodec(RICH)
FRAME = b"\0\0\0\0\1"
KEY: dict[str, Attribute] = {"Hash": {"N": "1"}, "Range": {"S": "r"}}


def obviously(data: bytes) -> ChangeEvent | None:
    """The event that the bytes are to who trusts them; None where they are none even so."""
    try:
        return OBVIOUS.decode(data)
    except Exception:  # noqa: BLE001 - of every kind
        return None


def assert_same(data: bytes) -> None:
    """Both read the same; what is refused is refused by both, or not as anybody would write it."""
    expected = obviously(data)
    try:
        read = DECODER.decode(FRAME + data)
    except UndecodableEvent:
        assert expected is None or OBVIOUS.encode(expected) != data
    else:
        assert read == expected


@given(events)
def test_what_fastavro_writes_reads_as_it_was_written(written: ChangeEvent) -> None:
    assert DECODER.decode(FRAME + OBVIOUS.encode(written)) == written


_changes = st.tuples(st.integers(0), st.binary(max_size=1), st.integers(0, 1))
"""A place, what is put there, and how many bytes are left out."""


@given(events, st.lists(_changes, min_size=1, max_size=3))
def test_bytes_changed_put_in_or_left_out_read_as_fastavro_reads_them(
    written: ChangeEvent, changes: list[tuple[int, bytes, int]]
) -> None:
    data = OBVIOUS.encode(written)
    for place, put_in, left_out in changes:
        at = place % len(data)
        data = data[:at] + put_in + data[at + left_out :]
    assert_same(data)


@given(events, st.data())
def test_a_part_of_an_event_reads_as_fastavro_reads_it(written: ChangeEvent, data: st.DataObject) -> None:
    value = OBVIOUS.encode(written)
    begin, end = sorted((data.draw(st.integers(0, len(value))), data.draw(st.integers(0, len(value)))))
    assert_same(value[:begin])
    assert_same(value[:begin] + value[end:])


_LONGS = [number(2**at + off) for at in (6, 7, 13, 14, 31, 40, 62) for off in (-1, 0)]
_LONGS += [number(-whole) for whole in (1, 2, 64, 2**31, 2**63)] + [b"\x80\0", b"\x82\0", b"\x80" * 20, b"\xff" * 9]


@pytest.mark.slow
@pytest.mark.parametrize("huge", _LONGS, ids=bytes.hex)
@given(events, st.integers(0))
def test_any_number_in_the_place_of_a_byte_reads_as_fastavro_reads_it(
    huge: bytes, written: ChangeEvent, place: int
) -> None:
    value = OBVIOUS.encode(written)
    at = place % len(value)
    assert_same(value[:at] + huge + value[at + 1 :])


def _blocks(*blocks: bytes) -> bytes:
    return b"".join(blocks) + b"\0"


@pytest.mark.parametrize(
    "spelled",
    [
        _blocks(number(1) + text(b"one"), number(2) + text(b"two") + text(b"three")),
        _blocks(number(-3) + number(14) + text(b"one") + text(b"two") + text(b"three")),
        number(3) + text(b"one") + text(b"two") + text(b"three") + b"\x80\0",
        b"\x86\0" + text(b"one") + b"\x86\0two" + text(b"three") + b"\0",
    ],
    ids=["blocks", "a block that states its length", "a long end", "long lengths"],
)
def test_a_list_reads_the_same_however_avro_may_spell_it(spelled: bytes) -> None:
    item = KEY | {"ListOfText": {"L": [{"S": "one"}, {"S": "two"}, {"S": "three"}]}}
    written = event(KEY, None, item)
    usual = number(3) + text(b"one") + text(b"two") + text(b"three") + b"\0"
    data = OBVIOUS.encode(written)
    assert data.count(usual) == 1
    assert DECODER.decode(FRAME + data.replace(usual, spelled)) == written


def test_a_symbol_that_a_later_release_adds_is_undecodable_by_name() -> None:
    later = RICH.replace('"SNAPSHOT"]', '"SNAPSHOT","MERGE"]')
    data = ObviousCodec(later).encode(event(KEY)).replace(b"\4e1\2", b"\4e1\x08")
    with pytest.raises(UndecodableEvent, match="operation is 'MERGE', which this release does not know"):
        WholeDecoder(Schemas({1: later})).decode(FRAME + data)


def test_fields_in_another_order_and_fields_added_inside_are_read_by_the_writers_schema() -> None:
    schema = msgspec.json.decode(RICH)
    fields = {field["name"]: field for field in schema["fields"]}
    item = fields["before"]["type"][1]
    item["fields"].reverse()
    source = fields["source"]["type"]["fields"]
    principal = next(field["type"][1] for field in source if field["name"] == "principal")
    added = [{"name": f"added_{at}", "type": avro, "default": 7} for at, avro in enumerate(("int", ["long", "null"]))]
    source[3:3], principal["fields"][1:1] = added[:1], added[1:]
    writers = msgspec.json.encode(schema | {"fields": schema["fields"][::-1][3:] + schema["fields"][-3:]}).decode()
    item_of = KEY | {"Text": {"S": "a"}, "ListOfLongs": {"L": [{"N": "-5"}]}, "undeclared": {"NULL": True}}
    written = event(KEY, item_of, item_of, metadata={"a": "b"})
    read = WholeDecoder(Schemas({1: writers})).decode(FRAME + ObviousCodec(writers).encode(written))
    assert read == written
    assert isinstance(read.after, Item)


def test_the_source_can_be_read() -> None:
    source = source_of(packaged("users"))
    compile(source, "printed", "exec")
    assert "return {'S': data[start:at].decode()}" in source
