"""A consumer group, and what it makes of one event: to be projected, or filtered (design section 6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from msgspec.structs import replace

from consumers.errors import MissingImage
from consumers.generations import FIRST, generation_name
from consumers.patterns import digest
from consumers.projection import OneDocument, Projection
from consumers.read_model import Index, Table
from schemas.attribute_values import Item
from schemas.change_event import ChangeEvent, Operation
from schemas.versions import SNAPSHOT_VERSION

Filter: TypeAlias = Callable[[ChangeEvent], bool]
Where: TypeAlias = Callable[[Item, datetime | None], bool]
"""Whether the read model holds an item, as an event of that time has it."""


@dataclass(frozen=True, slots=True)
class Group:
    """Who reads which topic, through which projection, into which read model.

    `filter` says which events the group looks at, `where` which items its read model holds. `generation` is which build
    of its read model it writes; those of one `family` share the read model's name and nothing else.
    """

    family: str
    topic: str
    projection: Projection
    read_model: Table | Index
    filter: Filter | None = None
    where: Where | None = None
    generation: int = FIRST

    @property
    def name(self) -> str:
        """What it is called wherever a group is named: `user-search`, of generation 2 `user-search.g2`."""
        return generation_name(self.family, self.generation)

    @property
    def projection_version(self) -> str:
        """What another one of makes other writes of the same events: the projection's number, and a digest of `filter`
        and `where`: `1-3f9c2a7b`.
        """
        return f"{self.projection.version}-{digest(self.filter, self.where)}"

    @property
    def needs(self) -> frozenset[str]:
        """The images the group cannot do without."""
        return self.projection.needs | ({"after"} if self.where is not None else set())

    @property
    def folds_unseen(self) -> bool:
        """Whether the latest of several events of an item says all that the group has to know of them."""
        return self.filter is None and isinstance(self.projection.project, OneDocument)

    def look(self, event: ChangeEvent, *, for_others: bool = False, folding: bool = False) -> ChangeEvent | None:
        """The event as the projection shall see it, None where it is filtered.

        An item outside `where` is shown as removed. A change of membership in either direction is never filtered, and
        a `before` that is not carried counts as changed and as another membership. Nor is one that stands `for_others`,
        which nobody has looked at: what they made of the item is not known. A rebuild, `folding`, skips no item that
        stays outside either: it does not know what the read model was made by. Raises MissingImage.
        """
        for side, known in (("before", event.before_known), ("after", event.after_known)):
            if side in self.needs and not known:
                raise MissingImage(
                    f"the {event.operation} of {event.source.table} {event.key_text} carries no {side}, "
                    f"which the group {self.name} needs (the stream's view type was {event.source.view_type})"
                )
        holds_it = self.holds(event)
        if self._filters(event, holds_it, for_others=for_others, folding=folding):
            return None
        if holds_it or event.operation is Operation.REMOVE:
            return event
        return replace(event, operation=Operation.REMOVE, after=None)

    def holds(self, event: ChangeEvent) -> bool:
        """Whether the read model holds the item after the event."""
        return event.operation is not Operation.REMOVE and self._inside(event.after, event)

    def matters(self, event: ChangeEvent) -> bool:
        """Whether live traffic puts a document for the event, or takes one away, as far as is known; not where the item
        stays outside `where`, or comes into being there. Raises MissingImage.
        """
        if self.filter is None and self.holds(event):
            return True  # as most do, told by one image
        if self.look(event) is None:
            return False
        return self.holds(event) or not event.before_known or self._held(event)

    def _filters(self, event: ChangeEvent, holds_it: bool, *, for_others: bool, folding: bool) -> bool:
        if event.operation is Operation.SNAPSHOT or event.is_repair:
            return event.version == SNAPSHOT_VERSION and not holds_it
        if for_others or not event.before_known or (folding and not holds_it):
            return False
        if self._held(event) != holds_it:
            return False
        stays_outside = event.before is not None and not holds_it
        return stays_outside or (self.filter is not None and event.after_known and not self.filter(event))

    def _held(self, event: ChangeEvent) -> bool:
        return event.operation is not Operation.INSERT and self._inside(event.before, event)

    def _inside(self, item: Item | None, event: ChangeEvent) -> bool:
        return self.where is None or (item is not None and self.where(item, event.committed_at))
