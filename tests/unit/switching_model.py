"""Every interleaving of promote, rollback and retire with live traffic, on one key of two generations.

The product's own `distributary.promotion` runs here, on ports of the model: before each of its calls anything may
happen, and the way that was taken is taken again with another choice until there is none left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import NamedTuple, TypeAlias, TypeVar, cast

from consumers.errors import GenerationRefused
from consumers.generations import Generation, MadeBy
from consumers.group import Group
from distributary.adapters import Adapters
from distributary.errors import NotPromoted, UnknownName
from distributary.folding.judge import judge, moments, nothing
from distributary.generations import target
from distributary.promotion import Verify, promote, retire, rollback
from tests.unit.rebuild_histories import KEY
from tests.unit.rebuild_model import RULE, state_of
from tests.unit.rebuild_told import NOW, given_back, held_of
from tests.unit.switching_world import FIRST, SECOND, Build, Place, World, Wrong

FAMILY = "shown"
T = TypeVar("T")
Command: TypeAlias = Callable[[Adapters, Verify], object]
"""What an operator does."""


class Taken(Exception):
    """Raised when the same answers led to the same moment before."""


Script: TypeAlias = "tuple[World | None, ...]"
"""What happens before each call, one moment after the other, and then None."""


class Seen:
    """What all ways from one place have come to: the moments, and what a command made of one."""

    def __init__(self) -> None:
        self.moments = set[object]()
        self.outcomes = dict[tuple[Command, World], World]()


class Run:
    """One way through an operator's command, and through whatever happens meanwhile.

    `script` is how it begins; `others` are the ways that could have been gone after that. It is the log, the
    generations and the adapters that the command asks.
    """

    def __init__(self, place: Place, script: Script, seen: Seen) -> None:
        self.world, self.others = place.start, list[Script]()
        self.log, self.clock, self.store = self, lambda: NOW, "a model"
        self._told, self._groups, self._rules = place.told, place.groups, place.rules
        self._script, self._seen = script, seen
        self._taken, self._answers = list[World | None](), list[object]()
        self._at_once, self._known = False, 0

    def through(self, command: Command) -> None:
        """To the end, when all is delivered. Raises Wrong, Taken."""
        self._happens()
        self._known = self.world.logged
        with suppress(NotPromoted, GenerationRefused, UnknownName):
            command(cast(Adapters, self), self.verify)
        self._answers = [None]
        self._happens()
        for number, build in self.world.builds.items():
            store = build.store
            for said in filter(None, self._told[number].live[build.delivered :]):
                *_, store = store.apply(said)
            if number == self.world.reads and store.held != held_of(self._told[number].ending):
                raise Wrong(f"people read {store} of {number}, and the log says {self._told[number].ending}")

    # What is asked of the adapters.

    def generations(self, _: Group) -> Run:
        return self

    def read_model(self, group: Group) -> Made:
        return Made(_made_by(group))

    # What is asked of the log.

    def ends(self, topic: str) -> dict[int, int]:
        return self._answer(lambda world: {0: world.logged}) if topic == self._groups[FIRST].topic else {}

    def beginnings(self, topic: str) -> dict[int, int]:
        return dict.fromkeys(self.ends(topic), 0)

    def positions(self, name: str, _: str) -> dict[int, int]:
        number = next(number for number, group in self._groups.items() if group.name == name)
        return self._answer(lambda world: {0: world.builds[number].delivered} if number in world.builds else {})

    # What is asked of the generations.

    def all(self) -> list[Generation]:
        return self._answer(
            lambda world: [
                Generation(number, 1, _made_by(group), number == world.reads, self._before(world, number))
                for number, group in self._groups.items()
                if number in world.builds
            ]
        )

    def promote(self, number: int) -> None:
        self._happens()
        self._check_there(number)
        if (reads := self.world.reads) == number:
            return
        if self.world.builds[number].delivered < self._known:
            raise Wrong(f"people read {number}, which does not know what was in the log when that was asked")
        if not self._rules.one_step:
            self._become(self.world._replace(reads=None))
        self._become(self.world._replace(reads=number, before=reads))

    def retire(self, number: int) -> None:
        self._happens()
        self._check_there(number)
        if self.world.reads == number:
            raise GenerationRefused(f"{number} is read")
        if not self._rules.one_step:
            self._happens()
        left = {each: build for each, build in self.world.builds.items() if each != number}
        before = None if self.world.before == number else self.world.before
        self._become(self.world._replace(builds=left, before=before))

    def verify(self, _: Adapters, group: Group) -> int:
        """What `promote` is given; see `distributary.verify`, whose own interleavings another model has."""
        found = self._answer(lambda world: self._differences(world, group.generation))
        self._known = self.world.logged
        return found

    def _differences(self, world: World, number: int) -> int:
        build, told = world.builds.get(number), self._told[number]
        if build is None:
            raise GenerationRefused(f"{number} is not there")
        base = moments(nothing(KEY), told.wants(0, build.delivered))[-1]
        wants = moments(base, told.wants(build.delivered, world.logged))
        state = state_of(build.store)
        return int(all(judge(want, state, given_back(want.write), RULE) for want in wants))

    def _before(self, world: World, number: int) -> bool:
        return number == world.before if self._rules.before else number != world.reads

    def _check_there(self, number: int) -> None:
        if number not in self.world.builds:
            raise GenerationRefused(f"{number} is not there")

    # What happens.

    def _answer(self, answer: Callable[[World], T]) -> T:
        self._happens()
        found = answer(self.world)
        self._answers.append(repr(found))
        return found

    def _happens(self) -> None:
        """Anything, and then what was asked."""
        if self._at_once:
            return
        place = len(self._taken)
        for world in self._script[place:]:
            self._taken.append(world)
            if world is None:
                return
            self.world = world
        if place >= len(self._script) and not self._is_new(self.world):
            raise Taken
        self.others += [(*self._taken, world) for world in self._moves() if self._is_new(world)]
        self._taken.append(None)

    def _is_new(self, world: World) -> bool:
        """Whether nothing has come to that moment yet; it has now."""
        moment, before = (tuple(self._answers), self._known, world), len(self._seen.moments)
        self._seen.moments.add(moment)
        return len(self._seen.moments) > before

    def _moves(self) -> Iterator[World]:
        """What may come next."""
        world = self.world
        if world.logged < len(self._told[FIRST].live):
            yield world._replace(logged=world.logged + 1)
        for number, build in world.builds.items():
            yield from self._delivered(number, build)
        for command in COMMANDS.values():
            if (command, world) not in self._seen.outcomes:
                self._seen.outcomes[command, world] = self._done_at_once(command)
            yield self._seen.outcomes[command, world]

    def _delivered(self, number: int, build: Build) -> Iterator[World]:
        """The next event comes to a generation, or an earlier one again; its writer may die half way."""
        for place, said in enumerate(self._told[number].live[: min(self.world.logged, build.delivered + 1)]):
            stores = [build.store] if said is None else list(build.store.apply(said))
            yield from (self.world.with_build(number, build._replace(store=store)) for store in stores)
            if place == build.delivered:
                yield self._committed(self.world.with_build(number, Build(place + 1, stores[-1])), place + 1)

    def _committed(self, world: World, position: int) -> World:
        if self._rules.own_positions:
            return world
        builds = {number: build._replace(delivered=position) for number, build in world.builds.items()}
        return world._replace(builds=builds)

    def _done_at_once(self, command: Command) -> World:
        """What another operator's command makes of this moment, from its beginning to its end."""
        world, known, answers = self.world, self._known, len(self._answers)
        self._known, self._at_once = world.logged, True
        with suppress(NotPromoted, GenerationRefused, UnknownName):
            command(cast(Adapters, self), self.verify)
        after, self.world, self._known, self._at_once = self.world, world, known, False
        del self._answers[answers:]
        return after

    def _become(self, world: World) -> None:
        self.world = world
        if world.reads not in world.builds:
            raise Wrong(f"people read {world.reads}, and there are {sorted(world.builds)}")


class Made(NamedTuple):
    """A generation, as far as a command looks into it: a `Preparable`."""

    made_by: MadeBy

    def made(self) -> bool:
        return True

    def prepare(self) -> None:
        return None

    def close(self) -> None:
        return None


def explore(place: Place, command: Command) -> int:
    """How many moments there are; raises Wrong at the first wrong one."""
    seen = Seen()
    scripts: list[Script] = [()]
    while scripts:
        run = Run(place, scripts.pop(), seen)
        with suppress(Taken):
            run.through(command)
        scripts += run.others
    return len(seen.moments)


def _made_by(group: Group) -> MadeBy:
    return MadeBy(group.projection_version, "")


COMMANDS: dict[str, Command] = {
    "promote the first": lambda adapters, verify: promote(adapters, f"{FAMILY}.g{FIRST}", verify),
    "promote the second": lambda adapters, verify: promote(adapters, f"{FAMILY}.g{SECOND}", verify),
    "roll back": lambda adapters, _: rollback(adapters, FAMILY),
    "retire the first": lambda adapters, _: retire(adapters, target(adapters, f"{FAMILY}.g{FIRST}")),
    "retire the second": lambda adapters, _: retire(adapters, target(adapters, f"{FAMILY}.g{SECOND}")),
}
