"""What can be wrong with a pattern. One error, which says where, what was found and what belongs there."""

from __future__ import annotations


class PatternError(Exception):
    """Raised when a text or a value is no event pattern.

    `path` is where, as a JSON path (`$.dynamodb.NewImage.Status.S[0]`), `found` what stands there, `expected` what may.
    """

    def __init__(self, path: str, found: str, expected: str) -> None:
        super().__init__(f"{path}: found {found}, expected {expected}")
        self.path, self.found, self.expected = path, found, expected
