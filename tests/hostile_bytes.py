"""Attacks on whoever decodes Avro: bytes that lie about what follows, and schemas that make little of them much.

Each was seen to crash fastavro 1.13 (the stack), to fill gigabytes, or to be read as a value that it is not.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from schemas.codec import EventDecoder
from schemas.errors import UndecodableEvent
from schemas.event_encoder import EventEncoder
from schemas.event_schema import packaged
from schemas.topics import MAX_MESSAGE_BYTES as MOST
from tests.items import Attribute, Schemas, event

Avro = Any
SCHEMA_ID = 1
KEY: dict[str, Attribute] = {"UserId": {"N": "42"}}
USERS = packaged("users")
ENCODER = EventEncoder(SCHEMA_ID, USERS)
PLAIN = ENCODER.encode(event(KEY))


def number(value: int) -> bytes:
    """An Avro int or long."""
    value = (value << 1) ^ (value >> 63) if value < 0 else value << 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def text(value: bytes) -> bytes:
    """An Avro string, or bytes."""
    return number(len(value)) + value


def nested(levels: int, avro: Avro = "long") -> Avro:
    """Arrays in arrays."""
    for _ in range(levels):
        avro = {"type": "array", "items": avro}
    return avro


def wrapped(levels: int) -> Avro:
    """Records of one field each in one another, a byte in the middle."""
    avro: Avro = "boolean"
    for level in range(levels):
        avro = {"type": "record", "name": f"W{level}", "fields": [{"name": "a", "type": avro}]}
    return avro


def doubled(levels: int) -> Avro:
    """Records of two fields each, both the same record of two fields."""
    avro: Avro = {"type": "record", "name": "D0", "fields": [{"name": "a", "type": "boolean"}]}
    for level in range(1, levels):
        both = [{"name": "a", "type": avro}, {"name": "b", "type": f"D{level - 1}"}]
        avro = {"type": "record", "name": f"D{level}", "fields": both}
    return avro


NODE = {"type": "record", "name": "Node", "fields": [{"name": "next", "type": ["null", "Node"]}]}
TREE = {"type": "record", "name": "Tree", "fields": [{"name": "of", "type": nested(1, "Tree")}]}
ITSELF = {"type": "record", "name": "Itself", "fields": [{"name": "a", "type": "Itself"}]}
EMPTY = {"type": "record", "name": "Empty", "fields": []}
FIXED = {"type": "fixed", "name": "Fixed", "size": 10**12}
ENUM = {"type": "enum", "name": "Enum", "symbols": ["A", "B"]}
TEXTS = {"type": "array", "items": "string"}
MAP = {"type": "map", "values": "long"}
DEEP, CUT, MUCH = "is nested more than 64 deep", "is cut short", "more than 1000000 values"
SPARE = b"\1\1\1\1\1\1\1\1\1\1"


class Attack(NamedTuple):
    """Bytes as the value of a field `x` behind an event's own, the field's type, and what is said about it."""

    avro: Avro
    data: bytes
    said: str


ATTACKS = {
    "a record in itself": Attack(ITSELF, b"x", DEEP),
    "a list as deep as the bytes": Attack(NODE, b"\2" * MOST + b"\0", rf"x(\.next){{60,64}} {DEEP}"),
    "a list a little too deep": Attack(NODE, b"\2" * 64 + b"\0", DEEP),
    "a tree as deep as the bytes": Attack(TREE, b"\2" * 100_000 + b"\0" * 100_000, DEEP),
    "a deep schema": Attack(nested(70), b"\2" * 70 + b"\0" * 71, rf"the schema\.x(\[\])+ {DEEP}"),
    "a schema deeper than the stack": Attack(nested(500), b"", "nested more than 256 deep"),
    "a thousand million nulls": Attack(nested(1, "null"), number(10**9) + b"\0", r"x\[\] takes no bytes"),
    "as many empty records": Attack(nested(1, EMPTY), number(10**9) + b"\0", r"x\[\] takes no bytes"),
    "as many fixed of nothing": Attack(nested(1, FIXED | {"size": 0}), number(10**9) + b"\0", r"x\[\] takes no bytes"),
    "a map of nulls": Attack(MAP | {"values": "null"}, number(10**9) + b"\0", r"x\.\* takes no bytes"),
    "a null for a field": Attack("null", b"", r"the schema\.x takes no bytes"),
    "a million empty texts": Attack(TEXTS, number(MOST) + b"\0" * MOST + b"\0", rf"x\[0\] .*{MUCH}"),
    "in many blocks": Attack(TEXTS, b"\2\0" * MOST + b"\0", rf"x\[\d+\] .*{MUCH}"),
    "a million empty arrays": Attack(nested(2), number(MOST) + b"\0" * MOST + b"\0", MUCH),
    "a hundred thousand records of many": Attack(nested(1, wrapped(50)), number(100_000) + b"\0" * 100_001, MUCH),
    "a schema that doubles": Attack(doubled(40), b"\0" * 1000, r"made of \d{10,} values"),
    "items beyond the bytes": Attack(TEXTS, number(2**62) + SPARE, rf"x\[0\] begins {2**62} items in the 10 bytes"),
    "bytes beyond the bytes": Attack("bytes", number(3 * 10**9) + SPARE, "x has a length of 3000000000, .* 10 bytes"),
    "text beyond the bytes": Attack("string", number(2**62) + SPARE, f"x has a length of {2**62}"),
    "text a little longer": Attack("string", number(11) + SPARE, "x has a length of 11, .* 10 bytes"),
    "fixed beyond the bytes": Attack(FIXED, SPARE, CUT),
    "a negative length": Attack("string", number(-1) + SPARE, "x has a length of -1"),
    "a negative length in two bytes": Attack("bytes", number(-100) + SPARE, "x has a length of -100"),
    "a negative size": Attack(FIXED | {"size": -5}, SPARE, r"the schema\.x is fixed at -5 bytes"),
    "a size that is no number": Attack(FIXED | {"size": "5"}, SPARE, r"the schema\.x is fixed at '5' bytes"),
    "a block of another length": Attack(TEXTS, number(-2) + number(9) + b"\2a\2b\0", r"x\[2\] ends a block 5 bytes"),
    "a block of a negative length": Attack(TEXTS, number(-1) + number(-9) + b"\2a\0", r"x\[1\] ends a block 11 bytes"),
    "the lowest count": Attack(TEXTS, number(-(2**63)) + b"\0", rf"begins {2**63} items"),
    "a name beyond the bytes": Attack(MAP, b"\2" + number(2**40) + SPARE, rf"x\[0\] has a length of {2**40}"),
    "a negative branch": Attack(["null", "string"], number(-1) + SPARE, "x is number -1 of 2 branches"),
    "a branch too many": Attack(["null", "string"], number(2) + SPARE, "x is number 2 of 2 branches"),
    "a branch of many more": Attack(["string", "null", "long"], number(10**9) + SPARE, "x is number 1000000000 of 3"),
    "a branch of none": Attack([], b"\0", "x is number 0 of 0 branches"),
    "a negative symbol": Attack(ENUM, number(-1), "x is number -1 of 2 symbols"),
    "a symbol too many": Attack(ENUM, number(2**40), f"x is number {2**40} of 2 symbols"),
    "a number without end": Attack("long", b"\x80" * 1_000_000 + b"\0", "x has a number of more than 10 bytes"),
    "a length without end": Attack("string", b"\xff" * 1_000_000 + b"\1", "x has a number of more than 10 bytes"),
    "a number of 65 bits": Attack("long", b"\xff" * 9 + b"\2", "x has a number of more than 64 bits"),
    "an int of 33 bits": Attack("int", number(2**31), f"x is {2**31}, expected at most 32 bits"),
    "a third truth": Attack("boolean", b"\2", "x is 2, expected 0 or 1"),
    "text that is none": Attack("string", text(b"\xff\xfe"), "x is text that is no UTF-8"),
    "a name that is none": Attack(MAP, b"\2" + text(b"\xff") + b"\0\0", r"x\[0\] is text that is no UTF-8"),
    "a union in a union": Attack(["null", ["null", "long"]], b"\0", r"the schema\.x is a union in a union"),
    "a name that means nothing": Attack("Nobody", b"\0", r"the schema\.x is of the type '.*Nobody', which nothing"),
    "a type defined twice": Attack(["null", "long", ENUM | {"name": "Operation"}], b"\0", "x defines the type .*again"),
    "a field twice": Attack({**EMPTY, "fields": [{"name": "a", "type": "long"}] * 2}, b"\0\0", "x has two fields 'a'"),
    "symbols that are none": Attack(ENUM | {"symbols": 5}, b"\0", "the schema is not Avro: TypeError"),
    "a default of another type": Attack(MAP | {"values": ITSELF | {"fields": 5}}, b"\0", "the schema is not Avro"),
}
"""By what they are, and what must be said."""


def with_field(avro: Avro) -> str:
    """The schema of users with one field more."""
    schema = msgspec.json.decode(USERS)
    return msgspec.json.encode(schema | {"fields": [*schema["fields"], {"name": "x", "type": avro}]}).decode()


def verdict(attack: Attack) -> str:
    """What is said about an attack; `an event` where it passed for one."""
    try:
        EventDecoder(Schemas({SCHEMA_ID: with_field(attack.avro)})).decode(PLAIN + attack.data)
    except UndecodableEvent as error:
        return str(error)
    return "an event"
