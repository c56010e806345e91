"""Texts without regard to case, as AWS's engine has it: each character of the pattern in its lower or its upper case.

So `ß` takes `SS` and not `ss`, and a character that has a third case (`ǅ`) does not take itself.
"""

from __future__ import annotations

import re

import msgspec


class IgnoringCase(msgspec.Struct, frozen=True):
    """A text to be found `whole`, as a prefix, or as a suffix (`reverse`: read from the end)."""

    expression: re.Pattern[str]
    whole: bool
    reverse: bool = False
    longest: int = 0

    def matches(self, value: object) -> bool:
        """Whether the value is, begins with or ends in the text."""
        if not isinstance(value, str):
            return False
        if self.whole:
            return self.expression.fullmatch(value) is not None
        if self.reverse:
            value = value[-self.longest :][::-1] if self.longest else ""
        return self.expression.match(value) is not None


def equals_ignoring_case(text: str) -> IgnoringCase:
    """Takes the whole text."""
    return IgnoringCase(_expression(_choices(text)), whole=True)


def prefix_ignoring_case(text: str) -> IgnoringCase:
    """Takes texts that begin with it."""
    return IgnoringCase(_expression(_choices(text)), whole=False)


def suffix_ignoring_case(text: str) -> IgnoringCase:
    """Takes texts that end in it."""
    backwards = [[choice[::-1] for choice in choices] for choices in reversed(_choices(text))]
    longest = sum(max(map(len, choices)) for choices in backwards)
    return IgnoringCase(_expression(backwards), whole=False, reverse=True, longest=longest)


def _choices(text: str) -> list[list[str]]:
    return [sorted({character.lower(), character.upper()}) for character in text]


def _expression(text: list[list[str]]) -> re.Pattern[str]:
    # Nothing in it repeats, and no two choices begin alike: there is never a way back to try.
    return re.compile("".join(f"(?:{'|'.join(map(re.escape, choices))})" for choices in text))
