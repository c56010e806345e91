"""The adapters on real servers: Kafka, a schema registry, DynamoDB and OpenSearch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from bridge.dynamodb_positions import DynamoDBPositions
from bridge.dynamodb_streams import DynamoDBStreams
from bridge.kafka import KafkaPublisher
from consumers.delivery.kafka import KafkaDeadLetters, KafkaSubscription
from consumers.delivery.kafka_log import KafkaLog
from consumers.groups import GROUPS
from consumers.read_models.opensearch import opensearch_client
from consumers.settings import StoreConnection
from consumers.wiring import Stores
from distributary.adapters import Adapters
from distributary.batching import group_paces, poller_paces
from distributary.dynamodb_clients import DynamoDBClients, aws_clients, local_clients
from distributary.kafka_topics import create_topics, declared_topics
from distributary.settings import Settings
from distributary.tables import create_tables, declared_tables
from schemas.event_schema import packaged
from schemas.registry import open_registry
from schemas.registry_http import HttpRegistry
from schemas.topics import TOPICS


@contextmanager
def kafka_adapters(settings: Settings, on: str, clock: Callable[[], float]) -> Iterator[Adapters]:
    """The adapters, connected until the context ends. Raises SettingsError."""
    kafka = settings.kafka.client()
    with ExitStack() as opened:
        clients = dynamodb_clients(settings.stores)
        opened.callback(clients.close)
        log = KafkaLog(kafka)
        opened.callback(log.close)
        registry = open_registry(settings.registry)
        if isinstance(registry, HttpRegistry):
            opened.callback(registry.close)
        yield Adapters(
            on=on,
            log=log,
            registry=registry,
            stores=_stores(settings.stores, clients, clock, opened),
            streams=DynamoDBStreams(clients.tables, clients.streams),
            positions=DynamoDBPositions(clients.tables),
            publisher=lambda: KafkaPublisher(kafka),
            subscription=lambda group: KafkaSubscription(
                settings.kafka.member(), group.name, group.topic, f"{group.name}@{group.projection_version}"
            ),
            dead_letters=lambda owner: KafkaDeadLetters(kafka, owner),
            clock=clock,
            metadata=settings.metadata,
            poller_paces=poller_paces(settings.sources, [topic.table for topic in TOPICS]),
            group_paces=group_paces(settings.groups, [group.name for group in GROUPS]),
        )


def dynamodb_clients(stores: StoreConnection) -> DynamoDBClients:
    """The clients of the DynamoDB that is meant; the caller closes them."""
    return local_clients(stores.dynamodb_url) if stores.dynamodb_url else aws_clients()


def prepare(settings: Settings, adapters: Adapters) -> None:
    """Makes what is not there yet: topics, schemas, tables. Indexes are made by the groups that write them.

    Raises TopicsUnusable, RegistryUnavailable, IncompatibleSchema.
    """
    create_topics(settings.kafka.client(), declared_topics(), settings.kafka_replicas)
    if isinstance(adapters.registry, HttpRegistry):
        for topic in TOPICS:
            adapters.registry.register(topic.subject, packaged(topic.item_record))
    create_tables(adapters.stores.dynamodb, declared_tables())


def _stores(stores: StoreConnection, clients: DynamoDBClients, clock: Callable[[], float], opened: ExitStack) -> Stores:
    opensearch = None
    if stores.opensearch_url:
        opensearch = opensearch_client(
            stores.opensearch_url,
            user=stores.opensearch_user or None,
            password=stores.opensearch_password.value or None,
            ca_file=stores.opensearch_ca_file or None,
        )
        opened.callback(opensearch.close)
    return Stores(clients.tables, None, clock, opensearch=opensearch, replicas=stores.opensearch_replicas)
