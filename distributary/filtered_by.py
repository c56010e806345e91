"""Why a group filters an event: by which condition of its `filter` or its `where`."""

from __future__ import annotations

from consumers.group import Group
from consumers.patterns import EventPattern, ItemPattern
from schemas.attribute_values import Item
from schemas.change_event import ChangeEvent, Operation

_SHOWN_CHARACTERS = 200


def filtered_by(group: Group, event: ChangeEvent) -> str:
    """Why the group filters an event that it filters."""
    holds_it = event.operation is not Operation.REMOVE and outside(group, event.after, event) is None
    if group.look(event) is not None:
        return "the projection writes nothing for it"
    if event.operation is Operation.SNAPSHOT or event.is_repair:
        return f"a snapshot of an item outside `where`: {outside(group, event.after, event)}"
    if event.before is not None and not holds_it:
        sides = "before" if event.operation is Operation.REMOVE else "before and after"
        item = event.before if event.operation is Operation.REMOVE else event.after
        return f"outside `where` {sides}: {outside(group, item, event)}"
    return f"by its `filter`: {_misses(group.filter, event)}"


def outside(group: Group, item: Item | None, event: ChangeEvent) -> str | None:
    """Why the group's read model does not hold the item as the event has it; None where it does."""
    if group.where is None:
        return None
    if item is None:
        return "there is no image of it"
    if group.where(item, event.committed_at):
        return None
    if isinstance(group.where, ItemPattern):
        return _said(group.where.misses(item, event.committed_at), group.where.filter.text)
    return _named(group.where)


def _misses(predicate: object, event: ChangeEvent) -> str:
    if isinstance(predicate, EventPattern):
        return _said(predicate.misses(event), predicate.filter.text)
    return _named(predicate)


def _said(misses: list[str], pattern: str) -> str:
    """The sentences; with the pattern where one of them tells a part of it by its number alone."""
    sentences = "; ".join(misses)
    if not any(miss.startswith("none_of") for miss in misses):
        return sentences
    shown = pattern if len(pattern) <= _SHOWN_CHARACTERS else pattern[:_SHOWN_CHARACTERS] + "..."
    return f"{sentences} ({shown})"


def _named(predicate: object) -> str:
    return f"{getattr(predicate, '__qualname__', type(predicate).__qualname__)} says no"
