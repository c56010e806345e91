"""The encoder that a schema describes, as Python source: attribute values straight to Avro's bytes.

Each method writes the lines that append the bytes of one value to a list (`put`). What those lines call is in
`schemas.encoding`. A source is built once for a schema; `schemas.codec.source_of` prints it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from schemas import encoding
from schemas.attribute_checks import ATTRIBUTE_DEPTH, MAX_DIGITS, check_number
from schemas.change_event import ChangeEvent, Principal
from schemas.change_event import Source as EventSource
from schemas.errors import InvalidSchema
from schemas.item_record import UNMAPPED, Field, ItemRecord, Shape
from schemas.json_values import SEEN, check_json, json_bytes
from schemas.python_source import Source, built
from schemas.schema_text import meaning, read_schema

_CLASSES: dict[str, type[msgspec.Struct]] = {"event": ChangeEvent, "source": EventSource, "principal": Principal}
"""What the records of the envelope are made from: fields of the same names."""


def encoder(schema_text: str, record: ItemRecord, frame: bytes) -> Callable[[ChangeEvent], bytes]:
    """What gives an event's bytes, `frame` first. Raises InvalidSchema where the envelope is not of this release."""
    module = built(encoder_source(schema_text, record), names(record, frame), "encoder")
    encode: Callable[[ChangeEvent], bytes] = module["encode"]
    return encode


def names(record: ItemRecord, frame: bytes) -> dict[str, Any]:
    """What the source calls."""
    called = {"SEEN": SEEN, "check_json": check_json, "check_number": check_number, "json_bytes": json_bytes}
    return vars(encoding) | called | {"FRAME": frame, "RECORD": record}


def encoder_source(schema_text: str, record: ItemRecord) -> Source:
    """The source of the schema's encoder; `record` is its item record."""
    writer = _Writer(record)
    writer.item()
    writer.event(meaning(read_schema(schema_text)))
    return writer.source


