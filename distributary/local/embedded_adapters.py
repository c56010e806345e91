"""The adapters of the embedded pipeline: in its own process, and as a second terminal opens the same stores."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bridge.dynamodb_streams import DynamoDBStreams
from bridge.memory_streams import MemoryShardPositions
from bridge.poller import Pace as PollerPace
from consumers.delivery.loop import Pace as GroupPace
from consumers.wiring import Stores
from distributary.adapters import Adapters
from distributary.dynamodb_clients import DynamoDBClients
from distributary.local.log.dead_letters import EmbeddedDeadLetters
from distributary.local.log.log import EmbeddedLog
from distributary.local.log.publisher import EmbeddedPublisher
from distributary.local.log.subscription import EmbeddedSubscription
from schemas.registry import PackagedRegistry

ON = "embedded"
POLLER_PACE = PollerPace(idle=0.05)
"""In process, so that a read costs little: an idle stream is looked at often."""
GROUP_PACE = GroupPace(batch=300)
"""Deliveries a turn: moto takes seconds for a thousand, and Ctrl-C waits for the turn."""


def embedded_adapters(
    log: EmbeddedLog, clients: DynamoDBClients, indexes: Path, clock: Callable[[], float]
) -> Adapters:
    """The adapters on this log, these clients and the files in `indexes`, all of which the caller closes."""
    return Adapters(
        on=ON,
        log=log,
        registry=PackagedRegistry(),
        # moto answers 500 to a conditional update in PartiQL.
        stores=Stores(clients.tables, indexes, clock, statements=False),
        streams=DynamoDBStreams(clients.tables, clients.streams),
        positions=MemoryShardPositions(),
        publisher=lambda: EmbeddedPublisher(log),
        subscription=lambda group: EmbeddedSubscription(log, group.name, group.topic),
        dead_letters=lambda owner: EmbeddedDeadLetters(log, owner),
        clock=clock,
        poller_pace=POLLER_PACE,
        pace=GROUP_PACE,
    )
