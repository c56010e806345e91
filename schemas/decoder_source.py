"""The decoder that a schema describes, as Python source: Avro's bytes straight to attribute values.

Each method writes the lines that read one value of `data` from `at` on and leave `at` behind it. They believe no byte:
lengths, counts and levels are held against what is left (`wire_types` says of what), and whatever is wrong is raised
with its place, `where`. What they call is in `schemas.decoding` and `schemas.wire_values`; `schemas.codec.source_of`
prints them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import msgspec

from schemas import decoding, wire_values
from schemas.attribute_values import Item, shown
from schemas.change_event import ChangeEvent, Operation, Principal, ViewType
from schemas.change_event import Source as EventSource
from schemas.errors import BrokenValue, InvalidSchema, UndecodableEvent
from schemas.item_record import UNMAPPED, ItemRecord, Shape
from schemas.json_values import from_json
from schemas.python_source import Source, built
from schemas.schema_text import bare, meaning, read_schema
from schemas.wire_types import WireType, wire_type
from schemas.wire_values import CUT, MAX_LEVELS, MAX_VALUES, Left

_CLASSES = {made.__name__: made for made in (Item, ChangeEvent, EventSource, Principal)}
_ENUMS = {"operation": Operation, "source.view_type": ViewType}
_RECORDS: dict[str, type] = {"source": EventSource, "source.principal": Principal}


def decoder(schema_text: str, record: ItemRecord) -> Callable[[bytes, int], ChangeEvent]:
    """What gives the event that is in some bytes from a place to their end, or raises UndecodableEvent.

    Raises InvalidSchema for a schema that is beyond the bounds, or no change event's.
    """
    writer = _Writer(record, meaning(bare(read_schema(schema_text))))
    names = vars(wire_values) | vars(decoding) | {"from_json": from_json} | _CLASSES | writer.names
    read: Callable[[bytes, int, Left], tuple[ChangeEvent, int]] = built(writer.source, names, "decoder")["event"]
    values, levels = MAX_VALUES - writer.top.values, MAX_LEVELS - writer.top.levels

    def decode(data: bytes, at: int) -> ChangeEvent:
        try:
            event, end = read(data, at, Left(values, levels))
            if end > len(data):
                raise BrokenValue(CUT)
        except BrokenValue as error:
            path = "".join(reversed(error.path)).removeprefix(".") or "it"
            raise UndecodableEvent(f"the value does not decode: {path} {error.found}") from None
        if end < len(data):
            raise UndecodableEvent(f"the value has {len(data) - end} bytes after its end")
        return event

    return decode


def decoder_source(schema_text: str, record: ItemRecord) -> Source:
    """The source of the schema's decoder; `record` is its item record."""
    return _Writer(record, meaning(bare(read_schema(schema_text)))).source


