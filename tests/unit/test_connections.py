"""How Kafka is reached: every way of proving who calls is one that the client takes, and none leaves out the checks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aws_msk_iam_sasl_signer import MSKAuthTokenProvider
from confluent_kafka import Consumer

from consumers.delivery.kafka import KafkaSubscription
from consumers.delivery.kafka_log import KafkaLog
from consumers.errors import Outage
from consumers.settings import StoreConnection
from distributary.settings import Endpoints, Settings
from schemas.errors import SettingsError
from schemas.kafka import KafkaConnection
from schemas.registry import PackagedRegistry, RegistryConnection, open_registry
from schemas.registry_http import HttpRegistry
from schemas.settings import Secret, read_settings

KAFKA = {"DISTRIBUTARY_KAFKA": "127.0.0.1:1"}
SCRAM = {
    **KAFKA,
    "DISTRIBUTARY_KAFKA_SECURITY": "scram",
    "DISTRIBUTARY_KAFKA_USERNAME": "ann",
    "DISTRIBUTARY_KAFKA_PASSWORD": "s3cret",
}
MSK = {**KAFKA, "DISTRIBUTARY_KAFKA_SECURITY": "msk-iam", "DISTRIBUTARY_KAFKA_REGION": "eu-west-1"}
TLS = {**KAFKA, "DISTRIBUTARY_KAFKA_SECURITY": "tls"}


def connection(environment: dict[str, str]) -> KafkaConnection:
    return read_settings(KafkaConnection, environment)


EXPIRES = 4_000_000_000


def signed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The signer gives a token; the regions that it is asked for."""
    asked: list[str] = []

    def token(region: str) -> tuple[str, int]:
        asked.append(region)
        return "token", EXPIRES * 1000

    monkeypatch.setattr(MSKAuthTokenProvider, "generate_auth_token", token)
    return asked


@pytest.mark.parametrize("environment", [KAFKA, TLS, SCRAM, MSK], ids=["plaintext", "tls", "scram", "msk-iam"])
@pytest.mark.parametrize("protocol", ["consumer", "classic"])
def test_the_client_takes_the_properties_of_every_security(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], protocol: str
) -> None:
    signed(monkeypatch)
    member = connection({**environment, "DISTRIBUTARY_KAFKA_GROUP_PROTOCOL": protocol}).member()
    Consumer({**member, "group.id": "test"}).close()


@pytest.mark.parametrize("environment", [TLS, SCRAM, MSK], ids=["tls", "scram", "msk-iam"])
def test_certificates_are_checked_whenever_there_are_any(environment: dict[str, str]) -> None:
    client = connection(environment).client()
    assert client["security.protocol"] in ("SSL", "SASL_SSL")
    assert client["enable.ssl.certificate.verification"] is True
    assert client["ssl.endpoint.identification.algorithm"] == "https"


def test_no_setting_switches_the_checks_off() -> None:
    names = " ".join(KafkaConnection.__struct_fields__) + " ".join(RegistryConnection.__struct_fields__)
    assert not any(word in names for word in ("verify", "verification", "insecure", "skip", "hostname"))


def test_scram_sends_the_password_over_tls_alone() -> None:
    client = connection(SCRAM).client()
    assert client["security.protocol"] == "SASL_SSL"
    assert (client["sasl.mechanism"], client["sasl.username"], client["sasl.password"]) == (
        "SCRAM-SHA-512",
        "ann",
        "s3cret",
    )


