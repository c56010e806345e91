"""The builds of a read model side by side, and which of them people read (design section 9, Generations)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from consumers.errors import GroupRefused

FIRST = 1
"""The generation of a line that names none."""

_NAMED = re.compile(r"(?P<name>.+)\.g(?P<number>[1-9][0-9]*)", re.ASCII | re.DOTALL)


def generation_name(name: str, number: int) -> str:
    """What a group, or a read model, is called in that generation: the first has the declared name itself."""
    return name if number == FIRST else f"{name}.g{number}"


def read_generation_name(text: str) -> tuple[str, int | None]:
    """The declared name and the number in `user-search.g2`; None where the text names no number."""
    found = _NAMED.fullmatch(text)
    return (text, None) if found is None else (found["name"], int(found["number"]))


def mapping_digest(value: object) -> str:
    """Eight hex digits that stand for a mapping, a value of JSON's types; the same for the same one, whoever asks."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


class MadeBy(NamedTuple):
    """What a generation was made by: the group's projection version, and a digest of the store's mapping."""

    projection_version: str
    mapping: str


class Generation(NamedTuple):
    """One build of a read model as it stands in its store. `made_by` is None where that was not noted yet.

    `promoted`: it is what people read. `before`: it was, until the promoted one was.
    """

    number: int
    documents: int
    made_by: MadeBy | None
    promoted: bool
    before: bool


class Generations(Protocol):
    """The generations of one read model, in a store that can switch what people read."""

    @property
    def store(self) -> str:
        """What they are kept in, as a person calls it: `OpenSearch`."""
        ...

    def all(self) -> list[Generation]:
        """Those that there are, in the order of their numbers. Raises Outage."""
        ...

    def promote(self, number: int) -> None:
        """From now on people read that generation, which holds whatever was written to it before the call.

        One atomic step: whoever reads at the same time sees one whole generation. What they read until now is the one
        `before`; promoting the promoted one changes nothing. Raises GenerationRefused where it is not there, Outage.
        """
        ...

    def retire(self, number: int) -> None:
        """Deletes that generation. Whatever happens at the same time, people go on reading a whole one.

        Raises GenerationRefused where it is the promoted one, or is not there; Outage.
        """
        ...

    def reading(self) -> AbstractContextManager[int]:
        """The number of the generation to be read within the context: the promoted one; the first where none is made.

        Raises Outage.
        """
        ...


def read_first(promoted: Iterable[int], there: Iterable[int]) -> int:
    """The number of the generation that is read: a promoted one, else one that is there, else the first."""
    return min(promoted, default=min(there, default=FIRST))


def check_made_by(read_model: str, number: int, found: MadeBy, wanted: MadeBy) -> None:
    """Raises GroupRefused where a generation was made by another projection version or mapping than the code's."""
    if found == wanted:
        return
    if found.projection_version != wanted.projection_version:
        differs = f"projection version {found.projection_version}, and this code has {wanted.projection_version}"
    else:
        differs = f"mapping {found.mapping}, and this code has {wanted.mapping}"
    raise GroupRefused(
        f"generation {number} of {read_model} was made by {differs}; in consumers/groups.py keep its line as it was, "
        f"add one with generation={number + 1} for what is new, and build that with `distributary rebuild`"
    )
