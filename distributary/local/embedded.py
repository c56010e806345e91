"""The embedded pipeline: moto as the tables, an SQLite file as the log, SQLite FTS5 as the index, all in one process.

Its state lives in this process, apart from the log: a restart on an old log rebuilds every read model from offset zero
(design section 10).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from random import Random
from time import monotonic
from types import TracebackType
from typing import Any, Self

from bridge.accounts import BatchResult
from bridge.dynamodb_streams import DynamoDBStreams
from bridge.handler import Handler
from bridge.memory_streams import MemoryShardPositions
from bridge.poller import Pace, Poller
from bridge.relay import Relay, lines
from consumers.delivery.loop import Consumer
from consumers.delivery.loop import Pace as GroupPace
from consumers.group import Group
from consumers.groups import GROUPS
from consumers.read_model import Table
from consumers.read_models.dynamodb import REMOVALS
from consumers.wiring import Source, Stores, build_consumer, check_declared, open_read_model
from distributary.home import Home
from distributary.ledger import Ledger
from distributary.local.dynamodb import LocalDynamoDB
from distributary.local.dynamodb_clients import DynamoDBClients
from distributary.local.endpoint import Endpoint
from distributary.local.log.dead_letters import EmbeddedDeadLetters
from distributary.local.log.log import EmbeddedLog
from distributary.local.log.publisher import EmbeddedPublisher
from distributary.local.log.subscription import EmbeddedSubscription
from distributary.local.tables import LocalTable, create_tables
from distributary.pipeline import Parts
from schemas.codec import EventDecoder
from schemas.event_schema import item_record_of, packaged
from schemas.registry import PackagedRegistry
from schemas.topics import TOPICS, Topic, dead_letters_of, topic_named

ON = "embedded"
PACE = Pace(idle=0.05)
"""In process, so that a read costs little: an idle stream is looked at often."""
GROUP_PACE = GroupPace(batch=300)
"""Deliveries a turn: moto takes seconds for a thousand, and Ctrl-C waits for the turn."""
PUBLISH_SECONDS = 30.0
"""How long a polled batch may take to reach the log."""


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
            self.parts = self._build(log, opened)
            self._open = opened.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    def _build(self, log: EmbeddedLog, opened: ExitStack) -> Parts:
        registry = PackagedRegistry()
        ledger = Ledger(topic.table for topic in TOPICS)
        bridge_lines = lines(TOPICS, registry)
        # A relay for each of those who use one at the same time: a publisher belongs to one of them.
        relays = [Relay(bridge_lines, EmbeddedPublisher(log), self._clock) for _ in range(len(TOPICS) + 1)]
        handler, *poller_relays = relays
        consumers = []
        decoder = EventDecoder(registry)
        for group in GROUPS:
            consumers.append(self._consumer(group, log, decoder))
            opened.callback(consumers[-1].close)
        return Parts(
            on=ON,
            log=log,
            ledger=ledger,
            handler=Handler(handler, ledger.observe),
            pollers=[self._poller(topic, relay, ledger) for topic, relay in zip(TOPICS, poller_relays, strict=True)],
            consumers=consumers,
            clock=self._clock,
        )

    def _poller(self, topic: Topic, relay: Relay, ledger: Ledger) -> Poller:
        def relay_batch(records: Sequence[Mapping[str, Any]]) -> BatchResult:
            result = relay.relay(records, lambda: PUBLISH_SECONDS)
            ledger.observe(result)
            return result

        streams = DynamoDBStreams(self.clients.tables, self.clients.streams)
        chance = Random().random
        return Poller(topic, streams, MemoryShardPositions(), relay_batch, clock=monotonic, chance=chance, pace=PACE)

    def _consumer(self, group: Group, log: EmbeddedLog, decoder: EventDecoder) -> Consumer:
        topic = topic_named(group.topic)
        check_declared(group, topic, item_record_of(packaged(topic.item_record)).key_schema)
        read_model = open_read_model(group.read_model, Stores(self.clients.tables, self._home.indexes, self._clock))
        subscription = EmbeddedSubscription(log, group.name, group.topic)
        source = Source(log, subscription, EmbeddedDeadLetters(log, group.name))
        return build_consumer(group, read_model, source, decoder, self._clock, GROUP_PACE)


def declared_tables() -> list[LocalTable]:
    """Every table of the pipeline: those with a topic have a stream; the read models' and the removals table."""
    sources = [
        LocalTable(topic.table, item_record_of(packaged(topic.item_record)).key_schema, topic.view_type)
        for topic in TOPICS
    ]
    streamed = {table.name for table in sources}
    models = [*(group.read_model for group in GROUPS if isinstance(group.read_model, Table)), REMOVALS]
    kept = [LocalTable(model.name, model.key) for model in models if model.name not in streamed]
    return [*sources, *kept]


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
