"""The types of an event's schema: which bytes are a value of each, and what of it a decoder may take on.

Bytes may nest deeper than the stack in five thousand of them, or announce in ten a thousand million items that take
none; and the schema may be as hostile, for bytes may name any schema that the registry knows. So each type of a schema
is compiled into one function (`wire_values`) that looks at a value of it, and

1. every field, item and map value takes a byte at least (null and the like stand in unions alone), so that the work is
   bounded by the length of the bytes, and no count exceeds what is left of them,
2. values nest at most `MAX_LEVELS` deep, by the schema where that says it, else by the bytes,
3. a value of many parts costs all of them, and `MAX_VALUES` is what one event may cost.

The functions are for the fields of an envelope that this release does not know, and passes over. What it knows is read
by the decoder that is generated (`decoder_source`), within the same bounds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from schemas import wire_values as wire
from schemas.attribute_values import shown
from schemas.errors import InvalidSchema
from schemas.wire_values import MAX_LEVELS, MAX_VALUES, Field, Left, Look

_LEAVES: dict[str, Look] = {
    "null": wire.null,
    "boolean": wire.boolean,
    "int": wire.integer,
    "long": wire.long,
    "float": wire.fixed(4),
    "double": wire.fixed(8),
    "bytes": wire.binary,
    "string": wire.string,
}


@dataclass(slots=True)
class WireType:
    """A compiled type: how to look at a value, how many values that is (apart from what only the bytes say: items, and
    types in themselves), how many levels, and whether it takes no byte. `open`: it is being compiled.
    `fields` are the types of a record's, or of the records in a union.
    """

    look: Look
    values: int = 1
    levels: int = 0
    empty: bool = False
    open: bool = False
    fields: dict[str, WireType] = field(default_factory=dict)


def wire_type(avro: Any) -> WireType:
    """The compiled type of a schema, every name in it in full. Raises InvalidSchema for one beyond the bounds."""
    top = _Compilation().compiled(avro, "the schema", 0)
    if top.values > MAX_VALUES:
        raise InvalidSchema(f"a value of the schema is made of {top.values} values, at most {MAX_VALUES} are read")
    return top


class _Compilation:
    """Compiles the types of one schema; `_named` are those met so far, as later ones refer to them."""

    def __init__(self) -> None:
        self._named: dict[str, WireType] = {}

    def compiled(self, avro: Any, where: str, depth: int) -> WireType:
        """The type that `avro` describes, found `where`, inside `depth` others."""
        if isinstance(avro, list):
            return self._union(avro, where, depth)
        if not isinstance(avro, dict):
            return WireType(_LEAVES[avro], empty=avro == "null") if avro in _LEAVES else self._known(avro, where)
        match avro["type"]:
            case "record" | "error" | "array" | "map" as kind:
                compiled = self._composed(kind, avro, where, depth + 1)
            case "enum":
                compiled = self._define(avro, WireType(wire.enum(len(avro["symbols"]))), where)
            case "fixed":
                compiled = self._define(avro, _fixed(avro, where), where)
            case primitive:
                compiled = self.compiled(primitive, where, depth)
        return compiled

    def _define(self, avro: dict[str, Any], compiled: WireType, where: str) -> WireType:
        if (name := avro["name"]) in self._named:
            raise InvalidSchema(f"{where} defines the type {shown(name)} again")
        self._named[name] = compiled
        return compiled

    def _known(self, name: str, where: str) -> WireType:
        if name not in self._named:
            raise InvalidSchema(f"{where} is of the type {shown(name)}, which nothing before it defines")
        known = self._named[name]
        if not known.open:
            return known

        def look(data: bytes, at: int, left: Left) -> int:
            """A type in itself: only the bytes say how deep that goes."""
            left.spend(known.values, known.levels)
            at = known.look(data, at, left)
            left.levels += known.levels
            return at

        return WireType(look)

    def _union(self, avro: list[Any], where: str, depth: int) -> WireType:
        if any(isinstance(branch, list) for branch in avro):
            raise InvalidSchema(f"{where} is a union in a union")
        branches = [self.compiled(branch, where, depth) for branch in avro]
        values = max((branch.values for branch in branches), default=1)
        levels = max((branch.levels for branch in branches), default=0)
        fields = {name: part for branch in branches for name, part in branch.fields.items()}
        return WireType(wire.union([branch.look for branch in branches]), values, levels, fields=fields)

    def _composed(self, kind: str, avro: dict[str, Any], where: str, depth: int) -> WireType:
        if depth > MAX_LEVELS:
            raise InvalidSchema(f"{where} is nested more than {MAX_LEVELS} deep")
        match kind:
            case "array":
                item = self._part(avro["items"], f"{where}[]", depth)
                compiled = WireType(wire.blocks(item.look, item.values, named=False), levels=item.levels + 1)
            case "map":
                value = self._part(avro["values"], f"{where}.*", depth)
                compiled = WireType(wire.blocks(value.look, value.values + 1, named=True), levels=value.levels + 1)
            case _:
                compiled = self._record(avro, where, depth)
        if compiled.levels > MAX_LEVELS:
            raise InvalidSchema(f"{where} is nested more than {MAX_LEVELS} deep")
        return compiled

    def _record(self, avro: dict[str, Any], where: str, depth: int) -> WireType:
        # Known before it is whole: a type inside it may refer to it.
        record = self._define(avro, WireType(wire.null, open=True), where)
        fields: list[Field] = []
        for each in avro["fields"]:
            name = each["name"]
            if name in record.fields:
                raise InvalidSchema(f"{where} has two fields {shown(name)}")
            part = record.fields[name] = self._part(each["type"], f"{where}.{name}", depth)
            record.values += part.values
            record.levels = max(record.levels, part.levels)
            fields.append((f".{name}", part.look))
        record.look, record.levels = wire.record(fields), record.levels + 1
        record.empty, record.open = not fields, False
        return record

    def _part(self, avro: Any, where: str, depth: int) -> WireType:
        part = self.compiled(avro, where, depth)
        if part.empty:
            raise InvalidSchema(f"{where} takes no bytes, so that anything might be full of it")
        return part


def _fixed(avro: dict[str, Any], where: str) -> WireType:
    size = avro["size"]
    if type(size) is not int or size < 0:
        raise InvalidSchema(f"{where} is fixed at {shown(size)} bytes")
    return WireType(wire.fixed(size), empty=size == 0)
