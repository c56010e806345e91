"""One part of a pipeline alone in a process: the bridge's pollers, or one group."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from random import Random
from threading import Event

from consumers.delivery.retries import Backoff, Waiting, decide_retry
from consumers.errors import Outage
from consumers.group import Group
from distributary.adapters import Adapters, build_consumer_of, build_pollers
from distributary.ledger import Ledger
from distributary.pages import Pages
from distributary.pipeline import Parts, Pipeline
from distributary.turns import Turns
from schemas.errors import RegistryUnavailable
from schemas.topics import TOPICS

logger = logging.getLogger("distributary")


def bridge_alone(adapters: Adapters, opened: ExitStack) -> Parts:
    """The pollers of every table; `opened` closes them. Raises UnknownSchema, RegistryUnavailable."""
    ledger = Ledger(topic.table for topic in TOPICS)
    pollers = build_pollers(adapters, ledger, opened)
    return Parts(adapters.on, adapters.log, ledger, Turns(), adapters.clock, pollers=pollers)


def group_alone(adapters: Adapters, group: Group, opened: ExitStack) -> Parts:
    """One member of a group; `opened` closes it. Raises GroupRefused, Outage."""
    turns = Turns()
    consumer = build_consumer_of(adapters, group, turns, opened)
    return Parts(adapters.on, adapters.log, Ledger(()), turns, adapters.clock, consumers=[consumer])


def run_part(build: Callable[[ExitStack], Parts], pages: Pages, clock: Callable[[], float], ended: Event) -> None:
    """Builds the part, waiting out whatever is away, and runs it until `ended` is set.

    Raises what it cannot be built for, and what stopped it.
    """
    with ExitStack() as opened:
        parts = _built(build, pages, clock, ended, opened)
        if parts is None:
            return
        pipeline = Pipeline(parts, ended)
        pages.pipeline = pipeline
        pipeline.start()
        try:
            ended.wait()
        finally:
            pipeline.stop()
        if pipeline.failure is not None:
            raise pipeline.failure


def _built(
    build: Callable[[ExitStack], Parts],
    pages: Pages,
    clock: Callable[[], float],
    ended: Event,
    opened: ExitStack,
) -> Parts | None:
    """The part; None where the end is called before it can be built."""
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
            if waiting is None or waiting.of != outage.of:
                logger.warning("it waits for %s: %s", outage.of, outage.reason)
            waiting = decide_retry(waiting, outage, clock(), chance(), Backoff())
            pages.starting = str(outage)
            ended.wait(waiting.seconds)
    return None
