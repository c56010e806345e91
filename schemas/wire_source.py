"""Python that reads Avro: the lines that every generated reader is made of.

They read `data` from `at` on and leave `at` behind what they read. What they call is in `schemas.decoding` and
`schemas.wire_values`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from schemas.item_record import Shape
from schemas.python_source import Source

_TEXTS = {
    "S": "data[start:at].decode()",
    "N": "number_text(data[start:at].decode())",
    "B": "base64_text(data[start:at])",
    "ANY": "from_json(data[start:at])",
}


class WireSource(Source):
    """A source with those lines. A reader that only passes over a value believes no byte of it: lengths and counts are
    held against what is left. One that makes a value of what was passed over looks at what it means alone.
    """

    def __init__(self) -> None:
        super().__init__()
        self._passes: dict[Shape, str] = {}
        self._reads: dict[Shape, str] = {}

    @contextmanager
    def reader(self, head: str, *start: str, where: str = "where") -> Iterator[None]:
        """A function that reads one value and says of what is wrong in it where that is."""
        with self.function(head):
            self.write(*start, "where, limit = '', len(data)")
            with self.block("try:"):
                yield
            with self.block("except Exception as error:"):
                self.write(f"raise broken(error, {where}) from None")

    @contextmanager
    def present(self, place: str = "") -> Iterator[None]:
        """A union of null and another type, `at` behind the number of its branch, which is a byte."""
        with self.block("if (branch := data[at]) == 2:"):
            self.write(f"{place} = at = at + 1" if place else "at += 1")
            yield
        self.write("elif branch: at = no_branch(data, at)", "else: at += 1")

    def extent(self, *, believed: bool = False) -> None:
        """A string or bytes: the length, nearly always in one byte, and that many bytes, from `start` to `at`."""
        with self.block("if (size := data[at]) & 0x81:"):
            self.write("start, at = extent(data, at)")
        with self.block("else:"):
            self.write("start = at + 1", "at = start + (size >> 1)")
            if not believed:
                self.write("if at > limit: raise IndexError")

    def passed(self, shape: Shape) -> None:
        """A value, passed over."""
        match shape.avro:
            case "string" | "bytes":
                with self.block("if (size := data[at]) & 0x81:"):
                    self.write("at = text_end(data, at)")
                with self.block("else:"):
                    self.write("at += 1 + (size >> 1)")
            case "long":
                self.write("at = long(data, at, left)")
            case "boolean":
                self.write("at = boolean(data, at, left)")
            case _:
                self.write(f"at = {self._passes[shape]}(data, at, left)")

    def value(self, shape: Shape, *, believed: bool = False) -> str:
        """The attribute value, as an expression behind the lines that read it."""
        content = self._content(shape, believed)
        return content if shape.letter == "ANY" else f"{{{shape.letter!r}: {content}}}"

    def _content(self, shape: Shape, believed: bool) -> str:
        """The content of an attribute value, by its Avro type; text that means more than itself is looked at."""
        match shape.avro:
            case "string" | "bytes":
                self.extent(believed=believed)
                return _TEXTS[shape.letter]
            case "long":
                self.write("number, at = varint(data, at)")
                return "str(number)"
            case "boolean":
                self.write("flag = data[at]", "at += 1")
                return "flag == 1"
        self.write(f"inner, at = {self._reads[shape]}(data, at)")
        return "number_set(inner)" if shape.letter == "NS" and _member(shape).avro == "string" else "inner"

    def blocks(self, shape: Shape) -> None:
        """An array or a map, as two functions: one that passes over it, one that makes its members."""
        if shape.member is None:
            return
        self.blocks(_member(shape))
        self._pass(shape, _member(shape))
        self._read(shape, _member(shape))

    def _pass(self, shape: Shape, member: Shape) -> None:
        self._passes[shape] = name = f"pass_{len(self._passes)}"
        named = shape.avro == "map"
        with self.reader(f"{name}(data, at, left)", repr(f"The {shape.avro} {shape.where}."), where="f'[{seen}]'"):
            self.write("seen = 0")
            with self.block("while data[at]:"):
                self._count("at")
                self.write(f"left.spend({'2 * ' if named else ''}count)")
                with self.block("for seen in range(seen, seen + count):"):
                    if named:
                        self.passed(_NAME)
                    self.passed(member)
                self.write("seen += 1", "if end is not None: end_block(at, end)")
            self.write("return at + 1")

    def _count(self, result: str) -> None:
        """A block's count, nearly always in one byte; one of none ends them all."""
        with self.block("if (count := data[at]) & 0x81:"):
            self.write("count, at, end = block(data, at)", f"if not count: return {result}")
        with self.block("else:"):
            self.write("count, at, end = count >> 1, at + 1, None")

    def texts(self, variable: str) -> None:
        """A map of texts, most often of none."""
        with self.block("if data[at]:"):
            self.write(f"{variable}, at = texts(data, at, left)")
        with self.block("else:"):
            self.write(f"{variable}, at = {{}}, at + 1")

    def symbol(self, symbols: int) -> None:
        """The number of one of so many symbols."""
        with self.block(f"if (number := data[at]) & 0x81 or number >= {2 * symbols}:"):
            self.write(f"number, at = index(data, at, {symbols}, 'symbols')")
        with self.block("else:"):
            self.write("number, at = number >> 1, at + 1")

    def _read(self, shape: Shape, member: Shape) -> None:
        self._reads[shape] = name = f"read_{len(self._reads)}"
        named = shape.avro == "map"
        with self.reader(f"{name}(data, at)", repr(f"The {shape.avro} {shape.where}."), where="f'[{seen}]'"):
            self.write(f"seen, members = 0, {'{}' if named else '[]'}")
            with self.block("while data[at]:"):
                self._count("members, at")
                with self.block("for seen in range(seen, seen + count):"):
                    if named:
                        self.extent(believed=True)
                        self.write("name = data[start:at].decode()")
                    holds = shape.holds_contents
                    value = self._content(member, True) if holds else self.value(member, believed=True)
                    self.write(f"members[name] = {value}" if named else f"members.append({value})")
                self.write("seen += 1")
            self.write("return members, at + 1")


_NAME = Shape("S", "string", "name")


def _member(shape: Shape) -> Shape:
    """What it holds; numbers as text in a set are looked at once they are all there."""
    assert shape.member is not None
    return (
        msgspec.structs.replace(shape.member, letter="S")
        if shape.letter == "NS" and shape.member.avro == "string"
        else shape.member
    )
