"""`{"matches": "..."}`: regular expressions in linear time, by way of google-re2.

The library is looked for when a pattern asks for it, so that whoever has no such pattern need not load it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.filters.operators import text_operand
from schemas.filters.place import Place, quoted

_MAX_BYTES = 1 << 20
"""Of memory for one expression; one that wants more is refused."""


class Expression(msgspec.Struct, frozen=True):
    """Texts in which the expression is found; `^` and `$` tie it to the ends."""

    expression: Any

    def matches(self, value: object) -> bool:
        """Whether the value is such a text. Half a surrogate pair is in no text."""
        if not isinstance(value, str):
            return False
        try:
            return self.expression.search(value) is not None
        except UnicodeEncodeError:
            return False


def parse_expression_text(operand: Any, place: Place) -> Expression:
    """The leaf of `matches`. Raises PatternError where RE2 does not take the expression."""
    import re2

    text = text_operand(operand, place)
    options = re2.Options()
    options.log_errors, options.never_capture, options.max_mem = False, True, _MAX_BYTES
    try:
        return Expression(re2.compile(text, options))
    except re2.error as error:
        said = error.args[0].decode("utf-8", "replace") if error.args else "no reason given"
        raise place.refuse(
            f"an expression that RE2 does not take ({quoted(said)})", "a regular expression in RE2's syntax"
        ) from None
    except UnicodeEncodeError:
        raise place.refuse("half a surrogate pair, which is in no text", "a regular expression") from None
