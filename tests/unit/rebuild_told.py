"""What the events of a log come to, for everybody who reads them: by the product's own `Group`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from consumers.delivery.prepare import Poison, Preparation
from consumers.group import Group
from consumers.read_model import REMOVALS_KEPT_SECONDS
from consumers.writes import Fields, Put, Remove
from distributary.folding.judge import Want
from schemas.change_event import ChangeEvent
from schemas.codec import EventDecoder
from tests.events import REGISTRY
from tests.unit.rebuild_histories import KEY, OLD, Case, Logged
from tests.unit.rebuild_store import Held, Said, Value

NOW = OLD.timestamp() + REMOVALS_KEPT_SECONDS
"""When what was committed then is no longer due, and everything else is."""
SILENT = Said(None, None)
_DECODER = EventDecoder(REGISTRY)


class Told(NamedTuple):
    """What the events of a log come to: for a live member, for one that folded others into it, for a former member, and
    for the fold. Two logs that tell the same are searched once.
    """

    live: tuple[Said | None, ...]
    folded: tuple[Said | None, ...] | None
    former: tuple[Said | None, ...] | None
    wanted: tuple[Said | None, ...]
    matters: tuple[bool, ...]
    ending: Said
    """What the read model shall hold."""
    told: bool
    old: int
    gone: frozenset[str]
    """The removals that may be forgotten."""

    def wants(self, start: int, end: int) -> list[Want]:
        """What the fold makes of the events from `start` up to `end`."""
        return [self._want(said, number) for number, said in enumerate(self.wanted[:end]) if said and number >= start]

    def _want(self, said: Said, number: int) -> Want:
        committed = OLD.timestamp() if number < self.old else NOW
        keeps_out = said.version or "" if self.matters[number] else ""
        return Want(write_of(said), said.version, number, committed, keeps_out, committed)


def tell(case: Case, log: Logged, folds: type[Group] = Group) -> Told:
    """What a log comes to. Fails where a fresh group would not make of it what the table holds."""
    present, events = case.present, log.events
    seen = _of(present, folds)
    wanted = _said(seen, events, folding=True)
    right = _said(present, events, folding=True)
    live = _said(present, events)
    ending = ending_of(right)
    if log.told:
        inside = log.item is not None and log.item.region in ("both", "present")
        expected = (log.item.name, log.item.title) if log.item is not None and inside else None
        assert ending.value == expected, (log, ending)
        assert held_of(ending_of(live)) == held_of(ending), (log, live)
    return Told(
        live=live,
        folded=_said(present, events, for_others=True) if present.folds_unseen else None,
        former=None if case.former is None else _said(case.former, events),
        wanted=wanted,
        matters=tuple(map(Preparation(seen, _DECODER).may_matter, events)),
        ending=ending,
        told=log.told and not (log.behind and case.hides),
        old=log.old,
        gone=frozenset(event.version for event in events[: log.old]),
    )


def fields_of(value: Value) -> Fields:
    """The document of a value."""
    return {"Name": value[0], "Title": value[1]}


def given_back(write: Put | Remove) -> Fields | None:
    """The document of a Put, as a store gives it back."""
    return write.document if isinstance(write, Put) else None


def value_of(put: Put) -> Value:
    """The value of a document."""
    return put.document["Name"], put.document["Title"]  # type: ignore[return-value]


def write_of(said: Said) -> Put | Remove:
    """What a projection would have written."""
    return Remove(KEY) if said.value is None else Put(KEY, fields_of(said.value))


def _said(
    group: Group, events: Sequence[ChangeEvent], *, folding: bool = False, for_others: bool = False
) -> tuple[Said | None, ...]:
    """What a group says to each event, None where it says nothing."""
    preparation = Preparation(group, _DECODER, folding)
    found = list[Said | None]()
    for event in events:
        prepared = preparation.writes_of(event, for_others=for_others)
        assert not isinstance(prepared, Poison), prepared
        said = [Said(version, value_of(write) if isinstance(write, Put) else None) for write, version in prepared]
        found += said or [None]
    return tuple(found)


def ending_of(said: Sequence[Said | None]) -> Said:
    """The write that counts: the highest version, the first of equals."""
    return max(filter(None, said), key=lambda each: each.version or "", default=SILENT)


def held_of(ending: Said) -> Held | None:
    """What a store holds after that write."""
    return None if ending.value is None else (ending.version, ending.value)


def _of(group: Group, kind: type[Group]) -> Group:
    return kind(group.family, group.topic, group.projection, group.read_model, group.filter, group.where)
