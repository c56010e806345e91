"""The bridge's settings, from `DISTRIBUTARY_*` variables; read once at start."""

from __future__ import annotations

import msgspec

from schemas.kafka import KafkaConnection
from schemas.registry import RegistryConnection


class BridgeSettings(KafkaConnection, RegistryConnection, frozen=True, kw_only=True):
    """How to reach Kafka and the registry. `metadata`: what every event carries, a JSON object of strings."""

    metadata: dict[str, str] = msgspec.field(default_factory=dict)
