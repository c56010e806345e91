"""A group's dead letters in the embedded log."""

from __future__ import annotations

from consumers.errors import DeadLetterLost
from distributary.local.log.errors import LogUnavailable
from distributary.local.log.log import EmbeddedLog, Entry
from schemas.dead_letters import DeadLetter
from schemas.topics import dead_letters_of


class EmbeddedDeadLetters:
    """The dead letters of `owner`, a group, in the topic named after it."""

    def __init__(self, log: EmbeddedLog, owner: str) -> None:
        self._log = log
        self._topic = dead_letters_of(owner)

    def record(self, letter: DeadLetter) -> None:
        """See `DeadLetters.record`."""
        self._append(letter.place, Entry(self._topic, letter.key, letter.body, letter.headers()))

    def resolve(self, letter: DeadLetter) -> None:
        """See `DeadLetters.resolve`."""
        self._append(letter.place, Entry(self._topic, letter.key, None))

    def close(self) -> None:
        """See `DeadLetters.close`; the log stays open for others."""

    def _append(self, place: str, entry: Entry) -> None:
        try:
            self._log.append([entry])
        except LogUnavailable as error:
            raise DeadLetterLost(f"the dead letter {place} cannot be written: {error}") from error
