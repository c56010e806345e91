"""How another terminal reaches a pipeline: the one that runs in a home, else the one that the environment points at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from consumers.subscription import Log
from distributary.adapters import Adapters
from distributary.attach import Attached
from distributary.dynamodb_clients import local_clients
from distributary.errors import NoPipeline, SettingMissing
from distributary.home import Home
from distributary.local.embedded_adapters import embedded_adapters
from distributary.local.log.log import EmbeddedLog
from distributary.settings import Settings
from schemas.kafka import KafkaConnection
from schemas.settings import variable

ON = "servers"
"""What a pipeline runs on that is found by the settings."""


def find(folder: Path, settings: Settings) -> Attached | None:
    """The pipeline that runs in the home; None where none does, but the settings say where the servers of one are.

    Raises NoPipeline.
    """
    try:
        return Attached(folder)
    except NoPipeline as error:
        if settings.given:
            return None
        raise NoPipeline(f"{error}, or its servers by {variable('kafka')} and the like") from None


@contextmanager
def connected(attached: Attached | None, settings: Settings, clock: Callable[[], float]) -> Iterator[Adapters]:
    """The adapters of the pipeline that was found, on the same stores. Raises SettingMissing, SettingsError, Outage."""
    if attached is not None and attached.running.endpoints is None:
        home = attached.home
        with closing(EmbeddedLog(home.log, clock)) as log, closing(local_clients(attached.running.url)) as clients:
            yield embedded_adapters(log, clients, home.indexes, clock)
        return
    # Here, because its client libraries take a while that the embedded pipeline need not wait.
    from distributary.kafka_adapters import kafka_adapters

    on = ON
    if attached is not None and attached.running.endpoints is not None:
        on, settings = attached.running.on, settings.at(attached.running.endpoints)
    if not settings.registry.registry_url:
        raise SettingMissing(f"{variable('registry_url')} is not set; give the registry's Confluent-compatible address")
    with kafka_adapters(settings, on, clock) as adapters:
        yield adapters


@contextmanager
def connected_log(folder: Path, settings: Settings, clock: Callable[[], float]) -> Iterator[Log]:
    """The log alone, also that of an embedded pipeline that runs no more.

    The pipeline that runs in the home comes first, then the settings, then what a run has left in the home. Raises
    NoPipeline, SettingsError, Outage.
    """
    home = Home(folder)
    kafka: KafkaConnection | None = settings.kafka if settings.given else None
    try:
        endpoints = home.running().endpoints
        kafka = None if endpoints is None else settings.at(endpoints).kafka
    except NoPipeline:
        if kafka is None and not home.log.exists():
            raise NoPipeline(
                f"there is no log in {folder}; start a pipeline with `distributary run`, name its home with --home, or "
                f"its servers by {variable('kafka')} and the like"
            ) from None
    if kafka is None:
        with closing(EmbeddedLog(home.log, clock)) as log:
            yield log
        return
    from consumers.delivery.kafka_log import KafkaLog

    with closing(KafkaLog(kafka.client())) as kafka_log:
        yield kafka_log
