"""What a pipeline is made of, whatever it runs on; and its parts built from that."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from random import Random
from threading import Event
from time import monotonic
from typing import Any

from bridge.accounts import BatchResult
from bridge.handler import Handler
from bridge.poller import NEARBY, Poller
from bridge.poller import Pace as PollerPace
from bridge.publisher import Publisher
from bridge.relay import Relay, lines
from bridge.streams import ShardPositions, Streams
from consumers.delivery.dead_letters import DeadLetters
from consumers.delivery.loop import PACE, Consumer, Pace, Turn
from consumers.delivery.retries import Backoff, Waiting, decide_retry
from consumers.errors import Outage
from consumers.generation_lines import check_generations, warn_of_others
from consumers.generations import Generations
from consumers.group import Group
from consumers.groups import GROUPS
from consumers.read_model import Index, ReadModel
from consumers.subscription import Log, Subscription
from consumers.wiring import (
    Source,
    Stores,
    build_consumer,
    check_declared,
    open_generations,
    open_read_model,
)
from distributary.ledger import Ledger
from distributary.pipeline import Parts
from distributary.turns import Turns
from schemas.codec import EventDecoder
from schemas.errors import RegistryUnavailable
from schemas.event_schema import item_key_of
from schemas.registry import Registry
from schemas.topics import TOPICS, Topic, topic_named

PUBLISH_SECONDS = 30.0
"""How long a polled batch may take to reach the log."""

logger = logging.getLogger("distributary")


@dataclass(frozen=True, slots=True)
class Adapters:
    """One technology a port. `publisher`, `subscription` and `dead_letters` make a new one for each who asks, since
    each belongs to one thread; `clock` gives epoch seconds. `poller_paces` by table and `group_paces` by group are
    those unlike the others'. What they hold open is closed by whom made them.
    """

    on: str
    log: Log
    registry: Registry
    stores: Stores
    streams: Streams
    positions: ShardPositions
    publisher: Callable[[], Publisher]
    subscription: Callable[[Group], Subscription]
    dead_letters: Callable[[str], DeadLetters]
    clock: Callable[[], float]
    metadata: Mapping[str, str] = field(default_factory=dict)
    poller_pace: PollerPace = NEARBY
    poller_paces: Mapping[str, PollerPace] = field(default_factory=dict)
    pace: Pace = PACE
    group_paces: Mapping[str, Pace] = field(default_factory=dict)

    def relay(self, publisher: Publisher | None = None) -> Relay:
        """A relay on that publisher, or on one of its own. Raises UnknownSchema, RegistryUnavailable."""
        return Relay(lines(TOPICS, self.registry), publisher or self.publisher(), self.clock, self.metadata)

    def read_model(self, group: Group) -> ReadModel:
        """The group's read model; the caller closes it."""
        return open_read_model(group.read_model, self.stores, group.generation, group.projection_version)

    def generations(self, group: Group) -> Generations:
        """The generations of the group's read model. Raises GroupRefused where it is a table."""
        return open_generations(group.read_model, self.stores)

    def poller(self, topic: Topic, relay: Relay, ledger: Ledger) -> Poller:
        """The poller of one table's stream."""

        def relay_batch(records: Sequence[Mapping[str, Any]]) -> BatchResult:
            result = relay.relay(records, lambda: PUBLISH_SECONDS)
            ledger.observe(result)
            return result

        chance = Random().random
        return Poller(
            topic,
            self.streams,
            self.positions,
            relay_batch,
            clock=monotonic,
            chance=chance,
            pace=self.poller_paces.get(topic.table, self.poller_pace),
        )

    def consumer(
        self, group: Group, read_model: ReadModel, observe: Callable[[Turn], None] = lambda _: None
    ) -> Consumer:
        """The group's consumer on its read model. Raises GroupRefused, Outage."""
        check_generations(GROUPS)
        topic = topic_named(group.topic)
        check_declared(group, topic, item_key_of(topic))
        source = Source(self.log, lambda: self.subscription(group), self.dead_letters(group.name))
        pace = self.group_paces.get(group.name, self.pace)
        if isinstance(group.read_model, Index):
            warn_of_others(group, GROUPS, self.generations(group))
        return build_consumer(group, read_model, source, EventDecoder(self.registry), self.clock, pace, observe)


def build_pollers(adapters: Adapters, ledger: Ledger, opened: ExitStack) -> list[Poller]:
    """A poller for every table; `opened` closes them. Raises UnknownSchema, RegistryUnavailable."""
    pollers = []
    for topic in TOPICS:
        relay = adapters.relay()
        opened.callback(relay.close)
        pollers.append(adapters.poller(topic, relay, ledger))
    return pollers


def build_consumer_of(adapters: Adapters, group: Group, turns: Turns, opened: ExitStack) -> Consumer:
    """The group's consumer; `opened` closes it. Raises GroupRefused, Outage."""
    read_model = adapters.read_model(group)
    with ExitStack() as failed:
        failed.callback(read_model.close)
        consumer = adapters.consumer(group, read_model, turns.of(group.name))
        failed.pop_all()
    opened.callback(consumer.close)
    return consumer


def build_parts(adapters: Adapters, opened: ExitStack) -> Parts:
    """Every poller and every group, and a handler for fed records; `opened` closes them."""
    ledger, turns = Ledger(topic.table for topic in TOPICS), Turns()
    pollers = build_pollers(adapters, ledger, opened)
    handler = Handler(adapters.relay(), ledger.observe)
    opened.callback(handler.close)
    return Parts(
        on=adapters.on,
        log=adapters.log,
        ledger=ledger,
        turns=turns,
        handler=handler,
        pollers=pollers,
        consumers=[build_consumer_of(adapters, group, turns, opened) for group in GROUPS],
        clock=adapters.clock,
    )


def build_when_possible(
    build: Callable[[ExitStack], Parts],
    opened: ExitStack,
    clock: Callable[[], float],
    ended: Event,
    tell: Callable[[str], None],
) -> Parts | None:
    """What `build` gives once nothing that it needs is away; None where the end is called before. `opened` closes it.

    `tell` hears of every outage that it waits for. Raises what else keeps `build` from building.
    """
    waiting: Waiting | None = None
    chance = Random().random
    while not ended.is_set():
        try:
            with ExitStack() as attempt:
                parts = build(attempt)
                opened.enter_context(attempt.pop_all())
                return parts
        except (Outage, RegistryUnavailable) as error:
            outage = error if isinstance(error, Outage) else Outage("the schema registry", str(error))
            waiting = decide_retry(waiting, outage, clock(), chance(), Backoff())
            logger.info("start: %s", outage)
            tell(str(outage))
            ended.wait(waiting.seconds)
    return None
