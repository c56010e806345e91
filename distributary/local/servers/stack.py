"""The four servers together: those that are not given are started side by side, and stopped at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Self

import msgspec

from distributary.errors import UnusableFolder
from distributary.local.servers.cache import Cache
from distributary.local.servers.dynoxide import Dynoxide
from distributary.local.servers.install import Installer
from distributary.local.servers.kafka import Kafka
from distributary.local.servers.opensearch import OpenSearch
from distributary.local.servers.ports import Ports
from distributary.local.servers.registry import Registry
from distributary.local.servers.server import Server
from distributary.local.servers.tools import Tools
from distributary.settings import Endpoints

KINDS: Mapping[str, type[Server]] = {
    "kafka": Kafka,
    "registry_url": Registry,
    "opensearch_url": OpenSearch,
    "dynamodb_url": Dynoxide,
}
"""The server behind each of the endpoints."""


class Given(msgspec.Struct, frozen=True):
    """Endpoints of servers that somebody else runs."""

    kafka: str | None = None
    registry_url: str | None = None
    opensearch_url: str | None = None
    dynamodb_url: str | None = None


class Servers:
    """The servers with their state in `home`, from `with` to its end; none outlives this process.

    `environment` is where tools are looked for; `tell` hears of what takes long; `stop` ends a start. `kinds`: a
    part of the stack, or servers of another kind.

    Raises ToolMissing (before anything is fetched), NotFetched, WrongChecksum, ServerFailed and UnusableFolder.
    """

    def __init__(
        self,
        home: Path,
        cache: Path,
        environment: Mapping[str, str],
        given: Given = Given(),  # noqa: B008 - a value
        *,
        kinds: Mapping[str, type[Server]] = KINDS,
        tell: Callable[[str], None] = lambda _: None,
        stop: Event | None = None,
    ) -> None:
        self._home = home.absolute()
        tools = Tools(environment)
        self._installer = Installer(Cache(cache.absolute()), tools, tell)
        self._stop = stop or Event()
        self._failed = Event()
        self._given = given
        self._tools = tools
        self._kinds = {name: kind for name, kind in kinds.items() if getattr(given, name) is None}
        self._servers: dict[str, Server] = {}

    def __getitem__(self, endpoint: str) -> Server:
        """The server that was started for an endpoint. Raises KeyError for one that was given, or is not wanted."""
        return self._servers[endpoint]

    @property
    def endpoints(self) -> Endpoints:
        """Where all four are, given or started."""
        return Endpoints(**{name: getattr(self._given, name) or self[name].address for name in KINDS})

    def __enter__(self) -> Self:
        if not self._kinds:
            return self
        # 1. what is needed is there, or can be had
        ports = Ports(self._folder() / "ports")
        self._servers = {name: kind(self._home, ports, self._tools) for name, kind in self._kinds.items()}
        for server in self._servers.values():
            server.check(self._installer)
        # 2. the programs, and 3. the servers, side by side; the first failure ends the others' wait
        try:
            with ThreadPoolExecutor(len(self._servers)) as threads:
                self._finish([threads.submit(self._start, server) for server in self._servers.values()])
        except BaseException:
            self._stop_all()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop_all()

    def _start(self, server: Server) -> None:
        server.install(self._installer)
        server.start(lambda: self._failed.is_set() or self._stop.is_set())

    def _finish(self, starts: list[Future[None]]) -> None:
        try:
            ended, _ = wait(starts, return_when=FIRST_EXCEPTION)
            for start in ended:
                start.result()
        except BaseException:
            self._failed.set()
            raise

    def _stop_all(self) -> None:
        if not self._servers:
            return
        with ThreadPoolExecutor(len(self._servers)) as threads:
            for stopped in [threads.submit(server.stop) for server in self._servers.values()]:
                stopped.result()

    def _folder(self) -> Path:
        try:
            self._home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UnusableFolder(
                f"{self._home} cannot be the servers' home: {error.strerror}; name a writable folder with --home DIR"
            ) from None
        return self._home
