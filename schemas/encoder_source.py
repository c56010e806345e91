"""The encoder that a schema describes, as Python source: attribute values straight to Avro's bytes.

Each method writes the lines that append the bytes of one value to a list (`put`). What those lines call is in
`schemas.encoding`. A source is built once for a schema; `schemas.codec.source_of` prints it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from schemas import encoding
from schemas.change_event import ChangeEvent, Principal
from schemas.change_event import Source as EventSource
from schemas.errors import InvalidSchema
from schemas.item_record import UNMAPPED, Field, ItemRecord, Shape
from schemas.python_source import Source, built
from schemas.schema_text import meaning, read_schema

_CLASSES = {"event": ChangeEvent, "source": EventSource, "principal": Principal}
"""What the records of the envelope are made from: fields of the same names."""


def encoder(schema_text: str, record: ItemRecord, frame: bytes) -> Callable[[ChangeEvent], bytes]:
    """What gives an event's bytes, `frame` first. Raises InvalidSchema where the envelope is not of this release."""
    module = built(encoder_source(schema_text, record), names(record, frame), "encoder")
    encode: Callable[[ChangeEvent], bytes] = module["encode"]
    return encode


def names(record: ItemRecord, frame: bytes) -> dict[str, Any]:
    """What the source calls."""
    return vars(encoding) | {"FRAME": frame, "RECORD": record}


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

        `unfit` are the declared attributes that have no typed value: an explicit NULL, a number that is not a long.
        """
        declared = {field.name: field for field in self._record.fields}
        for field in self._record.fields:
            self._blocks_of(field.shape)
        with self.source.function("item(out, item, path)"):
            self._write("put, get = out.append, item.get", "absent, unfit = 0, []")
            with self._block("try:"):
                for name in self._record.names:
                    if name == UNMAPPED:
                        self._write("unmapped_at = len(out)", "put(ZERO)")
                    else:
                        self._field(declared[name])
            with self._block("except KeyError:"):
                self._write("refuse(RECORD, item, path)")
            with self._block(f"if unfit or len(item) + absent != {len(declared)}:"):
                self._write("out[unmapped_at] = unmapped_bytes(RECORD, item, unfit)")

    def _field(self, field: Field) -> None:
        shape, unfit = field.shape, ("put(ZERO)", f"unfit.append({field.attribute!r})")
        with self._block(f"if (value := get({field.attribute!r})) is None:"):
            self._write("absent += 1", "put(ZERO)")
        with self._block("elif 'NULL' not in value:" if shape.letter == "ANY" else f"elif {shape.letter!r} in value:"):
            if _has_long(shape):
                self._write("begun = len(out)")
                with self._block("try:"):
                    self._present(shape)
                with self._block("except DoesNotFit:"):
                    self._write("del out[begun:]", *unfit)
            else:
                self._present(shape)
        with self._block("else:"):
            self._write(*unfit)
            if shape.letter != "ANY":
                self._write("if 'NULL' not in value: refuse(RECORD, item, path)")

    def _present(self, shape: Shape) -> None:
        """The second branch of a union, and the value of that."""
        if shape.avro in ("string", "bytes"):
            self._sized(_bytes_of(shape, _content(shape, "value")), "ONE_SIZE")
        else:
            self._write("put(ONE)")
            self._value(shape, _content(shape, "value"))

    def _value(self, shape: Shape, content: str) -> None:
        """The content of an attribute value, as its Avro type has it."""
        match shape.avro:
            case "string" | "bytes":
                self._sized(_bytes_of(shape, content))
            case "long":
                self._write(f"put(number_bytes({content}))")
            case "boolean":
                self._write(rf"put(b'\1' if {content} else b'\0')")
            case _:
                self._write(f"{self._blocks[shape]}(put, {content})")

    def _sized(self, value: str, sizes: str = "SIZE") -> None:
        """A string or bytes: the length, and that many bytes."""
        self._write(f"put({sizes}[len(text := {value})])", "put(text)")

    def _blocks_of(self, shape: Shape) -> None:
        """An array or a map, as a function: their count and all members, unless there are none; then a zero."""
        if (member := shape.member) is None:
            return
        self._blocks_of(member)
        self._blocks[shape] = name = f"put_{len(self._blocks)}"
        with self.source.function(f"{name}(put, members)"):
            self._write(repr(f"The {shape.avro} {shape.where}."))
            with self._block("if members:"):
                self._write("put(SIZE[len(members)])")
                head = "for name, member in members.items():" if shape.avro == "map" else "for member in members:"
                with self._block(head):
                    if shape.avro == "map":
                        self._write("put(NAME[name])")
                    self._value(member, "member" if shape.holds_contents else _content(member, "member"))
            self._write("put(ZERO)")

    def _fields(self, record: str, schema: dict[str, Any]) -> None:
        """A record of the envelope that stands in the variable `record`: its fields in order."""
        known = {field.name for field in dataclasses.fields(_CLASSES[record])}
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
                self._sized(f"{value}.encode()")
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

    def _texts(self, value: str) -> None:
        """A map of texts."""
        with self._block(f"if entries := {value}:"):
            self._write("put(SIZE[len(entries)])")
            with self._block("for name, entry in entries.items():"):
                self._write("put(NAME[name])")
                self._sized("entry.encode()")
        self._write("put(ZERO)")

    def _key(self, value: str) -> None:
        """The record of the key attributes, in key order."""
        self._write(f"key = {value}.attributes")
        with self._block("try:"):
            for field in self._record.key_fields:
                self._value(field.shape, _content(field.shape, f"key[{field.attribute!r}]"))
        with self._block("except KeyError:"):
            self._write("refuse_key(RECORD, key)")


def _content(shape: Shape, value: str) -> str:
    """What of an attribute value is written: its content, but all of one that may be of any type."""
    return value if shape.letter == "ANY" else f"{value}[{shape.letter!r}]"


def _bytes_of(shape: Shape, content: str) -> str:
    if shape.letter == "ANY":
        return f"json_bytes({content})"
    return f"{content}.encode()" if shape.avro == "string" else f"base64_bytes({content})"


def _has_long(shape: Shape) -> bool:
    return shape.avro == "long" or (shape.member is not None and _has_long(shape.member))
