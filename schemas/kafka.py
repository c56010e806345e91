"""How every client of the project meets Kafka: where the brokers are, as whom, and under which terms it produces.

Values only, as librdkafka's properties; the clients are made elsewhere. Source: librdkafka's CONFIGURATION.md.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeAlias

import msgspec

from schemas.errors import SettingsError
from schemas.settings import Secret
from schemas.topics import MAX_DEAD_LETTER_BYTES

logger = logging.getLogger("distributary.kafka")

Settings: TypeAlias = Mapping[str, Any]
"""librdkafka's properties."""

FRAMING_BYTES = 64 * 1024
"""What brokers and clients count on top of key, value and headers; each topic's own limit is checked by us."""

PRODUCER: Settings = {
    "enable.idempotence": True,
    "acks": "all",
    "compression.type": "lz4",
    # Not `murmur2_random`: a key has one partition, come what may.
    "partitioner": "murmur2",
    "message.max.bytes": MAX_DEAD_LETTER_BYTES + FRAMING_BYTES,
}


class Security(StrEnum):
    """How a client proves who it is. There is no way to encrypt without checking the brokers' certificates."""

    PLAINTEXT = "plaintext"
    TLS = "tls"
    SCRAM = "scram"
    MSK_IAM = "msk-iam"


class KafkaConnection(msgspec.Struct, frozen=True, kw_only=True):
    """Where the brokers are and how to prove who is calling.

    `kafka`: bootstrap servers. `kafka_security`: `plaintext`; `tls`, with a client certificate where `kafka_cert_file`
    and `kafka_key_file` are given; `scram`: SASL/SCRAM over TLS with `kafka_username` and `kafka_password`; `msk-iam`:
    Amazon MSK's IAM in `kafka_region`. `kafka_ca_file`: whom to trust, where it is not the system's authorities.
    `kafka_group_protocol`: `consumer` (KIP-848) or `classic`, for brokers before 4.0.
    """

    kafka: str = ""
    kafka_security: Security = Security.PLAINTEXT
    kafka_ca_file: str = ""
    kafka_cert_file: str = ""
    kafka_key_file: str = ""
    kafka_key_password: Secret = Secret()
    kafka_username: str = ""
    kafka_password: Secret = Secret()
    kafka_scram_mechanism: str = "SCRAM-SHA-512"
    kafka_region: str = ""
    kafka_group_protocol: str = "consumer"

    def check(self) -> None:
        """Raises SettingsError for what cannot be together."""
        if not self.kafka:
            raise SettingsError("kafka", "is not set; give the bootstrap servers, host:port,host:port")
        needs = {
            Security.SCRAM: (("kafka_username", self.kafka_username), ("kafka_password", self.kafka_password.value)),
            Security.MSK_IAM: (("kafka_region", self.kafka_region),),
        }
        for name, given in needs.get(self.kafka_security, ()):
            if not given:
                raise SettingsError(name, f"is not set, and security {self.kafka_security} needs it")
        if bool(self.kafka_cert_file) != bool(self.kafka_key_file):
            raise SettingsError("kafka_cert_file", "and the key file go together; give both or neither")
        if self.kafka_scram_mechanism not in ("SCRAM-SHA-256", "SCRAM-SHA-512"):
            raise SettingsError("kafka_scram_mechanism", "is neither SCRAM-SHA-256 nor SCRAM-SHA-512")
        if self.kafka_group_protocol not in ("consumer", "classic"):
            raise SettingsError("kafka_group_protocol", "is neither consumer nor classic")
        encrypting = (self.kafka_ca_file, self.kafka_cert_file, self.kafka_username, self.kafka_password.value)
        if self.kafka_security is Security.PLAINTEXT and any(encrypting):
            raise SettingsError("kafka_security", "is plaintext, but credentials are given; set it to tls or scram")

    def client(self) -> dict[str, Any]:
        """The properties that every client needs. Raises SettingsError."""
        self.check()
        # What goes wrong comes back to us as errors; the client's own log says it again, and warns of what passes.
        properties: dict[str, Any] = {"bootstrap.servers": self.kafka, "log_level": 3}
        if self.kafka_security is Security.PLAINTEXT:
            return properties
        properties |= {
            "security.protocol": "SSL" if self.kafka_security is Security.TLS else "SASL_SSL",
            # The defaults, said aloud: nothing here can switch them off.
            "enable.ssl.certificate.verification": True,
            "ssl.endpoint.identification.algorithm": "https",
        }
        optional = {
            "ssl.ca.location": self.kafka_ca_file,
            "ssl.certificate.location": self.kafka_cert_file,
            "ssl.key.location": self.kafka_key_file,
            "ssl.key.password": self.kafka_key_password.value,
        }
        properties |= {name: value for name, value in optional.items() if value}
        if self.kafka_security is Security.SCRAM:
            properties |= {
                "sasl.mechanism": self.kafka_scram_mechanism,
                "sasl.username": self.kafka_username,
                "sasl.password": self.kafka_password.value,
            }
        if self.kafka_security is Security.MSK_IAM:
            properties |= {"sasl.mechanism": "OAUTHBEARER", "oauth_cb": _msk_token(self.kafka_region)}
        return properties

    def member(self) -> dict[str, Any]:
        """The properties of a group's member. Raises SettingsError."""
        if self.kafka_group_protocol == "consumer":
            return {**self.client(), "group.protocol": "consumer"}
        # Members keep what they have when others come and go.
        strategy = {"group.protocol": "classic", "partition.assignment.strategy": "cooperative-sticky"}
        return {**self.client(), **strategy}


def _msk_token(region: str) -> Any:
    def token(_: str) -> tuple[str, float]:
        """What the client asks for: the token and when it ends, epoch seconds; no text where it cannot be had."""
        try:
            from aws_msk_iam_sasl_signer import MSKAuthTokenProvider

            text, expires_ms = MSKAuthTokenProvider.generate_auth_token(region)
        except Exception as error:  # noqa: BLE001 - what is raised in here the client cannot take; it asks again
            logger.warning("there is no token for Amazon MSK in %s: %s", region, error)
            return "", 0.0
        return text, expires_ms / 1000

    return token
