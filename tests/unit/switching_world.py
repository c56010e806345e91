"""Two generations of a read model, and what people read of them: the moments that `switching_model` goes through."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from consumers.group import Group
from tests.unit.rebuild_store import Store
from tests.unit.rebuild_told import Told

FIRST, SECOND = 1, 2


class Rules(NamedTuple):
    """What may be left out: a switch, and a retirement, in `one_step`; generations with their `own_positions`; that the
    store knows what was read `before`.
    """

    one_step: bool = True
    own_positions: bool = True
    before: bool = True


AS_IT_IS = Rules()


class Build(NamedTuple):
    """One generation: what it holds, how far its group has come."""

    delivered: int
    store: Store


class World(NamedTuple):
    """One moment: how much is in the log; the generations that are there; what people read, and read before."""

    logged: int
    builds: Mapping[int, Build]
    reads: int | None
    before: int | None = None

    def __hash__(self) -> int:
        return hash((self.logged, *self.builds.items(), self.reads, self.before))

    def with_build(self, number: int, build: Build) -> World:
        """With that one as it is now."""
        return self._replace(builds={**self.builds, number: build})


class Wrong(Exception):
    """Raised when people read what they should not."""


class Place(NamedTuple):
    """Where a command is given: what the log comes to, and the line, of each generation; and how it all begins."""

    told: Mapping[int, Told]
    groups: Mapping[int, Group]
    start: World
    rules: Rules = AS_IT_IS
