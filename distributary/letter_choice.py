"""Which of an owner's dead letters are meant: by place, reason, key, and when they were first seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from distributary.letters import letter_key, open_letter
from schemas.dead_letters import DeadLetter


@dataclass(frozen=True, slots=True)
class Choice:
    """What is chosen; what is None or empty chooses all. `error` is a part of the error's name or of its sentence,
    `key` an item key's text; `since` and `until` are epoch seconds.
    """

    places: tuple[str, ...] = ()
    error: str | None = None
    key: str | None = None
    since: float | None = None
    until: float | None = None

    @property
    def is_all(self) -> bool:
        """Whether nothing was chosen, so that every letter is meant."""
        return self == Choice()

    def of(self, letters: Iterable[DeadLetter], owner: str) -> list[DeadLetter]:
        """Those of the owner's open letters that are meant. Raises UnknownName for a place that has none."""
        chosen = list(letters)
        if self.places:
            wanted = {open_letter(chosen, owner, place).place for place in self.places}
            chosen = [letter for letter in chosen if letter.place in wanted]
        return [letter for letter in chosen if self._means(letter, owner)]

    def _means(self, letter: DeadLetter, owner: str) -> bool:
        if self.error is not None and self.error.lower() not in f"{letter.error}: {letter.message}".lower():
            return False
        if self.key is not None and self.key != letter_key(owner, letter):
            return False
        seen = letter.first_seen / 1000
        return (self.since is None or self.since <= seen) and (self.until is None or seen <= self.until)
