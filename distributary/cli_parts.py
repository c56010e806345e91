"""`distributary bridge`, `consume` and `prepare`: one part alone, against servers that run elsewhere."""

from __future__ import annotations

import os
import time
from typing import Annotated

import typer

from consumers.read_model import Index
from distributary.cli_terminal import err, group_of, until_told
from distributary.errors import SettingMissing
from distributary.settings import Settings
from schemas.settings import read_settings, variable

HostOption = Annotated[str, typer.Option(envvar="DISTRIBUTARY_METRICS_HOST", help="Where its pages are served.")]
PortOption = Annotated[
    int, typer.Option(envvar="DISTRIBUTARY_METRICS_PORT", help="The port of /metrics and /healthz; 0 is any free one.")
]
LOOPBACK = "127.0.0.1"
BRIDGE_PORT = 9101
GROUP_PORT = 9102


def bridge(host: HostOption = LOOPBACK, port: PortOption = BRIDGE_PORT) -> None:
    """Run the bridge alone: every table's stream to its topic, until Ctrl-C."""
    from distributary.kafka_adapters import kafka_adapters
    from distributary.pages import Pages, serving
    from distributary.part import bridge_alone, run_part

    pages, ended = Pages(), until_told()
    with serving(pages, host, port) as url, kafka_adapters(_settings(), "servers", time.time) as adapters:
        _tell("the bridge", url)
        run_part(lambda opened: bridge_alone(adapters, opened), pages, time.time, ended)


def consume(
    name: Annotated[str, typer.Argument(metavar="GROUP")], host: HostOption = LOOPBACK, port: PortOption = GROUP_PORT
) -> None:
    """Run one member of a group alone, until Ctrl-C; more members share the group's partitions."""
    from distributary.kafka_adapters import kafka_adapters
    from distributary.pages import Pages, serving
    from distributary.part import group_alone, run_part

    group = group_of(name)
    settings = _settings()
    if isinstance(group.read_model, Index) and not settings.stores.opensearch_url:
        raise SettingMissing(
            f"{variable('opensearch_url')} is not set, and the group {name} keeps its read model there"
        )
    pages, ended = Pages(), until_told()
    with serving(pages, host, port) as url, kafka_adapters(settings, "servers", time.time) as adapters:
        _tell(f"the group {name}", url)
        run_part(lambda opened: group_alone(adapters, group, opened), pages, time.time, ended)


def prepare() -> None:
    """Make what is not there yet, on the servers given: topics, schemas, tables."""
    from distributary.kafka_adapters import kafka_adapters
    from distributary.kafka_adapters import prepare as make

    settings = _settings()
    with kafka_adapters(settings, "servers", time.time) as adapters:
        make(settings, adapters)
    err.print("topics, schemas and tables are there", highlight=False)


def _settings() -> Settings:
    settings = read_settings(Settings, os.environ)
    if not settings.registry.registry_url:
        raise SettingMissing(f"{variable('registry_url')} is not set; give the registry's Confluent-compatible address")
    return settings


def _tell(what: str, url: str) -> None:
    err.print(f"{what} runs; {url}/metrics, {url}/healthz; Ctrl-C stops it", highlight=False, soft_wrap=True)
