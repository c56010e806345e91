"""Which of an owner's dead letters are meant: by place, reason, key, and when they were first seen."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from distributary.letters import letter_key, open_letter
from schemas.dead_letters import DeadLetter

_AGO = re.compile(r"(\d{1,6})([smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


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


def moment(text: str, now: float) -> float:
    """The epoch seconds of an ISO instant (UTC where it names no zone), or of so long ago: `90s`, `15m`, `2h`, `3d`.

    Raises ValueError with a sentence.
    """
    if ago := _AGO.fullmatch(text):
        return now - int(ago[1]) * _SECONDS[ago[2]]
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is neither an ISO instant nor a time ago such as 15m, 2h or 3d") from None
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()