class _Writer:
    def __init__(self, record: ItemRecord) -> None:
        self.source = Source()
        self._write, self._block = self.source.write, self.source.block
        self._record = record
        self._blocks: dict[Shape, str] = {}
        self._symbols: dict[str, dict[str, bytes]] = {}

    def event(self, schema: dict[str, Any]) -> None:
        """The envelope: its fields in order, each from the attribute of its name."""
        with self.source.function("encode(event)"):
            self._write("out = [FRAME]", "put = out.append")
            self._fields("event", schema)
            self._write("return b''.join(out)")
        for name, numbers in self._symbols.items():
            self._write("", f"{name.upper()} = {numbers!r}")

    def item(self) -> None:
        """The item record: a union of null and the declared type for each field, and the map of all that has none.

        What the lines do not stumble over is checked on the way. `unfit` are the declared attributes that have no typed
        value: an explicit NULL, a number that is not a long.
        """
        declared = {field.name: field for field in self._record.fields}
        for field in self._record.fields:
            self._blocks_of(field.shape, ATTRIBUTE_DEPTH)
        with self.source.function("item(out, item, path)"):
            with self._block("try:"):
                self._write("put, get = out.append, item.get", "absent, unfit = 0, []")
                for name in self._record.names:
                    if name == UNMAPPED:
                        self._write("unmapped_at = len(out)", "put(ZERO)")
                    else:
                        self._field(declared[name])
                with self._block(f"if unfit or len(item) + absent != {len(declared)}:"):
                    self._write("out[unmapped_at] = unmapped_bytes(RECORD, item, unfit)")
            with self._block("except WRONG:"):
                self._write("refuse(RECORD, item, path)")

    def _field(self, field: Field) -> None:
        shape, unfit = field.shape, ("put(ZERO)", f"unfit.append({field.attribute!r})")
        with self._block(f"if (value := get({field.attribute!r})) is None:"):
            self._write("absent += 1", "put(ZERO)")
        of_type = "'NULL' not in value" if shape.letter == "ANY" else f"{shape.letter!r} in value and len(value) == 1"
        with self._block(f"elif {of_type}:"):
            if _has_long(shape):
                with self._block("try:"):
                    self._write(f"text = {self._made(shape, _content(shape, 'value'))}")
                with self._block("except DoesNotFit:"):
                    self._write(*unfit)
                with self._block("else:"):
                    self._write("put(ONE)", "put(text)")
            else:
                self._present(shape)
        with self._block("else:"):
            self._write(*unfit)
            if shape.letter != "ANY":
                self._write("if 'NULL' not in value: raise TypeError")

    def _present(self, shape: Shape) -> None:
        """The second branch of a union, and the value of that."""
        if shape.avro in ("string", "bytes"):
            self._sized(shape, _content(shape, "value"), ATTRIBUTE_DEPTH, "ONE_SIZE")
        else:
            self._write("put(ONE)")
            self._value(shape, _content(shape, "value"), ATTRIBUTE_DEPTH)

    def _value(self, shape: Shape, content: str, depth: int) -> None:
        """The content of an attribute value, as its Avro type has it."""
        if shape.avro in ("string", "bytes"):
            self._sized(shape, content, depth)
        else:
            self._write(f"put({self._made(shape, content)})")

    def _made(self, shape: Shape, content: str) -> str:
        """The bytes of a content that says itself where it ends."""
        if shape.avro == "long":
            return f"NUMBER[{content}]"
        return f"{'flag_byte' if shape.avro == 'boolean' else self._blocks[shape]}({content})"

    def _sized(self, shape: Shape, content: str, depth: int, sizes: str = "SIZE") -> None:
        """A string or bytes: the length, and that many bytes."""
        match shape.letter, shape.avro:
            case "N", _:
                self._write(f"text = {content}.encode()")
                with self._block(f"if len(text) > {MAX_DIGITS} or not text.isdigit():"):
                    self._write(f"check_number({content})")
            case "ANY", _:
                self._write(f"text = json_bytes({content})")
                self._write(f"if text not in SEEN: check_json(text, {content}, {depth})")
            case _, "string":
                self._write(f"text = {content}.encode()")
            case _:
                self._write(f"text = base64_bytes({content})")
        self._write(f"put({sizes}[len(text)])", "put(text)")

    def _blocks_of(self, shape: Shape, depth: int) -> None:
        """An array or a map, as a function: their count and all members, unless there are none; then a zero."""
        if (member := shape.member) is None:
            return
        self._blocks_of(member, depth + 1)
        self._blocks[shape] = name = f"block_{len(self._blocks)}"
        keeps = depth == ATTRIBUTE_DEPTH and not _holds_any(shape)
        if keeps:
            self._write("", f"{name.upper()} = Kept()")
        with self.source.function(f"{name}(members)"):
            self._write(repr(f"The {shape.avro} {shape.where}."))
            self._write(f"if type(members) is not {'dict' if shape.avro == 'map' else 'list'}: raise TypeError")
            if keeps:
                self._write(f"if (made := {name.upper()}.get(whole := json_bytes(members))) is not None: return made")
            self._write("out = []", "put = out.append")
            with self._block("if members:"):
                self._members(shape, member, depth)
            if shape.holds_contents:
                self._write(f"if not members or not distinct(members, {member.letter!r}): raise TypeError")
            self._write("put(ZERO)", "made = b''.join(out)")
            self._write(f"return {name.upper()}.keep(whole, made)" if keeps else "return made")

    def _members(self, shape: Shape, member: Shape, depth: int) -> None:
        is_map = shape.avro == "map"
        self._write("put(SIZE[len(members)])")
        with self._block("for name, member in members.items():" if is_map else "for member in members:"):
            if is_map:
                self._write("put(NAME[name])")
            if not shape.holds_contents and member.letter != "ANY":
                self._write("if len(member) != 1: raise TypeError")
            self._value(member, "member" if shape.holds_contents else _content(member, "member"), depth + 1)

    def _fields(self, record: str, schema: dict[str, Any]) -> None:
        """A record of the envelope that stands in the variable `record`: its fields in order."""
        known = {field.name for field in msgspec.structs.fields(_CLASSES[record])}
        for field in schema["fields"]:
            if (name := field["name"]) not in known:
                raise InvalidSchema(f"the envelope has a field {name!r} ({record}) that this release cannot fill")
            self._part(field["type"], f"{record}.{name}", name)

    def _part(self, avro: Any, value: str, name: str) -> None:
        """One value of the envelope, as its type has it: the expression `value`, of the field `name`."""
        match avro:
            case ["null", branch]:
                with self._block(f"if ({name} := {value}) is None:"):
                    self._write("put(ZERO)")
                with self._block("else:"):
                    self._write("put(ONE)")
                    self._part(branch, name, name)
            case "string":
                self._text(value)
            case "long":
                self._write(f"put(long_bytes({value}))")
            case {"logicalType": "timestamp-millis"}:
                self._write(f"put(long_bytes(millis({value})))")
            case {"type": "enum", "symbols": symbols}:
                self._symbols[name] = {symbol: encoding.long_bytes(at) for at, symbol in enumerate(symbols)}
                self._write(f"put({name.upper()}[{value}.value])")
            case {"type": "map"}:
                self._texts(value)
            case {"type": "record"} if name == "key":
                self._key(value)
            case _ if name in ("before", "after"):
                self._write(f"item(out, {value}.attributes, {name!r})")
            case _:
                if value != name:
                    self._write(f"{name} = {value}")
                self._fields(name, avro)

    def _text(self, value: str) -> None:
        """A string that is the value of an expression."""
        self._write(f"put(SIZE[len(text := {value}.encode())])", "put(text)")

    def _texts(self, value: str) -> None:
        """A map of texts."""
        with self._block(f"if entries := {value}:"):
            self._write("put(SIZE[len(entries)])")
            with self._block("for name, entry in entries.items():"):
                self._text("name")
                self._text("entry")
        self._write("put(ZERO)")

    def _key(self, value: str) -> None:
        """The record of the key attributes, in key order."""
        self._write(f"key = {value}.attributes")
        with self._block("try:"):
            for field in self._record.key_fields:
                self._value(field.shape, _content(field.shape, f"key[{field.attribute!r}]"), ATTRIBUTE_DEPTH)
        with self._block("except KeyError:"):
            self._write("refuse_key(RECORD, key)")


def _content(shape: Shape, value: str) -> str:
    """What of an attribute value is written: its content, but all of one that may be of any type."""
    return value if shape.letter == "ANY" else f"{value}[{shape.letter!r}]"


def _has_long(shape: Shape) -> bool:
    return shape.avro == "long" or (shape.member is not None and _has_long(shape.member))


def _holds_any(shape: Shape) -> bool:
    return shape.letter == "ANY" or (shape.member is not None and _holds_any(shape.member))
