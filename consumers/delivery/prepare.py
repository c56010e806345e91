"""One delivery up to its writes: decode, filter, project (steps 2 to 4 of design section 6). Touches no store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from consumers.errors import Outage, WrongKey
from consumers.group import Group
from consumers.subscription import Delivery
from consumers.writes import VersionedWrite
from schemas.change_event import ChangeEvent
from schemas.codec import EventDecoder
from schemas.errors import RegistryUnavailable, UndecodableEvent, UnknownSchema
from schemas.versions import VERSION_HEADER


class Poison(NamedTuple):
    """Why a delivery can never be applied: the step that found it, the error's name, and a sentence."""

    stage: str
    error: str
    message: str


Prepared: TypeAlias = "tuple[VersionedWrite, ...] | Poison"
"""A delivery's writes (none: it is filtered), or why there can be none."""


@dataclass(frozen=True, slots=True)
class Preparation:
    """Steps 2 to 4 of one group; `folding`: for a rebuild."""

    group: Group
    decoder: EventDecoder
    folding: bool = False

    def place_in_fold(self, delivery: Delivery) -> tuple[bytes, str] | None:
        """The message key and the version of a delivery that may be folded away, or may fold others, unseen."""
        if not self.group.folds_unseen or delivery.key is None:
            return None
        for name, value in delivery.headers:
            if name == VERSION_HEADER:
                return delivery.key, value.decode("utf-8", "replace")
        return None

    def prepare(self, delivery: Delivery, *, for_others: bool = False) -> Prepared:
        """What the delivery asks of the read model; `for_others`: it stands for some that nobody has looked at.

        Raises Outage where the registry is away, nothing else.
        """
        # 2 decode
        try:
            event = self.decode(delivery.value)
        except (UndecodableEvent, UnknownSchema) as error:
            return _poison("decode", error)
        return self.writes_of(event, for_others=for_others)

    def writes_of(self, event: ChangeEvent, *, for_others: bool = False) -> Prepared:
        """What an event asks of the read model; see `prepare`."""
        # 3 filter
        try:
            seen = self.group.look(event, for_others=for_others, folding=self.folding)
        except UndecodableEvent as error:  # in a value that is decoded now that it is asked for
            return _poison("decode", error)
        except Exception as error:  # noqa: BLE001 - a predicate is the group's own code; whatever it raises is poison
            return _poison("filter", error)
        # 4 project
        try:
            return () if seen is None else self._project(seen)
        except UndecodableEvent as error:
            return _poison("decode", error)
        except Exception as error:  # noqa: BLE001 - so is a projection
            return _poison("project", error)

    def may_matter(self, event: ChangeEvent) -> bool:
        """See `Group.matters`; of poison, which may be redriven, it is not known."""
        try:
            return self.group.matters(event)
        except Exception:  # noqa: BLE001 - see `writes_of`
            return True

    def decode(self, value: bytes | None) -> ChangeEvent:
        """The event in a delivery's value. Raises UndecodableEvent, UnknownSchema, Outage."""
        if value is None:
            raise UndecodableEvent("the delivery has no value, expected a change event")
        try:
            return self.decoder.decode(value)
        except RegistryUnavailable as error:
            raise Outage("the schema registry", str(error)) from error

    def _project(self, event: ChangeEvent) -> tuple[VersionedWrite, ...]:
        key = event.key_text
        writes = tuple(VersionedWrite(write, event.version) for write in self.group.projection.project(event))
        for write in writes:
            if write.key != key and not write.key.startswith(key + "|"):
                name = self.group.projection.name
                raise WrongKey(f"the projection {name} wrote under {write.key!r}, expected the item's key {key!r}")
        return writes


def _poison(stage: str, error: Exception) -> Poison:
    return Poison(stage, type(error).__name__, str(error))
