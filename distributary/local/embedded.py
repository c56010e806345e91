"""The embedded pipeline: moto as the tables, an SQLite file as the log, SQLite FTS5 as the index, all in one process.

Its state lives in this process, apart from the log: a restart on an old log rebuilds every read model from offset zero
(design section 10).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from consumers.groups import GROUPS
from distributary.adapters import build_parts
from distributary.dynamodb_clients import DynamoDBClients
from distributary.home import Home
from distributary.local.dynamodb import LocalDynamoDB
from distributary.local.embedded_adapters import embedded_adapters
from distributary.local.endpoint import Endpoint
from distributary.local.log.log import EmbeddedLog
from distributary.pipeline import Parts
from distributary.settings import Endpoints
from distributary.tables import create_tables, declared_tables
from schemas.topics import TOPICS, dead_letters_of


class Embedded:
    """The parts of an embedded pipeline in `home`, from `with` to its end; `clock` gives epoch seconds.

    `endpoint` answers other terminals at `url`, beside DynamoDB. Raises GroupRefused for a group that cannot run.
    """

    def __init__(self, home: Home, clock: Callable[[], float], *, keep_log: bool) -> None:
        self._home = home
        self._clock = clock
        self._keep_log = keep_log
        self._open = ExitStack()
        self.endpoint = Endpoint()
        self.endpoints: Endpoints | None = None
        self.parts: Parts
        self.url: str
        self.clients: DynamoDBClients

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            dynamodb = opened.enter_context(LocalDynamoDB(beside=self.endpoint))
            self.url = dynamodb.url
            self.clients = dynamodb.clients()
            opened.callback(self.clients.close)
            create_tables(self.clients.tables, declared_tables())
            self._home.forget(log=not self._keep_log)
            log = EmbeddedLog(self._home.log, self._clock)
            opened.callback(log.close)
            start_topics(log)
            self.parts = build_parts(embedded_adapters(log, self.clients, self._home.indexes, self._clock), opened)
            self._open = opened.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()


def start_topics(log: EmbeddedLog) -> None:
    """Makes the topics, and starts afresh what lives with the tables: positions, and the topics of tables that groups
    write, with their dead letters and those of the groups that read them.
    """
    log.reset_positions()
    written = {group.read_model.name for group in GROUPS}
    for topic in TOPICS:
        if topic.table in written:
            readers = [group.name for group in GROUPS if group.topic == topic.name]
            for gone in (topic.name, *map(dead_letters_of, (topic.name, *readers))):
                log.drop_topic(gone)
        log.create_topic(topic.name, topic.partitions)
