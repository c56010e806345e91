"""Walks an event's bytes before anything is made of them: they pass only as exactly one value of their schema.

fastavro believes what it reads. Five thousand bytes can nest deeper than its stack, ten can announce a thousand million
items that take none, and the schema may be as hostile as the bytes, for those may name any schema that the registry
knows. So each type of a schema is compiled into one function (`wire_values`) that looks at a value of it, and

1. every field, item and map value takes a byte at least (null and the like stand in unions alone), so that the work is
   bounded by the length of the bytes, and no count exceeds what is left of them,
2. values nest at most `MAX_LEVELS` deep, by the schema where that says it, else by the bytes,
3. a value of many parts costs all of them, and `MAX_VALUES` is what one event may cost,
4. the value ends where the bytes end.

Text is not looked into: fastavro refuses what is not UTF-8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from schemas import wire_values as wire
from schemas.attribute_values import shown
from schemas.errors import BrokenValue, InvalidSchema, UndecodableEvent
from schemas.wire_values import MAX_LEVELS, MAX_VALUES, Field, Left, Look

_LEAVES: dict[str, Look] = {
    "null": wire.null,
    "boolean": wire.boolean,
    "int": wire.integer,
    "long": wire.long,
    "float": wire.fixed(4),
    "double": wire.fixed(8),
    "bytes": wire.text,
    "string": wire.text,
}


@dataclass(slots=True)
class _Type:
    """A compiled type: how to look at a value, how many values that is (apart from what only the bytes say: items, and
    types in themselves), how many levels, and whether it takes no byte. `open`: it is being compiled.
    `nullable` is how to look at the other values where it is a union of null and those.
    """

    look: Look
    values: int = 1
    levels: int = 0
    empty: bool = False
    open: bool = False
    nullable: Look | None = None


class WireGuard:
    """The guard of one schema, as fastavro has parsed it. Raises InvalidSchema for one that cannot be guarded."""

    def __init__(self, parsed: Any) -> None:
        self._top = top = _Compilation().compiled(parsed, "the schema", 0)
        if top.values > MAX_VALUES:
            raise InvalidSchema(f"a value of the schema is made of {top.values} values, at most {MAX_VALUES} are read")

    def check(self, data: bytes, at: int) -> None:
        """Raises UndecodableEvent, saying where and why, unless `data` holds one value from `at` to its end."""
        top = self._top
        try:
            end = top.look(data, at, Left(MAX_VALUES - top.values, MAX_LEVELS - top.levels))
            if end > len(data):
                raise BrokenValue(wire.CUT)
        except BrokenValue as broken:
            path = "".join(reversed(broken.path)).removeprefix(".") or "it"
            raise UndecodableEvent(f"the value does not decode: {path} {broken.found}") from None
        except IndexError:
            raise UndecodableEvent(f"the value does not decode: it {wire.CUT}") from None
        if end < len(data):
            raise UndecodableEvent(f"the value has {len(data) - end} bytes after its end")


class _Compilation:
    """Compiles the types of one schema; `_named` are those met so far, as later ones refer to them."""

    def __init__(self) -> None:
        self._named: dict[str, _Type] = {}

    def compiled(self, avro: Any, where: str, depth: int) -> _Type:
        """The type that `avro` describes, found `where`, inside `depth` others."""
        if isinstance(avro, list):
            return self._union(avro, where, depth)
        if not isinstance(avro, dict):
            return _Type(_LEAVES[avro], empty=avro == "null") if avro in _LEAVES else self._known(avro)
        match avro["type"]:
            case "record" | "error" | "array" | "map" as kind:
                compiled = self._composed(kind, avro, where, depth + 1)
            case "enum":
                compiled = self._named[avro["name"]] = _Type(wire.enum(len(avro["symbols"])))
            case "fixed":
                compiled = self._named[avro["name"]] = _fixed(avro, where)
            case primitive:
                compiled = self.compiled(primitive, where, depth)
        return compiled

    def _known(self, name: str) -> _Type:
        known = self._named[name]
        if not known.open:
            return known

        def look(data: bytes, at: int, left: Left) -> int:
            """A type in itself: only the bytes say how deep that goes."""
            left.spend(known.values, known.levels)
            at = known.look(data, at, left)
            left.levels += known.levels
            return at

        return _Type(look)

    def _union(self, avro: list[Any], where: str, depth: int) -> _Type:
        if any(isinstance(branch, list) for branch in avro):
            raise InvalidSchema(f"{where} is a union in a union")
        branches = [self.compiled(branch, where, depth) for branch in avro]
        values = max((branch.values for branch in branches), default=1)
        levels = max((branch.levels for branch in branches), default=0)
        looks = [branch.look for branch in branches]
        nullable = looks[1] if len(looks) == 2 and looks[0] is wire.null and not branches[1].empty else None
        return _Type(wire.union(looks), values, levels, nullable=nullable)

    def _composed(self, kind: str, avro: dict[str, Any], where: str, depth: int) -> _Type:
        if depth > MAX_LEVELS:
            raise InvalidSchema(f"{where} is nested more than {MAX_LEVELS} deep")
        match kind:
            case "array":
                item = self._part(avro["items"], f"{where}[]", depth)
                compiled = _Type(wire.blocks(item.look, item.values, named=False), levels=item.levels + 1)
            case "map":
                value = self._part(avro["values"], f"{where}.*", depth)
                compiled = _Type(wire.blocks(value.look, value.values + 1, named=True), levels=value.levels + 1)
            case _:
                compiled = self._record(avro, where, depth)
        if compiled.levels > MAX_LEVELS:
            raise InvalidSchema(f"{where} is nested more than {MAX_LEVELS} deep")
        return compiled

    def _record(self, avro: dict[str, Any], where: str, depth: int) -> _Type:
        # Known before it is whole: a type inside it may refer to it.
        record = self._named[avro["name"]] = _Type(wire.null, open=True)
        fields: list[Field] = []
        for field in avro["fields"]:
            name = field["name"]
            part = self._part(field["type"], f"{where}.{name}", depth)
            record.values += part.values
            record.levels = max(record.levels, part.levels)
            nullable, look = part.nullable is not None, part.nullable or part.look
            fields.append((f".{name}", nullable, look is wire.text, look))
        record.look, record.levels = wire.record(fields), record.levels + 1
        record.empty, record.open = not fields, False
        return record

    def _part(self, avro: Any, where: str, depth: int) -> _Type:
        part = self.compiled(avro, where, depth)
        if part.empty:
            raise InvalidSchema(f"{where} takes no bytes, so that anything might be full of it")
        return part


def _fixed(avro: dict[str, Any], where: str) -> _Type:
    size = avro["size"]
    if type(size) is not int or size < 0:
        raise InvalidSchema(f"{where} is fixed at {shown(size)} bytes")
    return _Type(wire.fixed(size), empty=size == 0)
