"""What a second terminal does with a pipeline: feed it, and look into its read models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from threading import Event
from typing import Any

from bridge.handler import Handler
from bridge.stream_record import RawRecord
from consumers.generations import read_generation_name
from consumers.groups import GROUPS
from consumers.read_model import Document, Index, ReadModel, Searchable
from distributary.adapters import Adapters
from distributary.attach import Attached
from distributary.errors import Unaccounted, UnknownName
from distributary.feed.invoke import Invocation, invoke
from distributary.feed.numbering import Numbering
from distributary.home import Home
from distributary.ledger import Ledger


def feed(
    adapters: Adapters, attached: Attached | None, home: Home, records: Sequence[bytes], ended: Event
) -> tuple[int, list[dict[str, str | int | None]]]:
    """Feeds the records; how many of them were numbered (within `home`), and the accounts.

    Raises RecordsReturned, FeedStopped, Unaccounted, and NoPipeline where what runs in the home (None: nothing that
    this terminal knows of) ended before the feed did.
    """
    home.make()
    numbered: Sequence[RawRecord]
    numbered, count = Numbering(home.numbers).number(records)
    ledger = Ledger(())
    with closing(Handler(adapters.relay(), ledger.observe)) as handler:

        def handle(event: Mapping[str, Any], context: Invocation) -> Mapping[str, Any]:
            still_running(attached)
            return handler(event, context)

        invoke(handle, numbered, ended, lambda: ledger.reason)
        still_running(attached)
    if not ledger.balanced:
        raise Unaccounted(ledger.rows())
    return count, ledger.rows()


def still_running(attached: Attached | None) -> None:
    """Raises NoPipeline where it is no longer the same pipeline that runs in the home."""
    if attached is not None:
        attached.still_running()


@contextmanager
def read_model(adapters: Adapters, name: str) -> Iterator[ReadModel]:
    """The read model of that name, to be read: of an index the generation that is promoted, or that `name.g2` names.

    Raises UnknownName, SettingsError, Outage.
    """
    groups = {group.read_model.name: group for group in GROUPS}
    declared, number = (name, None) if name in groups else read_generation_name(name)
    group = groups.get(declared)
    if group is None or (number is not None and not isinstance(group.read_model, Index)):
        raise UnknownName(f"there is no read model {name}; there are {', '.join(groups)}")
    if not isinstance(group.read_model, Index):
        with closing(adapters.read_model(group)) as opened:
            yield opened
        return
    with adapters.generations(group).reading() as promoted:
        if number is not None and number not in (there := [one.number for one in adapters.generations(group).all()]):
            raise UnknownName(
                f"there is no generation {number} of {declared}; there are {', '.join(map(str, there)) or 'none'}"
            )
        with closing(adapters.read_model(replace(group, generation=number or promoted))) as opened:
            yield opened


def search(adapters: Adapters, text: str, limit: int) -> list[Document]:
    """The documents that every searchable read model finds, in the generation that is promoted."""
    found: list[Document] = []
    for name in {group.read_model.name: None for group in GROUPS if isinstance(group.read_model, Index)}:
        with read_model(adapters, name) as opened:
            if isinstance(opened, Searchable):
                found += opened.search(text, limit)
    return found
