"""What the command is told by `DISTRIBUTARY_*` variables, apart from its options."""

from __future__ import annotations

import msgspec

from bridge.source_settings import SourceSettings
from consumers.settings import GroupSettings, StoreConnection
from schemas.kafka import KafkaConnection
from schemas.registry import RegistryConnection


class Endpoints(msgspec.Struct, frozen=True):
    """Where the four servers are: Kafka's bootstrap servers, and three URLs."""

    kafka: str
    registry_url: str
    opensearch_url: str
    dynamodb_url: str


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach everything. `kafka_replicas`: of a topic that is made; `metadata`: what every event carries, a JSON
    object of strings.
    """

    kafka: KafkaConnection
    registry: RegistryConnection
    stores: StoreConnection
    groups: GroupSettings
    sources: SourceSettings
    kafka_replicas: int = 3
    metadata: dict[str, str] = {}

    def at(self, endpoints: Endpoints) -> Settings:
        """The same with these endpoints. What was not given is one server on this machine, where nothing has copies."""
        replace = msgspec.structs.replace
        return replace(
            self,
            kafka=replace(self.kafka, kafka=endpoints.kafka),
            registry=replace(self.registry, registry_url=endpoints.registry_url),
            stores=replace(
                self.stores,
                dynamodb_url=endpoints.dynamodb_url,
                opensearch_url=endpoints.opensearch_url,
                opensearch_replicas=self.stores.opensearch_replicas if self.stores.opensearch_url else 0,
            ),
            kafka_replicas=self.kafka_replicas if self.kafka.kafka else 1,
        )

    @property
    def given(self) -> bool:
        """Whether the environment says where a pipeline's log is."""
        return bool(self.kafka.kafka)
