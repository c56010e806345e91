"""A pattern, compiled: asked of a value, it answers yes or no."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import msgspec

from schemas.filters.explain import misses
from schemas.filters.language import Language
from schemas.filters.lint import PatternWarning, lint
from schemas.filters.ours import OURS
from schemas.filters.parse import parse_pattern
from schemas.filters.pattern_text import canonical_text, check_bounds, read_pattern
from schemas.filters.place import Place, shown
from schemas.filters.times import NOW
from schemas.filters.whole import TOGETHER, Whole, fields_of, is_relative, pattern_of

NO_NAMES: Mapping[str, Filter] = MappingProxyType({})


class Filter(msgspec.Struct, frozen=True, eq=False):
    """A compiled pattern: immutable, so any number of threads may ask it; equal to another of the same pattern."""

    text: str
    """The pattern's canonical JSON text: keys in order, no spaces, numbers in their shortest spelling, and in the place
    of a name the filter that it names. It compiles to this filter again, unless names made it longer than a pattern may
    be."""
    fields: frozenset[str]
    """The value's own fields that it looks at; of one with dots in its path, every beginning."""
    relative: bool
    """Whether it has times that count from now."""
    whole: Whole

    def matches(self, value: dict[str, Any], now: float | None = None) -> bool:
        """Whether the value, an object as JSON has it, is one that the pattern describes.

        `now`: epoch seconds, from which relative times count. Raises ValueError where it has those and is not told;
        nothing else, whatever the value.
        """
        if not isinstance(value, dict):
            return False
        if not self.relative:
            return self.whole.holds(value)
        with self._at(now):
            return self.whole.holds(value)

    def misses(self, value: dict[str, Any], now: float | None = None) -> list[str]:
        """Why the value does not match, a sentence for each condition; empty where it does. Raises as `matches`."""
        if not isinstance(value, dict):
            return ["the value is no object"]
        with self._at(now):
            return list(misses(self.whole, value))

    def lint(self, table_schema: Mapping[str, str]) -> list[PatternWarning]:
        """What is legal in it and hardly meant; `table_schema`: the table's attributes and their type letters."""
        return lint(self.whole, table_schema)

    @contextmanager
    def _at(self, now: float | None) -> Iterator[None]:
        if now is None:
            if self.relative:
                raise ValueError("the filter has times that count from now, and nobody says when that is")
            yield
            return
        token = NOW.set(now)
        try:
            yield
        finally:
            NOW.reset(token)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Filter) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Filter({self.text})"


def compile_pattern(
    pattern: str | dict[str, Any], *, language: Language = OURS, named: Mapping[str, Filter] = NO_NAMES
) -> Filter:
    """The filter of an event pattern, given as JSON text or as what such a text says.

    `language` is what it may use (`AWS`: what an event source mapping takes); `named` are filters that it may refer to.
    Raises PatternError for whatever is no such pattern.
    """
    whole, text = _whole(read_pattern(pattern), Place(), language, named)
    if named:
        check_bounds(text, Place())
    return Filter(text, fields_of(whole), is_relative(whole), whole)


def _whole(read: Any, place: Place, language: Language, named: Mapping[str, Filter]) -> tuple[Whole, str]:
    """The filter, and its text."""
    if isinstance(read, str):
        if read not in named:
            there_are = ", ".join(sorted(named)) or "there is none"
            raise place.refuse(f"the name {json.dumps(read)}", f"the name of a filter ({there_are})")
        return named[read].whole, named[read].text
    if not isinstance(read, dict):
        raise place.refuse(shown(read), "a pattern or a filter's name")
    words = TOGETHER.keys() & read.keys() if language.together else ()
    if not words:
        return pattern_of(parse_pattern(read, place, language)), canonical_text(read)
    word = min(words)
    listed = read[word]
    if len(read) > 1:
        raise place.refuse(f"{word} beside other fields", f"{word} alone, with the other fields as a filter of its own")
    if not isinstance(listed, list) or not listed:
        raise place.at(word).refuse(shown(listed), "a list of filters, at least one")
    parts = [_whole(part, place.at(word).at(index), language, named) for index, part in enumerate(listed)]
    return TOGETHER[word]([whole for whole, _ in parts]), f'{{"{word}":[{",".join(text for _, text in parts)}]}}'
