"""The decoder that a schema describes, as Python source: Avro's bytes straight to attribute values.

Each method writes the lines that read one value of `data` from `at` on and leave `at` behind it. They believe no byte:
lengths, counts and levels are held against what is left (`wire_types` says of what), and whatever is wrong is raised
with its place, `where`. What they call is in `schemas.decoding` and `schemas.wire_values`; `schemas.codec.source_of`
prints them.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import msgspec

from schemas import decoding, wire_values
from schemas.attribute_values import Item, shown
from schemas.change_event import ChangeEvent, Operation, Principal, ViewType
from schemas.change_event import Source as EventSource
from schemas.errors import BrokenValue, InvalidSchema, UndecodableEvent
from schemas.item_record import UNMAPPED, ItemRecord
from schemas.json_values import from_json
from schemas.python_source import Source, built
from schemas.schema_text import bare, meaning, read_schema
from schemas.wire_source import WireSource
from schemas.wire_types import WireType, wire_type
from schemas.wire_values import CUT, MAX_LEVELS, MAX_VALUES, Left
from schemas.written_item import WrittenAttributes

_CLASSES = {made.__name__: made for made in (Item, WrittenAttributes, ChangeEvent, EventSource, Principal)}
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
            raise decoding.undecodable(error) from None
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
        self.source, self.top = WireSource(), wire_type(schema)
        self.names: dict[str, Any] = {}
        self._write = self.source.write
        self._record = record
        self._item()
        self._event(schema)

    def _event(self, schema: dict[str, Any]) -> None:
        """The envelope: its fields in order, those that this release does not know passed over."""
        with self.source.reader("event(data, at, left)"):
            self._fields(schema, "", ChangeEvent, self.top)
            self._write(f"return {_made(ChangeEvent)}, at")

    def _item(self) -> None:
        """The item record, passed over: where each field's value begins, and the map of all that has none."""
        declared = {field.name: number for number, field in enumerate(self._record.fields)}
        for field in self._record.fields:
            self.source.blocks(field.shape)
            with self.source.function(f"{field_reader(declared[field.name])}(data, at)"):
                self._write(repr(f"The attribute {field.attribute}."))
                self._write(f"return {self.source.value(field.shape, believed=True)}")
        places = [f"at_{number}" for number in declared.values()]
        with self.source.reader("item(data, at, left, side)"):
            self._write(f"{' = '.join(places)} = 0")
            for name in self._record.names:
                if name == UNMAPPED:
                    self._write("where = '.unmapped'")
                    self.source.texts("others")
                    continue
                field = self._record.fields[declared[name]]
                self._write(f"where = {'.' + field.attribute!r}")
                with self.source.present(f"at_{declared[name]}"):
                    self.source.passed(field.shape)
            self._write(f"return Item(WrittenAttributes(side, data, FIELDS, ({', '.join(places)},), others)), at")
        self._write("", "FIELDS = {")
        for number, field in enumerate(self._record.fields):
            self._write(f"    {field.attribute!r}: ({number}, {field_reader(number)}),")
        self._write("}")

    def _fields(self, schema: dict[str, Any], prefix: str, made: type, wire: WireType) -> None:
        """A record of the envelope: its fields in order, each into the variable of its path."""
        known = {field.name for field in msgspec.structs.fields(made)}
        for field in schema["fields"]:
            name, path = field["name"], prefix + field["name"]
            self._write(f"where = {'.' + path!r}")
            if name in known:
                self._part(field["type"], path, wire.fields[name])
            else:
                self.names[passed := f"unknown_{len(self.names)}"] = wire.fields[name].look
                self._write(f"at = {passed}(data, at, left)")

    def _part(self, avro: Any, path: str, wire: WireType) -> None:
        """One value of the envelope, as its type has it."""
        variable = _variable(path)
        match avro:
            case ["null", branch]:
                self._write(f"{variable} = None")
                with self.source.present():
                    self._part(branch, path, wire)
            case _ if path in ("before", "after"):
                self._write(f"{variable}, at = item(data, at, left, {path!r})")
            case "string":
                self.source.extent()
                self._write(f"{variable} = data[start:at].decode()")
            case "long":
                self._write(f"{variable}, at = varint(data, at)")
                if path == "committed_at":
                    self._write(f"{variable} = instant({variable})")
            case {"type": "enum", "symbols": symbols}:
                self.names[variable.upper()] = decoding.Symbols(_ENUMS[path], symbols)
                self.source.symbol(len(symbols))
                self._write(f"{variable} = {variable.upper()}[number]")
            case {"type": "map"}:
                self.source.texts(variable)
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
            with self.source.present() if nullable else nullcontext():
                self._write(f"{parts[field.attribute]} = {self.source.value(field.shape)}")
        if left:
            raise InvalidSchema(f"the key has no field {', '.join(left)}")
        whole = ", ".join(each["name"] for each in schema["fields"])
        self._write("where = '.key'")
        with self.source.block(f"if {' is None or '.join(parts.values())} is None:"):
            self._write(f"raise BrokenValue({f'is not whole, expected a value of each of {whole}'!r})")
        self._write(f"key = Item({{{', '.join(f'{name!r}: {part}' for name, part in parts.items())}}})")


def field_reader(number: int) -> str:
    """The name of the function that reads the values of a field."""
    return f"attribute_{number}"


def _variable(path: str) -> str:
    return path.replace(".", "_")


def _made(made: type, prefix: str = "") -> str:
    arguments = ", ".join(f"{field.name}={_variable(prefix + field.name)}" for field in msgspec.structs.fields(made))
    return f"{made.__name__}({arguments})"
