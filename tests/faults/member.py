"""One member of a group in a process of its own: `python -m tests.faults.member TASK`, on `DISTRIBUTARY_*`'s servers.

It is the product's consumer on the product's adapters. The ports are wrapped here, so that it can be told to send
itself a signal at a step, and says between turns how it stands: a JSON line each on standard output. SIGTERM ends it.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

import msgspec

from consumers.delivery.kafka import KafkaSubscription
from consumers.delivery.loop import Consumer
from consumers.errors import GroupStopped, Outage
from consumers.read_model import Preparable
from consumers.wiring import Source, build_consumer, open_read_model
from distributary.adapters import Adapters
from distributary.batching import group_pace
from distributary.kafka_adapters import kafka_adapters
from distributary.settings import Settings
from schemas.settings import read_settings
from tests.faults.stops import StoppingDecoder, StoppingLetters, StoppingReadModel, StoppingSubscription, Stops
from tests.faults.task import SESSION_MS, Report, Task

QUIET_SECONDS = 0.3
"""How often a member says how it stands where nothing happens."""
AGAIN_SECONDS = 0.5


def most_memory() -> int:
    """Kilobytes, 0 where Linux does not say so; `getrusage` counts what the test's process had when it started this."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)


class Reporter:
    """Writes reports on a consumer, when there is something new and every now and then."""

    def __init__(self) -> None:
        self.consumer: Consumer | None = None
        self._last = b""
        self._due = 0.0

    def report(self, **fields: object) -> None:
        """One line now, with `fields` in it."""
        said = msgspec.json.encode(msgspec.structs.replace(self._report(), **fields)) + b"\n"
        os.write(sys.stdout.fileno(), said)

    def between_turns(self) -> None:
        """One line if it says something new, or it is time for one."""
        if self.consumer is not None:
            counts = msgspec.json.encode(self.consumer.outcomes)
            if counts != self._last or time.monotonic() > self._due:
                self._last, self._due = counts, time.monotonic() + QUIET_SECONDS
                self.report()

    def _report(self) -> Report:
        kilobytes = most_memory()
        if self.consumer is None:
            return Report(kilobytes=kilobytes)
        outcomes, waiting, under_way = self.consumer.outcomes, self.consumer.waiting, self.consumer.under_way
        return Report(
            outcomes=outcomes.as_counts(),
            polled=outcomes.polled,
            returned=outcomes.returned,
            under_way=under_way,
            unaccounted=self.consumer.unaccounted,
            retries=self.consumer.retries,
            waits_for="" if waiting is None else waiting.of,
            since=0.0 if waiting is None else waiting.since,
            reason="" if waiting is None else waiting.reason,
            kilobytes=kilobytes,
        )


def build(task: Task, settings: Settings, adapters: Adapters, reporter: Reporter, stops: Stops) -> Consumer:
    """The consumer, its ports wrapped. Raises Outage, GroupRefused."""
    group = stops.in_group(task.group)
    read_model = open_read_model(group.read_model, adapters.stores)
    if isinstance(read_model, Preparable):
        read_model.prepare()
    member = settings.kafka.member()
    if task.protocol == "classic":  # by the other one the broker says
        member |= {"session.timeout.ms": SESSION_MS, "heartbeat.interval.ms": SESSION_MS // 4}

    def subscription() -> StoppingSubscription:
        return StoppingSubscription(KafkaSubscription(member, group.name, group.topic), stops, reporter.between_turns)

    source = Source(adapters.log, subscription, StoppingLetters(adapters.dead_letters(group.name), stops))
    decoder = StoppingDecoder(adapters.registry, stops)
    return build_consumer(
        group, StoppingReadModel(read_model, stops), source, decoder, adapters.clock, group_pace(settings.groups)
    )


def work(task: Task, stop: Event, reporter: Reporter) -> None:
    """Takes turns until `stop` is set. Raises GroupStopped."""
    settings = read_settings(Settings, os.environ)
    stops = Stops(task, lambda step: reporter.report(step=step))
    with kafka_adapters(settings, "servers", time.time) as adapters:
        while not stop.is_set():
            try:
                consumer = build(task, settings, adapters, reporter, stops)
            except Outage as outage:
                reporter.report(waits_for=outage.of, reason=outage.reason)
                stop.wait(AGAIN_SECONDS)
                continue
            reporter.consumer = consumer
            try:
                consumer.run(stop, poll_seconds=0.2)
            finally:
                consumer.close()


def main(text: str) -> int:
    """The process's status: 1 where the group stopped by itself."""
    stop, reporter = Event(), Reporter()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    ended: Callable[..., None] = reporter.report
    try:
        work(msgspec.json.decode(text, type=Task), stop, reporter)
    except GroupStopped as error:
        ended(stopped=str(error), ended=True)
        return 1
    ended(ended=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
