"""The bridge's settings, from `DISTRIBUTARY_*` variables; read once at start."""

from __future__ import annotations

import msgspec

from schemas.kafka import KafkaConnection
from schemas.registry import RegistryConnection


class BridgeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach Kafka and the registry. `metadata`: what every event carries, a JSON object of strings."""

    kafka: KafkaConnection
    registry: RegistryConnection
    metadata: dict[str, str] = {}
