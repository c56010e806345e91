"""One part of a pipeline alone in a process: the bridge's pollers, or one group."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from threading import Event

from consumers.group import Group
from distributary.adapters import Adapters, build_consumer_of, build_pollers, build_when_possible
from distributary.ledger import Ledger
from distributary.pages import Pages
from distributary.pipeline import Parts, Pipeline
from distributary.turns import Turns
from schemas.topics import TOPICS


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
        parts = build_when_possible(build, opened, clock, ended, pages.tell_waiting)
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
