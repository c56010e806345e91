"""Histories of one item of a table, and the logs that a bridge makes of them: what `rebuild_model` searches through.

An item has a region, which says by whose `where` it is held, and three attributes that hold the number of the change
that wrote them last: `Name` and `Title` are shown by the projection, `Login` is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import NamedTuple, Protocol, TypeAlias

from msgspec.structs import replace as with_fields

from consumers.group import Filter, Group, Where
from consumers.projection import Projection, one_document, only
from consumers.read_model import Table
from schemas.change_event import ChangeEvent, Principal
from schemas.versions import SNAPSHOT_VERSION, repair_version, version
from tests.events import event
from tests.records import LABEL

OLD = datetime(2025, 1, 1, tzinfo=UTC)
"""Before the removals that are still remembered."""
DOCUMENT = Projection("shown", 1, one_document(lambda item: only(item, "Name", "Title")))
KEY = "1"


class Image(NamedTuple):
    """An item as it stands in the table."""

    region: str
    name: int
    title: int
    login: int

    @property
    def fields(self) -> dict[str, str | int]:
        """Its attributes."""
        return {"Region": self.region, "Name": self.name, "Title": self.title, "Login": self.login}


class Change(NamedTuple):
    """One change of the item: `before` and `after` are the images, None where there is none."""

    before: Image | None
    after: Image | None
    expired: bool = False


History: TypeAlias = tuple[Change, ...]


class Case(NamedTuple):
    """Two projections of one topic, and what of the table they tell apart.

    `regions` an item may be in, `written` the attributes of which a change writes one. The former one `hides` what
    comes into the log behind it, where it may remember a removal above whatever the present one makes of the item: such
    events have to be there before a rebuild begins.
    """

    present: Group
    former: Group | None
    regions: tuple[str, ...]
    written: tuple[str, ...]
    hides: bool = False


def in_regions(*regions: str) -> Where:
    """The `where` that holds items of those regions."""
    held = [{"S": region} for region in regions]
    return lambda item, _: item.attributes["Region"] in held


def seeing(*names: str) -> Filter:
    """The `filter` that looks at changes of those attributes, and at no expiry."""

    def looks(change: ChangeEvent) -> bool:
        if change.after is None or change.before is None:
            return change.source.principal is None
        return any(change.before[name] != change.after[name] for name in names)

    return looks


PRESENT = Group(
    "shown", "users.changes", DOCUMENT, Table("Shown"), seeing("Name", "Title"), in_regions("both", "present")
)
UNSEEN = replace(PRESENT, filter=None)
"""A group that may fold what it has not looked at."""
CASES = {
    "nothing changed": Case(PRESENT, None, ("both", "neither"), ("name", "login")),
    "without a filter": Case(UNSEEN, None, ("both", "neither"), ("name",)),
    "the old where was wider": Case(
        PRESENT, replace(PRESENT, where=in_regions("both", "former")), ("both", "former"), ("name", "login")
    ),
    "the old where was narrower": Case(
        PRESENT, replace(PRESENT, where=in_regions("both")), ("both", "present"), ("name", "login"), True
    ),
    "the old filter was wider": Case(PRESENT, replace(PRESENT, filter=None), ("both", "neither"), ("name", "login")),
    "the old filter was narrower": Case(
        PRESENT, replace(PRESENT, filter=seeing("Name")), ("both", "neither"), ("name", "title")
    ),
}


class Logged(NamedTuple):
    """What comes into the log, in its order, and what it should come to.

    `told`: it says all that happened to the table, of which `item` is left; else all of it is there at once. `behind`:
    an event may come for the first time behind later ones. The first `old` events were committed before the removals
    that are still remembered.
    """

    what: str
    events: tuple[ChangeEvent, ...]
    item: Image | None
    told: bool = True
    behind: bool = False
    old: int = 0


def histories(case: Case, longest: int) -> Iterator[History]:
    """Every history of up to that many changes, the shorter ones first."""
    found: list[History] = [()]
    for number in range(1, longest + 1):
        found = [(*history, change) for history in found for change in _next(case, history, number)]
        yield from found


def _next(case: Case, history: History, number: int) -> Iterator[Change]:
    item = history[-1].after if history else None
    if item is None:
        yield from (Change(None, Image(region, number, number, number)) for region in case.regions)
        return
    for region, name in product(case.regions, case.written):
        yield Change(item, Image(**item._asdict() | {"region": region, name: number}))
    yield Change(item, None)
    yield Change(item, None, expired=True)


def at(number: int) -> str:
    """The version of the change of that number, which counts from 1."""
    return version(LABEL, str(number))


def event_of(change: Change, number: int) -> ChangeEvent:
    """What the bridge makes of a change."""
    operation = "REMOVE" if change.after is None else "INSERT" if change.before is None else "MODIFY"
    made = _event(operation, at(number), change.before, change.after)
    if not change.expired:
        return made
    service = Principal("dynamodb.amazonaws.com", "Service")
    return with_fields(made, source=with_fields(made.source, principal=service))


def stated(item: Image | None, as_version: str) -> ChangeEvent:
    """What a snapshot or a repair states."""
    return _event("REMOVE" if item is None else "SNAPSHOT", as_version, None, item)


def _event(operation: str, as_version: str, before: Image | None, after: Image | None) -> ChangeEvent:
    return event(
        operation,
        version_text=as_version,
        before=None if before is None else before.fields,
        after=None if after is None else after.fields,
    )


class Logs(Protocol):
    """What may come into the log of a history."""

    def __call__(self, history: History, /) -> Iterator[Logged]:
        """Each log, with what it should come to."""
        ...


def as_it_happened(history: History) -> Iterator[Logged]:
    """Each change once, in order."""
    yield Logged("as it happened", _events(history), history[-1].after)


def sent_again(history: History) -> Iterator[Logged]:
    """One change is appended again after a later one; or comes then for the first time, as a dead letter may."""
    events = _events(history)
    for number in range(len(events)):
        for behind in range(number + 1, len(events) + 1):
            again = (*events[:behind], events[number], *events[behind:])
            yield Logged(f"{number + 1} again", again, history[-1].after)
            if behind > number + 1:
                late = (*events[:number], *events[number + 1 : behind], events[number], *events[behind:])
                yield Logged(f"{number + 1} late", late, history[-1].after, behind=True)


def lost(history: History) -> Iterator[Logged]:
    """One change never comes; a later one may hide that."""
    events = _events(history)
    for number in range(len(events)):
        left = (*events[:number], *events[number + 1 :])
        yield Logged(f"{number + 1} lost", left, history[-1].after, told=False)


class Repairing(NamedTuple):
    """A repair of a lost change. `waits` until what was committed before the item was read is in the log, and `checks`
    that nothing came meanwhile; else so many changes are in the log too few, or have come too many.
    """

    waits: bool = True
    checks: bool = True

    def __call__(self, history: History, /) -> Iterator[Logged]:
        """One change never comes, and the item is stated anew at some time after it."""
        events = _events(history)
        for number in range(len(events)):
            for read in range(number + 1, len(events) + 1):
                for relayed in self._relayed(read, len(events)):
                    there = [one for place, one in enumerate(events[:relayed]) if place != number]
                    rest = [one for place, one in enumerate(events[relayed:], relayed) if place != number]
                    version_there = max((one.version for one in there), default=None)
                    repair = stated(history[read - 1].after, repair_version(version_there))
                    what = f"{number + 1} lost, repaired as it was after {read} with {relayed} relayed"
                    yield Logged(what, (*there, repair, *rest), history[-1].after)

    def _relayed(self, read: int, last: int) -> range:
        return range(read if self.waits else 0, (read if self.checks else last) + 1)


class Snapshot(NamedTuple):
    """A snapshot of the item. Only the changes after `captured` are in the log; its event comes in anywhere."""

    version: str = SNAPSHOT_VERSION

    def __call__(self, history: History, /) -> Iterator[Logged]:
        """Read at any time after capture began, appended at any place."""
        for captured in range(len(history) + 1):
            events = _events(history)[captured:]
            for read in range(captured, len(history) + 1):
                item = history[read - 1].after if read else None
                if item is None:
                    yield Logged(f"captured after {captured}, nothing to state", events, history[-1].after)
                    continue
                for place in range(len(events) + 1):
                    logged = (*events[:place], stated(item, self.version), *events[place:])
                    what = f"captured after {captured}, stated as it was after {read}"
                    yield Logged(what, logged, history[-1].after, behind=True)


def long_ago(history: History) -> Iterator[Logged]:
    """The first changes were committed so long ago that their removals may be forgotten."""
    events = _events(history)
    for old in range(1, len(events) + 1):
        aged = tuple(with_fields(one, committed_at=OLD) for one in events[:old])
        yield Logged(f"{old} long ago", (*aged, *events[old:]), history[-1].after, old=old)


def _events(history: History) -> tuple[ChangeEvent, ...]:
    return tuple(event_of(change, number) for number, change in enumerate(history, 1))
