"""Whether the lines of consumers/groups.py go together, and what stands in a store without a line there."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from consumers.errors import GroupRefused
from consumers.generations import FIRST, Generations
from consumers.group import Group
from consumers.read_model import Table

logger = logging.getLogger("distributary.consumers")


def check_generations(groups: Sequence[Group]) -> None:
    """Raises GroupRefused where the lines of consumers/groups.py do not go together: each one a generation of its own,
    those of one family of one read model that can switch, and nobody else's.
    """
    for at, group in enumerate(groups):
        if group.generation < FIRST:
            raise GroupRefused(
                f"the group {group.family} is of generation {group.generation}; generations are counted from {FIRST}"
            )
        if isinstance(group.read_model, Table) and group.generation != FIRST:
            raise GroupRefused(
                f"the group {group.name} writes to the table {group.read_model.name}, which cannot switch what people "
                f"read: take `generation` out of its line, and rebuild it in place"
            )
        for other in groups[:at]:
            _check_pair(other, group)


def _check_pair(one: Group, other: Group) -> None:
    if one.name == other.name:
        raise GroupRefused(f"two lines of consumers/groups.py are the group {one.name}; a generation has one line")
    if one.family == other.family and one.read_model.name != other.read_model.name:
        raise GroupRefused(
            f"the generations {one.name} and {other.name} write to {one.read_model.name} and {other.read_model.name}; "
            "they are builds of one read model: give them its name"
        )
    if one.family != other.family and one.read_model.name == other.read_model.name:
        raise GroupRefused(
            f"the groups {one.name} and {other.name} both write to {one.read_model.name}; give each a read model of "
            "its own, or make one a generation of the other"
        )


def warn_of_others(group: Group, groups: Sequence[Group], generations: Generations) -> None:
    """Warns of generations of the group's read model that `groups` have no line for: nobody runs them here."""
    known = {one.generation for one in groups if one.family == group.family}
    for found in generations.all():
        if found.number not in known:
            logger.warning(
                "generation %d of %s is in %s, and this code has no line for it: it is not run here",
                found.number,
                group.read_model.name,
                generations.store,
            )