def test_msk_iam_asks_the_signer_for_a_token_of_the_region(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = signed(monkeypatch)
    assert connection(MSK).client()["oauth_cb"]("") == ("token", EXPIRES)
    assert asked == ["eu-west-1"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"DISTRIBUTARY_KAFKA": ""}, "DISTRIBUTARY_KAFKA is not set; give the bootstrap servers"),
        ({"DISTRIBUTARY_KAFKA_SECURITY": "ssl"}, "DISTRIBUTARY_KAFKA_SECURITY is 'ssl'"),
        (
            {"DISTRIBUTARY_KAFKA_SECURITY": "scram"},
            "DISTRIBUTARY_KAFKA_USERNAME is not set, and security scram",
        ),
        (
            {"DISTRIBUTARY_KAFKA_SECURITY": "msk-iam"},
            "DISTRIBUTARY_KAFKA_REGION is not set, and security msk-iam",
        ),
        ({"DISTRIBUTARY_KAFKA_PASSWORD": "x"}, "DISTRIBUTARY_KAFKA_SECURITY is plaintext, but credentials are given"),
        ({"DISTRIBUTARY_KAFKA_CA_FILE": "x"}, "DISTRIBUTARY_KAFKA_SECURITY is plaintext, but credentials are given"),
        ({"DISTRIBUTARY_KAFKA_CERT_FILE": "x"}, "DISTRIBUTARY_KAFKA_CERT_FILE and the key file go together"),
        ({"DISTRIBUTARY_KAFKA_SCRAM_MECHANISM": "PLAIN"}, "DISTRIBUTARY_KAFKA_SCRAM_MECHANISM is neither"),
        ({"DISTRIBUTARY_KAFKA_GROUP_PROTOCOL": "new"}, "DISTRIBUTARY_KAFKA_GROUP_PROTOCOL is neither"),
    ],
)
def test_a_wrong_setting_is_one_sentence_that_names_it(change: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError) as raised:
        connection({**KAFKA, **change}).client()
    assert str(raised.value).startswith(said)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("KAFKA_REPLICAS", "three", "DISTRIBUTARY_KAFKA_REPLICAS is 'three'"),
        ("DEAD_LETTER_SHARE", "ten", "DISTRIBUTARY_DEAD_LETTER_SHARE is 'ten'"),
        ("METADATA", "[1]", r"DISTRIBUTARY_METADATA is '\[1\]'"),
    ],
)
def test_numbers_and_maps_are_checked_at_start(variable: str, value: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        read_settings(Settings, {**KAFKA, f"DISTRIBUTARY_{variable}": value})


def test_settings_are_read_by_type_and_an_empty_variable_is_none() -> None:
    settings = read_settings(
        Settings,
        {
            **KAFKA,
            "DISTRIBUTARY_KAFKA_REPLICAS": "1",
            "DISTRIBUTARY_DEAD_LETTER_SHARE": "0.5",
            "DISTRIBUTARY_METADATA": '{"team": "accounts"}',
            "DISTRIBUTARY_OPENSEARCH_URL": "",
        },
    )
    assert (settings.kafka_replicas, settings.groups.dead_letter_share) == (1, 0.5)
    assert (settings.metadata, settings.stores.opensearch_url) == ({"team": "accounts"}, "")


def test_a_secret_is_shown_to_nobody() -> None:
    shown = repr(connection(SCRAM)) + str(connection(SCRAM).kafka_password)
    assert "s3cret" not in shown
    assert "Secret(***)" in shown
    assert Secret("x").value == "x"


def test_without_a_url_the_packaged_schemas_are_the_registry() -> None:
    assert isinstance(open_registry(RegistryConnection()), PackagedRegistry)
    assert isinstance(open_registry(RegistryConnection(registry_url="http://127.0.0.1:1")), HttpRegistry)


def test_an_address_that_is_none_is_told_by_its_variable() -> None:
    with pytest.raises(SettingsError, match=r"DISTRIBUTARY_REGISTRY_URL is 'registry:8081'"):
        open_registry(RegistryConnection(registry_url="registry:8081"))


def test_what_was_started_here_has_no_copies_and_what_was_given_keeps_its_own(tmp_path: Path) -> None:
    endpoints = Endpoints("k", "r", "o", "d")
    given = read_settings(Settings, {**KAFKA, "DISTRIBUTARY_OPENSEARCH_URL": "http://o"}).at(endpoints)
    assert (given.kafka_replicas, given.stores.opensearch_replicas) == (3, 1)
    started: Any = read_settings(Settings, {}).at(endpoints)
    assert (started.kafka_replicas, started.stores.opensearch_replicas) == (1, 0)
    assert started.stores == StoreConnection(dynamodb_url="d", opensearch_url="o", opensearch_replicas=0)
    assert started.registry.registry_url == "r"


def test_a_certificate_that_is_not_there_is_a_sentence_and_no_outage(tmp_path: Path) -> None:
    missing = {**TLS, "DISTRIBUTARY_KAFKA_CA_FILE": str(tmp_path / "ca.pem")}
    with pytest.raises(SettingsError, match=r"^DISTRIBUTARY_KAFKA and its like .*ssl.ca.location"):
        KafkaSubscription(connection(missing).member(), "group", "topic")
    with pytest.raises(SettingsError, match=r"ssl.ca.location"):
        KafkaLog(connection(missing).client())


@pytest.mark.slow
def test_a_token_that_cannot_be_had_is_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_credentials(_: str) -> tuple[str, int]:
        raise RuntimeError("no credentials")

    monkeypatch.setattr(MSKAuthTokenProvider, "generate_auth_token", no_credentials)
    with pytest.raises(Outage, match="Kafka cannot be used just now: "):
        KafkaSubscription(connection(MSK).member(), "group", "topic")
