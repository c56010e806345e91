"""`distributary run`: the pipeline from start to end, feed and demo included."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any, Protocol

from distributary.display import Display
from distributary.dump import dump, make_folder
from distributary.dynamodb_clients import DynamoDBClients
from distributary.errors import FeedStopped, NotDrained, Unaccounted
from distributary.feed.invoke import invoke
from distributary.feed.numbering import Numbering
from distributary.home import Home
from distributary.local.demo import Demo
from distributary.local.endpoint import Endpoint
from distributary.pipeline import Parts, Pipeline
from distributary.settings import Endpoints
from distributary.status import result, status
from distributary.story import Story

DEMO_ACTS = 40
"""How long the demo is where the run ends by itself."""
PACE_SECONDS = 0.8
"""How long an act of the demo stands before the next one, where somebody watches."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run shall do: the records to feed in order, and when and with what to end."""

    records: Sequence[bytes]
    demo: bool
    seed: int
    exit_when_drained: bool
    dump: Path | None


class Local(Protocol):
    """A pipeline on this machine, embedded or on servers; `endpoint` are its own pages, at `url`."""

    @property
    def parts(self) -> Parts:
        """Its parts, built and not yet running."""
        ...

    @property
    def clients(self) -> DynamoDBClients:
        """Clients of its DynamoDB, for the demo."""
        ...

    @property
    def endpoint(self) -> Endpoint:
        """What answers other terminals."""
        ...

    @property
    def url(self) -> str:
        """Where that is."""
        ...

    @property
    def endpoints(self) -> Endpoints | None:
        """Where its servers are; None where it has none."""
        ...


def run(
    plan: Plan, home: Home, build: Callable[[], AbstractContextManager[Local]], display: Display, ended: Event
) -> dict[str, Any]:
    """Runs the pipeline that `build` gives in `home` until it is drained or `ended` is set; the result.

    Raises what stopped a group or the bridge; RecordsReturned, FeedStopped, NotDrained, Unaccounted, UnusableFolder.
    """
    begun = monotonic()
    if plan.dump is not None:
        make_folder(plan.dump)
    with home, build() as local, display:
        pipeline = Pipeline(local.parts, ended)
        local.endpoint.pipeline = pipeline
        pipeline.start()
        try:
            home.announce(local.parts.on, local.url, local.endpoints)
            display.line(f"ready in {monotonic() - begun:.1f} s; home {home.folder}")
            with display.following(lambda: status(pipeline), ended):
                _act(plan, home, local, pipeline, display)
        except (FeedStopped, NotDrained):
            # A part that cannot go on stops the feed too, and is what there is to say.
            if pipeline.failure is None:
                raise
        finally:
            pipeline.stop()
        if pipeline.failure is not None:
            raise pipeline.failure
        if not local.parts.ledger.balanced:
            raise Unaccounted(local.parts.ledger.rows())
        if plan.dump is not None:
            dump([consumer.read_model for consumer in local.parts.consumers], plan.dump)
        return result(pipeline)


def _act(plan: Plan, home: Home, local: Local, pipeline: Pipeline, display: Display) -> None:
    ended = pipeline.ended
    records, numbered = Numbering(home.numbers).number(plan.records)
    if numbered:
        display.line(f"{numbered} records have no SequenceNumber; they were numbered in file order")
    pipeline.feeding = True
    assert local.parts.handler is not None  # a whole pipeline has one
    invoke(local.parts.handler, records, ended, lambda: local.parts.ledger.reason)
    pipeline.feeding = False
    if plan.demo:
        pace = 0.0 if plan.exit_when_drained else PACE_SECONDS
        acts = DEMO_ACTS if plan.exit_when_drained else None
        Story(pipeline, local.clients.tables, display, ended).tell(Demo(plan.seed, local.parts.clock), acts, pace)
    if not plan.exit_when_drained:
        ended.wait()
    while not ended.is_set() and not pipeline.drained(1.0):
        ended.wait(0.02)
    if plan.exit_when_drained and ended.is_set() and pipeline.failure is None:
        raise NotDrained("the run was stopped before it was drained; run it again, with the same feed if there was one")
