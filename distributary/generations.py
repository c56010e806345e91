"""Generations as an operator sees them: what is in the store, what the code has a line for, and how far each is."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import Any, NamedTuple

from consumers.delivery.lag import lag
from consumers.generations import Generation, Generations, MadeBy, read_generation_name
from consumers.group import Group
from consumers.groups import GROUPS
from consumers.read_model import Index, Preparable
from distributary.adapters import Adapters
from distributary.errors import UnknownName


class Target(NamedTuple):
    """A generation of a group. `group` is its line in groups.py, or what that would be; `known`: there is such a line.

    `found`: as it stands in the store, None where it does not. `generations` are those of its read model.
    """

    group: Group
    known: bool
    found: Generation | None
    generations: Generations

    @property
    def number(self) -> int:
        """Its number."""
        return self.group.generation

    @property
    def said(self) -> str:
        """What a person types to name it: `user-search.g1`."""
        return f"{self.group.family}.g{self.number}"


def targets(adapters: Adapters, name: str) -> dict[int, Target]:
    """By number, the generations of the group that is named, by one of its generations or without: those in the store,
    and those that have a line and are not made yet.

    Raises UnknownName, GroupRefused for a table, SettingsError, Outage.
    """
    family = read_generation_name(name)[0]
    lines = {group.generation: group for group in GROUPS if group.family == family}
    if not lines:
        there_are = ", ".join(dict.fromkeys(group.family for group in GROUPS))
        raise UnknownName(f"there is no group {family}; there are {there_are}")
    declared = next(iter(lines.values()))
    generations = adapters.generations(declared)
    found = {one.number: one for one in generations.all()}
    return {
        number: Target(
            lines.get(number) or replace(declared, generation=number), number in lines, found.get(number), generations
        )
        for number in sorted({*lines, *found})
    }


def target(adapters: Adapters, name: str) -> Target:
    """The generation in the store that `user-search.g2` names.

    Raises UnknownName, also where it names no number or one that is not there; else as `targets`.
    """
    number, there = read_generation_name(name)[1], targets(adapters, name)
    named = ", ".join(one.said for one in there.values() if one.found is not None) or "none yet"
    if number is None:
        raise UnknownName(f"{name} names no generation; there are {named}")
    if number not in there or there[number].found is None:
        raise UnknownName(f"there is no generation {name} in the store; there are {named}")
    return there[number]


def to_rebuild(adapters: Adapters, name: str, number: int | None = None) -> Group:
    """The line of groups.py that a rebuild of that name means: the generation that is named, or else, of several, the
    newest where it is made by something else than what people read; then that is to be built beside it.

    Raises UnknownName where there is no such line; else as `targets`.
    """
    family, named = read_generation_name(name)
    lines = {group.generation: group for group in GROUPS if group.family == family}
    if not lines:
        raise UnknownName(f"there is no group {family}; there are {', '.join(group.name for group in GROUPS)}")
    if (chosen := number or named) is not None:
        if chosen not in lines:
            there_are = ", ".join(group.name for group in lines.values())
            raise UnknownName(
                f"consumers/groups.py has no line for generation {chosen} of {family}; it has {there_are}"
            )
        return lines[chosen]
    newest = lines[max(lines)]
    if len(lines) == 1:
        return newest
    found = adapters.generations(newest).all()
    promoted = next((one for one in found if one.promoted and one.number in lines), None)
    if promoted is None or promoted.made_by != code_makes(adapters, newest):
        return newest
    return lines[promoted.number]


def code_makes(adapters: Adapters, group: Group) -> MadeBy:
    """What the code that runs here would make the group's generation by."""
    with closing(adapters.read_model(group)) as read_model:
        assert isinstance(read_model, Preparable)  # as all are that have generations
        return read_model.made_by


def rows(adapters: Adapters, name: str | None = None) -> list[dict[str, Any]]:
    """A row for each generation of all groups that can have several, or of the named one, as `targets` has them.

    `line`: whether this code has one for it. `projection_version` and `mapping` are what it was made by, `same` whether
    this code would make it by the same; those and `documents` are None where that cannot be said, `lag` where it has no
    topic. Raises as `targets`.
    """
    families = dict.fromkeys(group.family for group in GROUPS if isinstance(group.read_model, Index))
    named = families if name is None else [name]
    return [_row(adapters, one) for family in named for one in targets(adapters, family).values()]


def _row(adapters: Adapters, one: Target) -> dict[str, Any]:
    group, found = one.group, one.found
    made_by = None if found is None else found.made_by
    has_topic = bool(adapters.log.ends(group.topic))
    return {
        "group": group.name,
        "read_model": group.read_model.name,
        "generation": one.number,
        "line": one.known,
        "projection_version": made_by and made_by.projection_version,
        "mapping": made_by and made_by.mapping,
        "same": made_by == code_makes(adapters, group) if made_by is not None and one.known else None,
        "documents": None if found is None else found.documents,
        "promoted": found is not None and found.promoted,
        "before": found is not None and found.before,
        "lag": lag(adapters.log, group.name, group.topic, adapters.clock())._asdict() if has_topic else None,
    }
