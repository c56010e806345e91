"""The bridge's settings, from `DISTRIBUTARY_*` variables; read once at start."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from bridge.errors import InvalidBridgeSettings

PREFIX = "DISTRIBUTARY_"


class BridgeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`kafka`: bootstrap servers, `host:port` separated by commas. `metadata`: what every event carries, a JSON object
    of strings.
    """

    kafka: str
    metadata: dict[str, str] = {}


def bridge_settings(environment: Mapping[str, str]) -> BridgeSettings:
    """The settings in the environment. Raises InvalidBridgeSettings, naming the variable."""
    found: dict[str, object] = {
        name: environment[variable]
        for name in BridgeSettings.__struct_fields__
        if (variable := PREFIX + name.upper()) in environment
    }
    if not found.get("kafka"):
        raise InvalidBridgeSettings(f"{PREFIX}KAFKA is not set; give the bootstrap servers, host:port,host:port")
    if "metadata" in found:
        try:
            found["metadata"] = msgspec.json.decode(str(found["metadata"]), type=dict[str, str])
        except msgspec.DecodeError as error:
            raise InvalidBridgeSettings(f"{PREFIX}METADATA is not a JSON object of strings: {error}") from None
    return msgspec.convert(found, BridgeSettings)
