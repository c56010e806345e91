"""Texts with `*` in them: any characters, or none. `\\*` is an asterisk, `\\\\` a backslash."""

from __future__ import annotations

import re

import msgspec

_TOKEN = re.compile(r"\\[*\\]|[^\\]", re.DOTALL)


class Wildcard(msgspec.Struct, frozen=True):
    """A text cut at its stars: `parts` are what stands between them, so there is one star less than parts."""

    parts: tuple[str, ...]

    def matches(self, value: object) -> bool:
        """Whether the value is such a text. Each part is taken at its first place after the one before: no way back."""
        if not isinstance(value, str):
            return False
        first, *middle = self.parts
        if not middle:
            return value == first
        last = middle.pop()
        at, end = len(first), len(value) - len(last)
        if at > end or not value.startswith(first) or not value.endswith(last):
            return False
        for part in middle:
            found = value.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return True


def parse_wildcard(text: str) -> Wildcard | str:
    """The text as a Wildcard; where it is none, what is wrong with it."""
    parts, at, after_star = [""], 0, False
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            return f"a backslash before {text[at + 1 : at + 2] or 'the end'} at character {at}"
        at = token.end()
        is_star = token.group() == "*"
        if is_star and after_star:
            return f"two stars side by side at character {at - 2}"
        if is_star:
            parts.append("")
        else:
            parts[-1] += token.group()[-1]
        after_star = is_star
    return Wildcard(tuple(parts))
