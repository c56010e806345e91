"""OpenSearch: one node. Where we are root it runs as `nobody`, for it refuses to run as root."""

from __future__ import annotations

import os

from distributary.local.servers.answers import status_of
from distributary.local.servers.artifacts import OPENSEARCH
from distributary.local.servers.ports import HOST
from distributary.local.servers.process import Command
from distributary.local.servers.server import Server
from distributary.local.servers.unprivileged import give, unprivileged_user

_HEAP = ["-Xms512m", "-Xmx512m", "-XX:+UseSerialGC"]
_JAVA = [
    "-Xss1m",
    "-Djava.awt.headless=true",
    "-Dfile.encoding=UTF-8",
    "-Djna.nosys=true",
    "-XX:-OmitStackTraceInFastThrow",
    "-Dio.netty.noUnsafe=true",
    "-Dio.netty.noKeySetOptimization=true",
    "-Dio.netty.recycler.maxCapacityPerThread=0",
    "-Dio.netty.allocator.numDirectArenas=0",
    "-Dlog4j.shutdownHookEnabled=false",
    "-Dlog4j2.disable.jmx=true",
    "-Djava.locale.providers=SPI,CLDR",
    "--add-modules=jdk.incubator.vector",
    "--add-opens=java.base/java.nio=org.apache.arrow.memory.core,ALL-UNNAMED",
    "-Dorg.apache.lucene.store.MMapDirectory.sharedArenaMaxPermits=1",
]
"""What its own start script gives to Java; the script takes three more Javas to find it out."""
_SETTINGS = """\
discovery.type: single-node
network.host: {host}
http.port: {http}
transport.port: {transport}
cluster.routing.allocation.disk.threshold_enabled: false
path.data: {folder}/data
path.logs: {folder}/logs
"""
_LOGGING = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}]%marker %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
"""


class OpenSearch(Server):
    """A search server."""

    name = "opensearch"
    program = OPENSEARCH
    port_names = ("http", "transport")

    @property
    def address(self) -> str:
        """The root of its API."""
        return f"http://{HOST}:{self.ports[0]}"

    def _command(self) -> Command:
        folder = self.home / "opensearch"
        for name in ("config", "data", "logs", "tmp"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        http, transport = self.ports
        settings = _SETTINGS.format(host=HOST, http=http, transport=transport, folder=folder)
        (folder / "config" / "opensearch.yml").write_text(settings, "utf-8")
        (folder / "config" / "log4j2.properties").write_text(_LOGGING, "utf-8")
        user = unprivileged_user() if os.geteuid() == 0 else None
        if user is not None:
            give(folder, user, needs={"DISTRIBUTARY_CACHE": self.distribution, "JAVA_HOME": self.tools.java_home})
        properties = {
            "opensearch.path.home": self.distribution,
            "opensearch.path.conf": folder / "config",
            "opensearch.distribution.type": "zip",
            "opensearch.bundled_jdk": "false",
            "java.io.tmpdir": folder / "tmp",
        }
        options = [
            f"-javaagent:{self.distribution}/agent/opensearch-agent.jar",
            *(f"-D{name}={value}" for name, value in properties.items()),
        ]
        java = [
            str(self.tools.java_home / "bin" / "java"),
            *_HEAP,
            *_JAVA,
            *options,
            "-cp",
            f"{self.distribution}/lib/*",
        ]
        return Command([*java, "org.opensearch.bootstrap.OpenSearch"], self.variables(), folder, user)

    def _is_ready(self) -> bool:
        # What it held before is read back first, so that the first search finds it.
        return status_of(self.ports[0], "/_cluster/health?wait_for_status=yellow&timeout=1s") == 200
