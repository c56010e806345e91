"""The cases of `cases.json`: what a pattern says of a value, and why, by AWS's documentation and its engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from tests.filters.oracle import Question

Json = dict[str, Any]

OPERATORS = (
    "exact",
    "prefix",
    "prefix equals-ignore-case",
    "suffix",
    "suffix equals-ignore-case",
    "equals-ignore-case",
    "wildcard",
    "anything-but",
    "anything-but prefix",
    "anything-but suffix",
    "anything-but equals-ignore-case",
    "anything-but wildcard",
    "numeric",
    "exists",
    "cidr",
    "$or",
)
"""What a case is about, where that is an operator; other cases are about the pattern's shape, arrays, keys, records."""


class Case(NamedTuple):
    """One line of the table.

    `pattern` and `value` are objects, or JSON texts where the spelling matters or is no JSON. Where AWS's engine
    answers otherwise, `engine` is its answer and `because` the reason why it is not ours.
    """

    about: str
    pattern: str | Json
    value: str | Json
    expect: str
    why: str
    engine: str | None = None
    because: str | None = None

    @property
    def question(self) -> Question:
        """The case as it is put to AWS's engine."""
        return Question(as_text(self.pattern), as_text(self.value))


def as_text(json_or_text: str | Json) -> str:
    """The JSON text of an object, or the text that it is already."""
    return json_or_text if isinstance(json_or_text, str) else json.dumps(json_or_text)


# By `json`, which keeps every digit of a whole number.
CASES = [Case(**case) for case in json.loads(Path(__file__).with_name("cases.json").read_text("utf-8"))]
