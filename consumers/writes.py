"""What a projection asks of a read model, and which of several writes to one key counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from schemas.attribute_values import Value

Fields: TypeAlias = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Put:
    """The document under `key` (a key's canonical text) shall be `document`, whole."""

    key: str
    document: Fields


@dataclass(frozen=True, slots=True)
class Remove:
    """There shall be no document under `key`."""

    key: str


Write: TypeAlias = Put | Remove


class VersionedWrite(NamedTuple):
    """A write and the version of the event it was made from."""

    write: Write
    version: str

    @property
    def key(self) -> str:
        """The key it is about."""
        return self.write.key


def fold(writes: Iterable[tuple[int, VersionedWrite]]) -> dict[str, tuple[int, VersionedWrite]]:
    """The write that counts for each key: the highest version, the first of equals.

    Takes and gives back each write with the number of its delivery.
    """
    survivors: dict[str, tuple[int, VersionedWrite]] = {}
    for number, write in writes:
        if write.key not in survivors or write.version > survivors[write.key][1].version:
            survivors[write.key] = (number, write)
    return survivors
