"""Kafka in KRaft mode: broker and controller in one process."""

from __future__ import annotations

import subprocess
from base64 import urlsafe_b64encode
from pathlib import Path
from uuid import uuid4

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from distributary.errors import ServerFailed
from distributary.local.servers.artifacts import KAFKA
from distributary.local.servers.ports import HOST
from distributary.local.servers.process import Command, last_words
from distributary.local.servers.server import Server

LARGEST_MESSAGE = 9 * 1024 * 1024 + 64 * 1024
"""Bytes: a dead letter of 9 MiB with its headers."""
_HEAP = ["-Xms256m", "-Xmx512m", "-XX:+UseSerialGC"]
_LOGGING = ["-Dorg.slf4j.simpleLogger.showDateTime=true", "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS"]
_SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
listeners=PLAINTEXT://{listen}:{broker},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{broker}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={data}
# one node
offsets.topic.replication.factor=1
offsets.topic.num.partitions=5
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
log.cleaner.dedupe.buffer.size=16777216
# one that was killed may come back this soon: until then its place counts as taken
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
# the log is the history
auto.create.topics.enable=false
log.retention.ms=-1
offsets.retention.minutes=2147483647
message.max.bytes={largest}
replica.fetch.max.bytes={largest}
# a member that died is noticed soon
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
group.consumer.min.session.timeout.ms=1000
group.consumer.min.heartbeat.interval.ms=300
group.consumer.session.timeout.ms={session}
group.consumer.heartbeat.interval.ms={heartbeat}
"""


def settings_text(broker: int, controller: int, data: Path, session_ms: int, listen: str = HOST) -> str:
    """A broker's settings, `name=value` a line; clients find it at loopback, wherever it listens."""
    return _SETTINGS.format(
        host=HOST,
        listen=listen,
        broker=broker,
        controller=controller,
        data=data,
        largest=LARGEST_MESSAGE,
        session=session_ms,
        heartbeat=session_ms // 3,
    )


def answers(bootstrap: str) -> bool:
    """Whether a broker can be worked with."""
    # Its own log of failed connections is not for the person: that the broker is not there yet is no news.
    client = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    try:
        return bool(client.list_topics(timeout=1).brokers)
    except KafkaException:
        return False


class Kafka(Server):
    """A broker; a member of a group of the new protocol is missed after `session_ms` without a heartbeat."""

    name = "kafka"
    program = KAFKA
    port_names = ("broker", "controller")
    session_ms = 6_000

    @property
    def address(self) -> str:
        """The bootstrap server."""
        return f"{HOST}:{self.ports[0]}"

    def _command(self) -> Command:
        folder = self.home / "kafka"
        folder.mkdir(parents=True, exist_ok=True)
        settings = folder / "server.properties"
        broker, controller = self.ports
        written = settings_text(broker, controller, folder / "data", self.session_ms)
        settings.write_text(written, "utf-8")
        java = [str(self.tools.java_home / "bin" / "java"), *_HEAP, *_LOGGING, "-cp", f"{self.distribution}/*"]
        if not (folder / "data" / "meta.properties").exists():
            self._format([*java, "kafka.tools.StorageTool", "format", "--config", str(settings)], folder)
        return Command([*java, "kafka.Kafka", str(settings)], self.variables(), folder)

    def _format(self, tool: list[str], folder: Path) -> None:
        """Makes the empty storage of a new cluster."""
        cluster = urlsafe_b64encode(uuid4().bytes).decode()[:22]
        formatted = subprocess.run(
            [*tool, f"--cluster-id={cluster}"], cwd=folder, env=self.variables(), capture_output=True, check=False
        )
        if formatted.returncode:
            said = last_words((formatted.stdout + formatted.stderr).decode(errors="replace"))
            raise ServerFailed(f"kafka cannot make its storage in {folder}; its tool printed last: {said or 'nothing'}")

    def _is_ready(self) -> bool:
        return answers(self.address)
