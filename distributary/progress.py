"""How far a long command is."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias


class Stage(NamedTuple):
    """What a command is at, how much of it is done, and how much there is, where that is known (about)."""

    what: str
    done: int
    total: int | None


Show: TypeAlias = Callable[[Stage], None]