class _Writer:
    """`names` are those of the source that belong to this schema alone."""

    def __init__(self, record: ItemRecord, schema: Any) -> None:
        self.source, self.top = Source(), wire_type(schema)
        self.names: dict[str, Any] = {}
        self._write, self._block = self.source.write, self.source.block
        self._record = record
        self._blocks: dict[Shape, str] = {}
        self._item()
        self._event(schema)

    def _event(self, schema: dict[str, Any]) -> None:
        """The envelope: its fields in order, those that this release does not know passed over."""
        with self._reads("event"):
            self._fields(schema, "", ChangeEvent, self.top)
            self._write(f"return {_made(ChangeEvent)}, at")

    def _item(self) -> None:
        """The item record: a union of null and the declared type for each field, and the map of all that has none."""
        declared = {field.name: field for field in self._record.fields}
        for field in self._record.fields:
            self._blocks_of(field.shape)
        with self._reads("item"):
            self._write("item = {}")
            for name in self._record.names:
                if name == UNMAPPED:
                    self._write("where = '.unmapped'", "unmapped, at = texts(data, at, left)")
                    continue
                attribute, shape = declared[name].attribute, declared[name].shape
                self._write(f"where = {'.' + attribute!r}")
                with self._present():
                    self._write(f"item[{attribute!r}] = {self._value(shape)}")
            self._write("where = ''", "if unmapped: unmap(item, unmapped)", "return Item(item), at")

    @contextmanager
    def _reads(self, name: str, *start: str, where: str = "where") -> Iterator[None]:
        """A function that reads one value and says of what is wrong in it where that is."""
        with self.source.function(f"{name}(data, at, left)"):
            self._write(*start, "where, limit = '', len(data)")
            with self._block("try:"):
                yield
            with self._block("except Exception as error:"):
                self._write(f"raise broken(error, {where}) from None")

    @contextmanager
    def _present(self) -> Iterator[None]:
        """A union of null and another type: the number of the branch, in one byte unless somebody wrote it longer."""
        self._write("branch = data[at]", "at += 1")
        with self._block("if branch & ~2:"):
            self._write("branch, at = index(data, at - 1, 2, 'branches')")
        with self._block("if branch:"):
            yield

    def _extent(self) -> None:
        """A string or bytes: the length, nearly always in one byte, and that many bytes, from `start` to `at`."""
        with self._block("if (size := data[at]) & 0x81:"):
            self._write("start, at = extent(data, at)")
        with self._block("else:"):
            self._write("start = at + 1", "at = start + (size >> 1)", "if at > limit: raise IndexError")

    def _value(self, shape: Shape) -> str:
        """The attribute value, as an expression behind the lines that read it."""
        content = self._content(shape)
        return content if shape.letter == "ANY" else f"{{{shape.letter!r}: {content}}}"

    def _content(self, shape: Shape) -> str:
        """The content of an attribute value, by its Avro type; text that means more than itself is looked at."""
        match shape.avro:
            case "string" | "bytes":
                self._extent()
                return _TEXTS[shape.letter]
            case "long":
                self._write("number, at = varint(data, at)")
                return "str(number)"
            case "boolean":
                self._write("flag = data[at]", "at += 1")
                self._write("if flag > 1: raise BrokenValue(f'is {flag}, expected 0 or 1')")
                return "flag == 1"
        self._write(f"inner, at = {self._blocks[shape]}(data, at, left)")
        return "number_set(inner)" if shape.letter == "NS" and _member(shape).avro == "string" else "inner"

    def _blocks_of(self, shape: Shape) -> None:
        """An array or a map, as a function: blocks of a count and that many members, up to one of none."""
        if shape.member is None:
            return
        member, is_map = _member(shape), shape.avro == "map"
        self._blocks_of(member)
        self._blocks[shape] = name = f"read_{len(self._blocks)}"
        with self._reads(name, repr(f"The {shape.avro} {shape.where}."), where="f'[{seen}]'"):
            self._write(f"seen, members = 0, {'{}' if is_map else '[]'}")
            with self._block("while data[at]:"):
                self._write("count, at, end = block(data, at)", "if not count: return members, at")
                self._write(f"left.spend({'2 * ' if is_map else ''}count)")
                with self._block("for seen in range(seen, seen + count):"):
                    if is_map:
                        self._extent()
                        self._write("name = data[start:at].decode()")
                    value = self._content(member) if shape.holds_contents else self._value(member)
                    self._write(f"members[name] = {value}" if is_map else f"members.append({value})")
                self._write("seen += 1", "end_block(at, end)")
            self._write("return members, at + 1")

    def _fields(self, schema: dict[str, Any], prefix: str, made: type, wire: WireType) -> None:
        """A record of the envelope: its fields in order, each into the variable of its path."""
        known = {field.name for field in msgspec.structs.fields(made)}
        for field in schema["fields"]:
            name, path = field["name"], prefix + field["name"]
            self._write(f"where = {'.' + path!r}")
            if name in known:
                self._part(field["type"], path, wire.fields[name])
            else:
                self.names[passed := f"pass_{len(self.names)}"] = wire.fields[name].look
                self._write(f"at = {passed}(data, at, left)")

    def _part(self, avro: Any, path: str, wire: WireType) -> None:
        """One value of the envelope, as its type has it."""
        variable = _variable(path)
        match avro:
            case ["null", branch]:
                self._write(f"{variable} = None")
                with self._present():
                    self._part(branch, path, wire)
            case _ if path in ("before", "after"):
                self._write(f"{variable}, at = item(data, at, left)")
            case "string":
                self._extent()
                self._write(f"{variable} = data[start:at].decode()")
            case "long":
                self._write(f"{variable}, at = varint(data, at)")
                if path == "committed_at":
                    self._write(f"{variable} = instant({variable})")
            case {"type": "enum", "symbols": symbols}:
                self.names[variable.upper()] = decoding.Symbols(_ENUMS[path], symbols)
                self._write(f"number, at = index(data, at, {len(symbols)}, 'symbols')")
                self._write(f"{variable} = {variable.upper()}[number]")
            case {"type": "map"}:
                self._write(f"{variable}, at = texts(data, at, left)")
            case _ if path == "key":
                self._key(avro, wire)
            case _:
                self._fields(avro, f"{path}.", _RECORDS[path], wire)
                self._write(f"{variable} = {_made(_RECORDS[path], f'{path}.')}")

    def _key(self, schema: dict[str, Any], wire: WireType) -> None:
        """The record of the key attributes, whole and in key order."""
        left = {field.name: field for field in self._record.key_fields}
        parts = {field.attribute: f"key_{at}" for at, field in enumerate(self._record.key_fields)}
        for each in schema["fields"]:
            name, avro = each["name"], each["type"]
            if (field := left.pop(name, None)) is None:
                raise InvalidSchema(f"the key has a field {shown(name)}, which the item record does not mark as key")
            self._write(f"where = {'.key.' + field.attribute!r}", f"{parts[field.attribute]} = None")
            nullable, kind = isinstance(avro, list), avro[-1] if isinstance(avro, list) else avro
            if (kind if isinstance(kind, str) else kind["type"]) != field.shape.avro:
                raise InvalidSchema(f"the field key.{name} is {shown(avro)}, the item's is {field.shape.avro}")
            with self._present() if nullable else nullcontext():
                self._write(f"{parts[field.attribute]} = {self._value(field.shape)}")
        if left:
            raise InvalidSchema(f"the key has no field {', '.join(left)}")
        whole = ", ".join(each["name"] for each in schema["fields"])
        self._write("where = '.key'")
        with self._block(f"if {' is None or '.join(parts.values())} is None:"):
            self._write(f"raise BrokenValue({f'is not whole, expected a value of each of {whole}'!r})")
        self._write(f"key = Item({{{', '.join(f'{name!r}: {part}' for name, part in parts.items())}}})")


_TEXTS = {
    "S": "data[start:at].decode()",
    "N": "number_text(data[start:at].decode())",
    "B": "base64_text(data[start:at])",
    "ANY": "from_json(data[start:at])",
}


def _member(shape: Shape) -> Shape:
    """What it holds; numbers as text in a set are looked at once they are all there."""
    assert shape.member is not None
    return (
        dataclasses.replace(shape.member, letter="S")
        if shape.letter == "NS" and shape.member.avro == "string"
        else shape.member
    )


def _variable(path: str) -> str:
    return path.replace(".", "_")


def _made(made: type, prefix: str = "") -> str:
    arguments = ", ".join(f"{field.name}={_variable(prefix + field.name)}" for field in msgspec.structs.fields(made))
    return f"{made.__name__}({arguments})"
