"""Where a group puts deliveries that it could not apply."""

from __future__ import annotations

from typing import Protocol

from schemas.dead_letters import DeadLetter


class DeadLetters(Protocol):
    """A group's dead letters."""

    def record(self, letter: DeadLetter) -> None:
        """Keeps the letter, under its place; durable once it returns. Raises DeadLetterLost where that cannot be."""
        ...

    def resolve(self, letter: DeadLetter) -> None:
        """Writes a null under the letter's place: it is open no longer. Durable once it returns. Raises as `record`."""
        ...

    def close(self) -> None:
        """Lets go of connections."""
        ...
