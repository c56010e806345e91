"""Redriving the dead letters of anybody: a group's into its read model, the bridge's into the log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import Protocol

from consumers.delivery.prepare import Preparation
from consumers.delivery.redrive import GroupRedrive, Verdict
from consumers.groups import GROUPS
from distributary.adapters import Adapters
from distributary.bridge_redrive import BridgeRedrive
from distributary.ledger import Ledger
from distributary.letters import owners
from schemas.codec import EventDecoder
from schemas.dead_letters import DeadLetter
from schemas.topics import DEAD_LETTERS_SUFFIX


class Redrive(Protocol):
    """The way back of an owner's letters. Both raise Outage where something is away; the rest stays open then."""

    def redrive(self, letters: Sequence[DeadLetter]) -> Iterator[Verdict]:
        """Redrives the letters, and says what became of each once that is durable."""
        ...

    def foretell(self, letters: Sequence[DeadLetter]) -> Iterator[Verdict]:
        """What `redrive` would make of them, touching nothing."""
        ...


@contextmanager
def redriving(adapters: Adapters, owner: str, ledger: Ledger) -> Iterator[Redrive]:
    """The way back of the owner's letters; what the bridge does with them is told the ledger.

    Raises UnknownSchema, RegistryUnavailable, SettingsError.
    """
    with ExitStack() as opened:
        dead_letters = opened.enter_context(closing(adapters.dead_letters(letters_owner(owner))))
        for group in GROUPS:
            if group.name == owner:
                read_model = opened.enter_context(closing(adapters.read_model(group)))
                preparation = Preparation(group, EventDecoder(adapters.registry))
                yield GroupRedrive(preparation, read_model, dead_letters, adapters.clock)
                return
        with closing(BridgeRedrive(owners()[owner], adapters, dead_letters, ledger)) as bridge:
            yield bridge


def discard(adapters: Adapters, owner: str, letters: Sequence[DeadLetter]) -> None:
    """Resolves the owner's letters without applying them. Raises DeadLetterLost."""
    with closing(adapters.dead_letters(letters_owner(owner))) as dead_letters:
        for letter in letters:
            dead_letters.resolve(letter)


def letters_owner(owner: str) -> str:
    """Whom `dead_letters_of` names the owner's topic after: the group, or the topic that the bridge publishes to."""
    return owners()[owner].removesuffix(DEAD_LETTERS_SUFFIX)
