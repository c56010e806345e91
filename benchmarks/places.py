"""Real servers to measure on: Kafka, a registry and OpenSearch that stay warm, and for each run empty places on them.

DynamoDB's streams cannot be emptied, so each run has a server of its own; it is native code, there is nothing to warm.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from confluent_kafka.admin import AdminClient

from benchmarks.real_servers import server_folder
from consumers.groups import GROUPS
from consumers.read_model import Preparable, ReadModel
from distributary.adapters import Adapters
from distributary.kafka_adapters import kafka_adapters, prepare
from distributary.kafka_topics import declared_topics
from distributary.local.servers.stack import KINDS, Given, Servers
from distributary.settings import Endpoints, Settings
from schemas.settings import read_settings, variable

ANSWER_SECONDS = 30.0
LASTING = ("kafka", "registry_url", "opensearch_url")


@dataclass(frozen=True, slots=True)
class Place:
    """Empty topics, tables and an index. `environment` is what a part finds them by; `servers` are process ids."""

    endpoints: Endpoints
    environment: Mapping[str, str]
    adapters: Adapters
    read_models: Mapping[str, ReadModel]
    servers: Mapping[str, int]
    folder: Path


class Places:
    """Makes places on servers that start with it; `environment` and `cache` as `Servers` takes them."""

    def __init__(self, environment: Mapping[str, str], cache: Path, opened: ExitStack) -> None:
        self._environment = environment
        self._cache = cache
        self._opened = opened
        kinds = {name: KINDS[name] for name in LASTING}
        self._lasting = opened.enter_context(Servers(self._folder(opened), cache, environment, kinds=kinds))
        self._given = Given(**{name: self._lasting[name].address for name in LASTING})

    @contextmanager
    def empty(self) -> Iterator[Place]:
        """A place, until the context ends; one at a time."""
        with ExitStack() as opened:
            folder = self._folder(opened)
            fresh = opened.enter_context(Servers(folder, self._cache, self._environment, self._given))
            environment = {**self._environment, **_variables(fresh.endpoints)}
            settings = read_settings(Settings, environment)
            adapters = opened.enter_context(kafka_adapters(settings, "servers", float))
            _empty_kafka(fresh.endpoints.kafka)
            assert adapters.stores.opensearch is not None
            adapters.stores.opensearch.indices.delete(index="workplace-users.g*", params={"expand_wildcards": "all"})
            prepare(settings, adapters)
            read_models = {group.name: adapters.read_model(group) for group in GROUPS}
            for read_model in read_models.values():
                opened.callback(read_model.close)
                if isinstance(read_model, Preparable):
                    read_model.prepare()
            running = [*(self._lasting[name] for name in LASTING), fresh["dynamodb_url"]]
            servers = {server.name: server.pid for server in running}
            yield Place(fresh.endpoints, environment, adapters, read_models, servers, folder)

    def _folder(self, opened: ExitStack) -> Path:
        """One that every user can reach, as OpenSearch's must be."""
        folder = Path(opened.enter_context(server_folder()))
        folder.chmod(0o755)
        return folder


def _variables(at: Endpoints) -> dict[str, str]:
    told = {name: getattr(at, name) for name in KINDS} | {"kafka_replicas": "1", "opensearch_replicas": "0"}
    return {variable(name): value for name, value in told.items()}


def _empty_kafka(bootstrap: str) -> None:
    """Deletes the topics and the groups; the members have left."""
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 3})
    topics = {topic.name for topic in declared_topics()}
    there = sorted(admin.list_topics(timeout=ANSWER_SECONDS).topics.keys() & topics)
    groups = [group.group_id for group in admin.list_consumer_groups().result(ANSWER_SECONDS).valid or ()]
    asked: list[Future[object]] = []
    if groups:
        asked += admin.delete_consumer_groups(groups, request_timeout=ANSWER_SECONDS).values()
    if there:
        asked += admin.delete_topics(there, operation_timeout=ANSWER_SECONDS).values()
    for answer in asked:
        answer.result(ANSWER_SECONDS)
    pause = Event()
    while not admin.list_topics(timeout=ANSWER_SECONDS).topics.keys().isdisjoint(topics):
        pause.wait(0.05)
