"""The pipeline in containers: servers, bridge and groups are services of `docker-compose.yml`, followed from here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from bridge.handler import Handler
from consumers.groups import GROUPS
from distributary.adapters import Adapters, build_when_possible
from distributary.dynamodb_clients import DynamoDBClients, local_clients
from distributary.errors import NotDrained
from distributary.kafka_adapters import kafka_adapters
from distributary.ledger import Ledger
from distributary.local.compose import Compose
from distributary.local.dynamodb import BESIDE
from distributary.local.elsewhere import GroupElsewhere, PartPages, PollerElsewhere, TurnsElsewhere
from distributary.local.endpoint import Endpoint
from distributary.local.wsgi import LoopbackServer, mounted
from distributary.pipeline import Parts
from distributary.settings import Endpoints, Settings
from schemas.settings import read_settings
from schemas.topics import TOPICS

ON = "compose"
ENDPOINTS = Endpoints(
    kafka="127.0.0.1:19092",
    registry_url="http://127.0.0.1:18081/apis/ccompat/v7",
    opensearch_url="http://127.0.0.1:19200",
    dynamodb_url="http://127.0.0.1:18000",
)
"""Where this machine finds the servers."""
BRIDGE = "bridge"
PAGES = {name: f"http://127.0.0.1:{9101 + at}" for at, name in enumerate([BRIDGE, *(g.name for g in GROUPS)])}
"""Where it finds the pages of the bridge and of each group, by service."""


class OnCompose:
    """The parts of a pipeline in containers, from `with` to its end, which stops the containers and keeps their state.

    The stack is what its file says: `DISTRIBUTARY_*` variables of this process have no say in it. `pages` and
    `endpoints` are where everything is; `tell` hears of what takes long. Raises what `Compose` raises.
    """

    def __init__(
        self,
        compose: Compose,
        clock: Callable[[], float],
        tell: Callable[[str], None],
        endpoints: Endpoints = ENDPOINTS,
        pages: Mapping[str, str] = PAGES,
    ) -> None:
        self._compose = compose
        self._clock = clock
        self._tell = tell
        self._pages = pages
        self._open = ExitStack()
        self.endpoint = Endpoint()
        self.endpoints = endpoints
        self.parts: Parts
        self.url: str
        self.clients: DynamoDBClients

    def __enter__(self) -> Self:
        self._compose.check()
        with ExitStack() as opened:
            opened.callback(self._stop)
            self._tell("starting the containers (the first time, images are fetched and built, which takes minutes)")
            self._compose.up()
            settings = read_settings(Settings, {}).at(self.endpoints)
            adapters = opened.enter_context(kafka_adapters(settings, ON, self._clock))
            self.clients = local_clients(self.endpoints.dynamodb_url)
            opened.callback(self.clients.close)
            parts = build_when_possible(
                lambda attempt: self._parts(adapters, attempt), opened, self._clock, self._compose.told, lambda _: None
            )
            if parts is None:
                raise NotDrained("the run was stopped before it was ready")
            self.parts = parts
            pages = LoopbackServer(mounted(BESIDE, self.endpoint))
            opened.callback(pages.close)
            self.url = pages.url
            self._open = opened.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    def _stop(self) -> None:
        self._compose.stop()
        self._tell("the containers are stopped; volumes keep their state (`docker compose down --volumes` forgets it)")

    def _parts(self, adapters: Adapters, opened: ExitStack) -> Parts:
        """The pollers and the groups as their containers' pages show them, and a handler of our own for fed records."""
        ledger, turns = Ledger(topic.table for topic in TOPICS), TurnsElsewhere()
        handler = Handler(adapters.relay(), ledger.observe)
        opened.callback(handler.close)
        groups = []
        for group in GROUPS:
            read_model = adapters.read_model(group)
            opened.callback(read_model.close)
            groups.append(GroupElsewhere(group, read_model, self._part(group.name), turns, self._clock))
        bridge = self._part(BRIDGE)
        return Parts(
            on=adapters.on,
            log=adapters.log,
            ledger=ledger,
            turns=turns,
            handler=handler,
            pollers=[PollerElsewhere(topic, bridge, ledger) for topic in TOPICS],
            consumers=groups,
            clock=adapters.clock,
        )

    def _part(self, service: str) -> PartPages:
        return PartPages(service, self._pages[service], lambda: self._compose.ended(service))
