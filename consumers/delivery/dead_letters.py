"""Where a group puts deliveries that it could not apply."""

from __future__ import annotations

from typing import Protocol

from schemas.dead_letters import DeadLetter


class DeadLetters(Protocol):
    """A group's dead letters."""

    def record(self, letter: DeadLetter) -> None:
        """Keeps the letter, under its place; durable once it returns. Raises DeadLetterLost where that cannot be."""
        ...
