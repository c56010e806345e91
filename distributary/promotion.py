"""Switching what people read of a read model: promote, roll back, retire (design section 9)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event
from typing import TypeAlias

from consumers.group import Group
from distributary.adapters import Adapters
from distributary.errors import NotPromoted
from distributary.generations import Target, code_makes, target, targets
from distributary.letters import letters_in
from schemas.topics import dead_letters_of

Verify: TypeAlias = Callable[[Adapters, Group], int]
"""How many differences there are between a group's read model and the log."""

CATCH_UP_SECONDS = 10.0
"""How long a group has to get to where its topic ended when it was asked: under traffic, something is always on its
way."""
_LOOK_SECONDS = 0.1


def promote(adapters: Adapters, name: str, verify: Verify | None = None, *, force: bool = False) -> list[str]:
    """Promotes the generation; what spoke against it and was overridden by `force`, a sentence each.

    Raises NotPromoted where something speaks against it, UnknownName, GroupRefused, GenerationRefused, Outage; nothing
    was changed then.
    """
    chosen = target(adapters, name)
    overridden = []
    for objection in _objections(adapters, chosen, verify):
        if not force:
            raise NotPromoted(f"{chosen.said} was not promoted: {objection}; --force promotes it all the same")
        overridden.append(objection)
    chosen.generations.promote(chosen.number)
    return overridden


def rollback(adapters: Adapters, name: str) -> str:
    """Promotes what people read before the present generation; its name.

    Raises NotPromoted where there is none, or where it lags; UnknownName, GroupRefused, GenerationRefused, Outage.
    """
    there = targets(adapters, name)
    chosen = next((one for one in there.values() if one.found is not None and one.found.before), None)
    if chosen is None:
        family = next(iter(there.values())).group.family
        raise NotPromoted(
            f"nothing was rolled back: no other generation of {family} was read before, or it is retired; "
            f"see `distributary generations {family}`"
        )
    if reason := behind(adapters, chosen.group):
        raise NotPromoted(
            f"nothing was rolled back: {reason}; let it catch up, or `distributary promote {chosen.said} --force`"
        )
    chosen.generations.promote(chosen.number)
    return chosen.said


def retire(adapters: Adapters, chosen: Target) -> list[str]:
    """Deletes the generation; what becomes of everything that was its own, a sentence each.

    Raises GenerationRefused where people read it, Outage.
    """
    group = chosen.group
    chosen.generations.retire(chosen.number)
    said = [f"{chosen.said} is retired: its documents in {chosen.generations.store} are deleted"]
    if adapters.log.positions(group.name, group.topic):
        said.append(
            f"the positions of {group.name} in {group.topic} stay, so that who still has its line is refused at start "
            "and does not go on with an empty read model"
        )
    letters = dead_letters_of(group.name)
    if count := sum(1 for _ in letters_in(adapters.log, letters)):
        gone = f", or discard them before its line goes: `distributary dead-letters discard {group.name} --all`"
        said.append(f"{count} dead letters stay in {letters}" + (gone if chosen.known else ""))
    if chosen.known:
        said.append(
            f"the line of {group.name} in consumers/groups.py can go; a process that still runs it is to be restarted "
            "without it"
        )
    return said


def behind(adapters: Adapters, group: Group) -> str | None:
    """Why the group does not know what its topic held when this was called; None where it does.

    Waits up to CATCH_UP_SECONDS for it. Raises Outage.
    """
    ends, pause, waited = adapters.log.ends(group.topic), Event(), 0.0
    while True:
        positions = adapters.log.positions(group.name, group.topic)
        left = sum(max(0, end - positions.get(partition, 0)) for partition, end in ends.items())
        if not left:
            return None
        if not positions:
            return f"the group {group.name} has no position in {group.topic}: nobody has run it"
        if waited >= CATCH_UP_SECONDS:
            return (
                f"the group {group.name} is {left} events behind where {group.topic} ended {CATCH_UP_SECONDS:g} s ago"
            )
        pause.wait(_LOOK_SECONDS)
        waited += _LOOK_SECONDS


def _objections(adapters: Adapters, chosen: Target, verify: Verify | None) -> Iterator[str]:
    """What speaks against promoting it, what is quickly known first."""
    group, found = chosen.group, chosen.found
    # 1. Whether the code knows what it should be.
    if not chosen.known:
        yield f"this code has no line for {group.name}, so nothing here can say whether it is right"
    elif found is not None and found.made_by != code_makes(adapters, group):
        yield f"it was made by another projection version or mapping than this code has for {group.name}"
    # 2. Whether it is behind.
    if reason := behind(adapters, group):
        yield reason
    # 3. Whether it is right; that takes a while, after which it may be behind.
    if verify is not None and chosen.known:
        if differences := verify(adapters, group):
            yield f"verify finds {differences} differences from the log; see `distributary verify {group.name}`"
        if reason := behind(adapters, group):
            yield reason
