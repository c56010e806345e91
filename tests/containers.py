"""Servers in containers, for tests: where an engine answers and has the image already; none is ever pulled."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any, NamedTuple, cast

import docker  # type: ignore[import-untyped]
from docker.errors import DockerException  # type: ignore[import-untyped]

from distributary.local.servers.answers import status_of
from distributary.local.servers.kafka import Kafka, answers, settings_text
from distributary.local.servers.ports import HOST, free_port

START_SECONDS = 120.0
_LOOK_SECONDS = 0.2
_log = logging.getLogger(__name__)


class Image(NamedTuple):
    """An image: its name, the port it listens on (None: the one it is reached at), the paths of its API and health."""

    name: str
    port: int | None
    path: str = ""
    health: str = ""


IMAGES: Mapping[str, Image] = {
    "kafka": Image("apache/kafka:4.4.0", None),
    "registry_url": Image("apicurio/apicurio-registry:3.3.3", 8080, "/apis/ccompat/v7", "/apis/ccompat/v7/subjects"),
    "opensearch_url": Image("opensearchproject/opensearch:3.6.0", 9200, health="/_cluster/health"),
}
"""The DynamoDB server has no image: dynoxide is a crate."""
_OPENSEARCH = {
    "discovery.type": "single-node",
    "DISABLE_SECURITY_PLUGIN": "true",
    "DISABLE_INSTALL_DEMO_CONFIG": "true",
    "cluster.routing.allocation.disk.threshold_enabled": "false",
    "OPENSEARCH_JAVA_OPTS": "-Xms512m -Xmx512m",
}


def open_container(endpoint: str, opened: ExitStack, stop: Event) -> str | None:
    """The address of a server in a container until `opened` ends; None where there is no engine, or no image in it."""
    image = IMAGES.get(endpoint)
    if image is None or not _has(image):
        return None
    os.environ["TESTCONTAINERS_RYUK_DISABLED"] = "true"  # the reaper is an image of its own, and would be pulled
    from testcontainers.core.container import DockerContainer

    port = free_port()
    address = f"{HOST}:{port}" if endpoint == "kafka" else f"http://{HOST}:{port}{image.path}"
    with ExitStack() as mine:
        try:
            container = DockerContainer(image.name, env=_variables(endpoint, port))
            container.ports[f"{image.port or port}/tcp"] = cast(Any, (HOST, port))  # on loopback alone
            mine.callback(container.stop)
            container.start()
        except DockerException as error:
            _log.warning("%s does not run in a container: %s", image.name, error)
            return None
        if _is_ready(address, port, image, stop):
            opened.push(mine.pop_all())
            return address
    return None


def _has(image: Image) -> bool:
    try:
        with closing(docker.from_env(timeout=5)) as client:
            client.images.get(image.name)
    except DockerException:
        return False
    return True


def _variables(endpoint: str, port: int) -> dict[str, str]:
    if endpoint != "kafka":
        return _OPENSEARCH if endpoint == "opensearch_url" else {}
    lines = settings_text(port, port + 1, Path("/tmp/kafka"), Kafka.session_ms, listen="0.0.0.0").splitlines()
    settings = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    names = {name: f"KAFKA_{name.upper().replace('.', '_')}" for name in settings}
    return {names[name]: value for name, value in settings.items()}


def _is_ready(address: str, port: int, image: Image, stop: Event) -> bool:
    deadline = monotonic() + START_SECONDS
    while monotonic() < deadline and not stop.wait(_LOOK_SECONDS):
        ready = answers(address) if image.port is None else status_of(port, image.health) == 200
        if ready:
            return True
    _log.warning("%s was not ready in its container", image.name)
    return False
