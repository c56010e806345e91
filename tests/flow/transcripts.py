"""The transcripts of docs/operations.md: commands and what they print, in the order of the page.

In a block ```console, `$` begins a command, `#` says what somebody else does before the next one, and every other line
is printed. Times, which are others each time, may be any: see `normalised`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_VERSION = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+#\d{36}(\d{4})")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z?")
_SECONDS = re.compile(r"\d+\.\d s\b")
_GAP = re.compile(r"(?<=\S) {2,}")
_PROGRESS = re.compile(r"(?:documents|events|items|keys|partitions)(?: [a-z]+){0,2}: [\d,]+(?: of [\d,]+)?")


class Act(NamedTuple):
    """What somebody else does."""

    said: str


class Command(NamedTuple):
    """A command, and the lines that it prints."""

    words: str
    printed: list[str]


def transcripts(page: str) -> Iterator[Act | Command]:
    """The acts and commands of all blocks."""
    for block in _BLOCK.findall(page):
        last: Command | None = None
        for line in block.splitlines():
            if line.startswith("$ "):
                if last is not None:
                    yield last
                last = Command(line.removeprefix("$ "), [])
            elif line.startswith("# "):
                if last is not None:
                    yield last
                last = None
                yield Act(line.removeprefix("# "))
            else:
                assert last is not None, f"nothing prints {line!r}"
                last.printed.append(line)
        if last is not None:
            yield last


def normalised(line: str) -> str:
    """The line with short versions (`…#3009`), any instant, no seconds, and columns that stand two spaces apart."""
    line = INSTANT.sub("<instant>", _VERSION.sub(r"…#\1", line))
    return _GAP.sub("  ", _SECONDS.sub("0.0 s", line)).rstrip()


def readable(printed: str) -> list[str]:
    """What a command has printed as the page has it: with short versions, without what a terminal's bar shows."""
    lines = [_VERSION.sub(r"…#\1", line).rstrip() for line in printed.splitlines()]
    return [line for line in lines if not _PROGRESS.fullmatch(line)]
