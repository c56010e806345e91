"""The parts of a pipeline that run in processes of their own, as this one sees them: by their pages."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from threading import Event
from typing import Any

import httpx
from msgspec.structs import asdict

from bridge.accounts import Accounts, BatchResult
from consumers.delivery.outcomes import Outcome, Outcomes
from consumers.delivery.retries import Backoff, Waiting, decide_retry
from consumers.errors import Outage
from consumers.group import Group
from consumers.read_model import ReadModel
from distributary.errors import PartStopped
from distributary.ledger import Ledger
from distributary.turns import Turns
from schemas.topics import Topic

LOOK_SECONDS = 1.0
"""How old figures may be."""
ANSWER_SECONDS = 10.0


class PartPages:
    """The pages at `url` of the part called `name`; `ended` says whether its process is known to have ended."""

    def __init__(self, name: str, url: str, ended: Callable[[], bool]) -> None:
        self.name = name
        self._url = url
        self._ended = ended

    def status(self) -> dict[str, Any]:
        """See `distributary.status.status`.

        Raises PartStopped where the part cannot go on, Outage where it does not answer.
        """
        found = self._ask("status")
        for stopped, reason in found.get("stopped", {}).items():
            raise PartStopped(f"{stopped} has stopped: {reason}")
        return found

    def drained(self) -> bool:
        """See `Pipeline.drained`: the part's own view. Raises what `status` raises."""
        return bool(self._ask("drained")["drained"])

    def passed(self) -> bool:
        """See `Pipeline.passed`: the part's own view. Raises what `status` raises."""
        return bool(self._ask("passed")["passed"])

    def _ask(self, page: str) -> dict[str, Any]:
        try:
            answer = httpx.get(f"{self._url}/{page}", timeout=ANSWER_SECONDS, trust_env=False)
            answer.raise_for_status()
            return dict(answer.json())
        except (httpx.HTTPError, ValueError) as error:
            if self._ended():
                raise PartStopped(f"{self.name} has ended; `docker compose logs {self.name}` says why") from None
            raise Outage("its container", f"{self._url} does not answer: {error}") from None


class PollerElsewhere:
    """One table's poller in another process. What it relays there is told to `ledger` here."""

    def __init__(self, topic: Topic, pages: PartPages, ledger: Ledger) -> None:
        self.topic = topic
        self.trimmed = 0
        self._pages = pages
        self._ledger = ledger
        self._told = Accounts()

    def run(self, stop: Event) -> None:
        """Looks on until `stop` is set. Raises PartStopped."""
        _look_on(self._look, stop)

    def wait_for_empty_pass(self, timeout: float) -> bool:
        """See `Poller.wait_for_empty_pass`; how long it takes is up to the other process."""
        try:
            return self._pages.drained()
        except Outage:
            return False

    def wait_until_passed(self, timeout: float) -> bool:
        """See `Poller.wait_until_passed`; how long it takes is up to the other process."""
        try:
            return self._pages.passed()
        except Outage:
            return False

    def _look(self) -> None:
        for row in self._pages.status()["bridge"]:
            if row["table"] == self.topic.table:
                now = Accounts(**{name: row[name] for name in asdict(self._told)})
                # One that was started anew counts from 0 again.
                before = self._told if now.read >= self._told.read else Accounts()
                more = {name: count - getattr(before, name) for name, count in asdict(now).items()}
                self._ledger.observe(BatchResult({self.topic.table: Accounts(**more)}))
                self._told = now


class TurnsElsewhere(Turns):
    """What the turns of groups in other processes took, as these say."""

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[str, dict[str, Any]] = {}

    def mean(self, group: str) -> dict[str, Any]:
        """See `Turns.mean`."""
        row = self.told.get(group, {})
        return {name: row.get(name, nothing) for name, nothing in super().mean(group).items()}


class GroupElsewhere:
    """A group in another process, with the figures of the last look at it; `clock` gives epoch seconds."""

    def __init__(
        self, group: Group, read_model: ReadModel, pages: PartPages, turns: TurnsElsewhere, clock: Callable[[], float]
    ) -> None:
        self.group = group
        self.read_model = read_model
        self.outcomes = Outcomes()
        self.waiting: Waiting | None = None
        self.retries = 0
        self.unaccounted = 0
        self._pages = pages
        self._turns = turns
        self._clock = clock

    def run(self, stop: Event) -> None:
        """Looks on until `stop` is set. Raises PartStopped."""
        _look_on(self._look, stop)

    def wake(self) -> None:
        """Nothing: whoever looks on waits for nothing else than the end."""

    def _look(self) -> None:
        try:
            (row,) = self._pages.status()["groups"]
        except Outage as outage:
            self.waiting = decide_retry(self.waiting, outage, self._clock(), 1.0, Backoff())
            raise
        self.outcomes = Outcomes(**{outcome.value: row[outcome.value] for outcome in Outcome})
        self.retries, self.unaccounted = row["retries"], row["unaccounted"]
        self._turns.told[self.group.name] = row
        self.waiting = None
        if row["state"] == "waiting":
            self.waiting = Waiting(row["for"], row["reason"], row["since"], row["tries"], LOOK_SECONDS)


def _look_on(look: Callable[[], None], stop: Event) -> None:
    while True:
        with suppress(Outage):
            look()
        if stop.wait(LOOK_SECONDS):
            break
    # What came after the last look belongs to the result.
    with suppress(Outage, PartStopped):
        look()
