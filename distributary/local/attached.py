"""The embedded pipeline's stores, opened from another terminal: the same adapters on the same state."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event
from typing import Any

from bridge.handler import Handler
from bridge.relay import Relay, lines
from bridge.stream_record import RawRecord
from consumers.groups import GROUPS
from consumers.read_model import Document, ReadModel, Searchable
from consumers.wiring import Stores, open_read_model
from distributary.attach import Attached
from distributary.dynamodb_clients import local_clients
from distributary.errors import NoPipeline, Unaccounted, UnknownName
from distributary.feed.invoke import Invocation, invoke
from distributary.feed.numbering import Numbering
from distributary.home import Home
from distributary.ledger import Ledger
from distributary.local.log.log import EmbeddedLog
from distributary.local.log.publisher import EmbeddedPublisher
from schemas.registry import PackagedRegistry
from schemas.topics import TOPICS


@contextmanager
def opened_log(folder: Path, clock: Callable[[], float]) -> Iterator[EmbeddedLog]:
    """The log of a home, whether a pipeline runs there or not. Raises NoPipeline where there is none."""
    home = Home(folder)
    if not home.log.exists():
        raise NoPipeline(f"there is no log in {folder}; start a pipeline with `distributary run`, or name its --home")
    with closing(EmbeddedLog(home.log, clock)) as log:
        yield log


def feed(
    attached: Attached, records: Sequence[bytes], ended: Event, clock: Callable[[], float]
) -> tuple[int, list[dict[str, str | int | None]]]:
    """Feeds the records; how many of them were numbered, and the accounts.

    Raises RecordsReturned, FeedStopped, Unaccounted, and NoPipeline where the pipeline ended before the feed did.
    """
    numbered: Sequence[RawRecord]
    numbered, count = Numbering(attached.home.numbers).number(records)
    ledger = Ledger(())
    with opened_log(attached.home.folder, clock) as log:
        handler = Handler(Relay(lines(TOPICS, PackagedRegistry()), EmbeddedPublisher(log), clock), ledger.observe)

        def handle(event: Mapping[str, Any], context: Invocation) -> Mapping[str, Any]:
            attached.still_running()
            return handler(event, context)

        invoke(handle, numbered, ended, lambda: ledger.reason)
        attached.still_running()
    if not ledger.balanced:
        raise Unaccounted(ledger.rows())
    return count, ledger.rows()


@contextmanager
def read_model(attached: Attached, name: str, clock: Callable[[], float]) -> Iterator[ReadModel]:
    """The read model of that name. Raises UnknownName."""
    declared = {group.read_model.name: group.read_model for group in GROUPS}
    if name not in declared:
        raise UnknownName(f"there is no read model {name}; there are {', '.join(declared)}")
    with closing(local_clients(attached.running.url)) as clients:
        stores = Stores(clients.tables, attached.home.indexes, clock)
        with closing(open_read_model(declared[name], stores)) as opened:
            yield opened


def search(attached: Attached, text: str, limit: int, clock: Callable[[], float]) -> list[Document]:
    """The documents that every searchable read model finds."""
    found: list[Document] = []
    for group in GROUPS:
        with read_model(attached, group.read_model.name, clock) as opened:
            if isinstance(opened, Searchable):
                found += opened.search(text, limit)
    return found
