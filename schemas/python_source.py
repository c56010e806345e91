"""Python that is written by Python: lines with their indentation, and the module that they make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from schemas.errors import InvalidSchema


class Source:
    """The text of a module as it is written, line by line.

    What a schema says enters it by `repr` alone, so that no name in one is ever run.
    """

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._indent = ""

    def __str__(self) -> str:
        return "\n".join(self._lines) + "\n"

    def write(self, *lines: str) -> None:
        """Adds lines at the present indentation."""
        self._lines += [self._indent + line for line in lines]

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """What is written inside stands under `head`, a level deeper."""
        self.write(head)
        outside, self._indent = self._indent, self._indent + "    "
        yield
        self._indent = outside

    @contextmanager
    def function(self, head: str) -> Iterator[None]:
        """The same for a function, an empty line before it."""
        if self._lines:
            self._lines.append("")
        with self.block(f"def {head}:"):
            yield


def built(source: Source, names: Mapping[str, Any], title: str) -> dict[str, Any]:
    """The functions of a source to which those names are known. Raises InvalidSchema where Python cannot take it."""
    module = dict(names)
    try:
        exec(compile(str(source), f"<{title}>", "exec"), module)
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise InvalidSchema(f"the schema makes no {title}: {type(error).__name__}: {error}") from None
    return module
