"""Which attributes an event changes."""

from __future__ import annotations

from schemas.attribute_values import AttributeValue, plain
from schemas.change_event import ChangeEvent, Operation
from schemas.errors import UndecodableEvent


def changed_fields(event: ChangeEvent) -> tuple[str, ...] | None:
    """The top-level attributes, besides the key, that differ between the event's images, in order.

    None where that is not known: an image is not carried, as of a SNAPSHOT, or cannot be read.
    """
    if event.operation is Operation.SNAPSHOT or not (event.before_known and event.after_known):
        return None
    before = {} if event.before is None else event.before.attributes
    after = {} if event.after is None else event.after.attributes
    names = (before.keys() | after.keys()) - event.key.attributes.keys()
    try:
        return tuple(sorted(name for name in names if _differ(before.get(name), after.get(name))))
    except UndecodableEvent:
        return None


def _differ(one: AttributeValue | None, other: AttributeValue | None) -> bool:
    """Whether they differ in type or in value, the order of a set's members aside."""
    if one is None or other is None:
        return one is not other
    return one != other and (one.keys() != other.keys() or plain(one) != plain(other))
