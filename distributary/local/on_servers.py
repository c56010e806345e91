"""The pipeline on real servers of its own: Kafka, a registry, OpenSearch and a DynamoDB on this machine.

Servers whose endpoints are given are used, not started.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Self

from distributary.adapters import build_parts, build_when_possible
from distributary.dynamodb_clients import DynamoDBClients, local_clients
from distributary.errors import NotDrained
from distributary.home import Home
from distributary.kafka_adapters import kafka_adapters, prepare
from distributary.local.dynamodb import BESIDE
from distributary.local.endpoint import Endpoint
from distributary.local.servers.stack import Given, Servers
from distributary.local.wsgi import LoopbackServer, mounted
from distributary.pipeline import Parts
from distributary.settings import Endpoints, Settings

ON = "servers"


class OnServers:
    """The parts of a pipeline on servers whose state is in `home`, from `with` to its end; `clock`: epoch seconds.

    `cache` is where programs are kept, `environment` where tools are looked for; `tell` hears of what takes long;
    `stop` ends a start. Raises what `Servers` and `prepare` raise, and GroupRefused.
    """

    def __init__(
        self,
        home: Home,
        settings: Settings,
        cache: Path,
        environment: Mapping[str, str],
        clock: Callable[[], float],
        *,
        keep_log: bool,
        tell: Callable[[str], None],
        stop: Event,
    ) -> None:
        self._home = home
        self._settings = settings
        self._cache = cache
        self._environment = environment
        self._clock = clock
        self._keep_log = keep_log
        self._tell = tell
        self._stop = stop
        self._open = ExitStack()
        self.endpoint = Endpoint()
        self.parts: Parts
        self.url: str
        self.endpoints: Endpoints
        self.clients: DynamoDBClients

    def __enter__(self) -> Self:
        if not self._keep_log:
            self._home.forget_servers()
        with ExitStack() as opened:
            given = given_by(self._settings)
            servers = Servers(
                self._home.folder, self._cache, self._environment, given, tell=self._tell, stop=self._stop
            )
            opened.enter_context(servers)
            self.endpoints = servers.endpoints
            settings = self._settings.at(self.endpoints)
            adapters = opened.enter_context(kafka_adapters(settings, ON, self._clock))
            prepare(settings, adapters)
            self.clients = local_clients(self.endpoints.dynamodb_url)
            opened.callback(self.clients.close)
            parts = build_when_possible(
                lambda attempt: build_parts(adapters, attempt), opened, self._clock, self._stop, lambda _: None
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


def given_by(settings: Settings) -> Given:
    """The endpoints that the settings give."""
    return Given(
        kafka=settings.kafka.kafka or None,
        registry_url=settings.registry.registry_url or None,
        opensearch_url=settings.stores.opensearch_url or None,
        dynamodb_url=settings.stores.dynamodb_url or None,
    )
