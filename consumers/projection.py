"""A projection: pure, from a change event to what the read model shall hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from consumers.writes import Fields, Put, Remove, Write
from schemas.attribute_values import Item, plain
from schemas.change_event import ChangeEvent


@dataclass(frozen=True, slots=True)
class Projection:
    """`project` makes the writes of one event, the same ones every time it is asked.

    It writes under the event's key, or under keys that begin with it and a `|`. `version` is raised when the same
    event makes other writes than before. `needs` are the images it reads: a group whose topic does not carry them is
    refused at start.
    """

    name: str
    version: int
    project: Callable[[ChangeEvent], Iterable[Write]]
    needs: frozenset[str] = frozenset({"after"})


@dataclass(frozen=True, slots=True)
class OneDocument:
    """The projection of an item to one document under its key: Put what `document` makes of `after`, else Remove.

    So of several events of one item the latest says all, and a group need not look at the others.
    """

    document: Callable[[Item], Fields]

    def __call__(self, event: ChangeEvent) -> Iterable[Write]:
        """The one write."""
        return (Remove(event.key_text) if event.after is None else Put(event.key_text, self.document(event.after)),)


def one_document(document: Callable[[Item], Fields]) -> OneDocument:
    """See OneDocument."""
    return OneDocument(document)


def only(item: Item, *names: str) -> Fields:
    """Those of the item's attributes; an absent one stays absent."""
    found = item.attributes.get
    return {name: plain(value) for name in names if (value := found(name)) is not None}
