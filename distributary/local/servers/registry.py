"""Apicurio Registry: Confluent's API in front of an H2 file."""

from __future__ import annotations

from distributary.local.servers.answers import status_of
from distributary.local.servers.artifacts import REGISTRY
from distributary.local.servers.ports import HOST
from distributary.local.servers.process import Command
from distributary.local.servers.server import Server

_HEAP = ["-Xms128m", "-Xmx384m", "-XX:+UseSerialGC"]
_API = "/apis/ccompat/v7"


class Registry(Server):
    """A schema registry; ids and compatibility levels survive a restart, and a kill."""

    name = "registry"
    program = REGISTRY
    port_names = ("http", "management")

    @property
    def address(self) -> str:
        """The root of Confluent's API."""
        return f"http://{HOST}:{self.ports[0]}{_API}"

    def _command(self) -> Command:
        folder = self.home / "registry"
        folder.mkdir(parents=True, exist_ok=True)
        properties = {
            "quarkus.http.host": HOST,
            "quarkus.http.port": self.ports[0],
            # unless it is told so, this one listens on every interface
            "quarkus.management.host": HOST,
            "quarkus.management.port": self.ports[1],
            # by itself H2 writes half a second later, which a kill would lose
            "apicurio.datasource.url": f"jdbc:h2:file:{folder}/registry;WRITE_DELAY=0",
        }
        java = str(self.tools.java_home / "bin" / "java")
        options = [f"-D{name}={value}" for name, value in properties.items()]
        line = [java, *_HEAP, *options, "-jar", str(self.distribution / "quarkus-run.jar")]
        return Command(line, self.variables(), folder)

    def _is_ready(self) -> bool:
        return status_of(self.ports[0], f"{_API}/subjects") == 200
