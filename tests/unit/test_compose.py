"""docker-compose.yml, deploy/Dockerfile and the code say the same; what each rule notices: `test_compose_notices.py`.

Whether Docker takes the file at all: `tests/integration/test_compose_config.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import yaml

from bridge.settings import BridgeSettings
from consumers.groups import GROUPS
from distributary.local.on_compose import BRIDGE, ENDPOINTS, PAGES
from distributary.local.servers.artifacts import DYNOXIDE, KAFKA, OPENSEARCH, REGISTRY
from distributary.local.servers.kafka import Kafka, settings_text
from distributary.settings import Settings
from schemas.settings import Secret, variable
from tests.compose_rules import (
    loose_images,
    open_doors,
    told_secrets,
    unbounded,
    unchecked,
    unknown_settings,
    wrong_addresses,
    wrong_groups,
    wrong_order,
    wrong_volumes,
)
from tests.dockerfile import breaches, last_of, stages
from tests.house_rules import unpinned

ROOT = Path(__file__).parents[2]
STACK: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, Any] = STACK["services"]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
REQUIREMENTS = (ROOT / "deploy" / "requirements.txt").read_text("utf-8")
RUNNING = ("runtime", "dynamodb", "the last stage")
LISTENING = {"kafka": 9092, "registry": 8080, "opensearch": 9200, "dynamodb": 8000}
"""By server, the port that containers reach it at."""


def fields(kind: type[msgspec.Struct]) -> Iterable[str]:
    """The names of all settings, those of structs in structs too."""
    for field in msgspec.structs.fields(kind):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct) and field.type is not Secret:
            yield from fields(field.type)
        else:
            yield field.name


KNOWN = {variable(name) for name in [*fields(Settings), *fields(BridgeSettings)]}


def none_of(found: Iterable[str]) -> None:
    told = list(found)
    assert not told, "\n".join(["docker-compose.yml or deploy/Dockerfile is not as it should be:", *told])


def published(service: str) -> str:
    """Where this machine finds the service: `127.0.0.1:port`."""
    (port,) = SERVICES[service]["ports"]
    return str(port).rsplit(":", 1)[0]


def test_every_group_has_one_service_of_its_name() -> None:
    none_of(wrong_groups(SERVICES, [group.name for group in GROUPS]))


def test_every_variable_is_a_setting_that_somebody_reads() -> None:
    none_of(unknown_settings(SERVICES, KNOWN))


def test_every_part_is_told_where_all_four_servers_are_and_that_nothing_has_copies() -> None:
    told = {variable(field.name) for field in msgspec.structs.fields(type(ENDPOINTS))}
    for name, service in SERVICES.items():
        if service.get("command"):
            assert told <= set(service["environment"]), name
            assert service["environment"][variable("kafka_replicas")] == "1"
            assert service["environment"][variable("opensearch_replicas")] == "0"


def test_addresses_point_to_ports_that_something_listens_on() -> None:
    none_of(wrong_addresses(SERVICES, LISTENING))
    kafka = SERVICES["kafka"]["environment"]
    assert "CONTAINERS://:9092" in kafka["KAFKA_LISTENERS"].split(",")
    assert "CONTAINERS://kafka:9092" in kafka["KAFKA_ADVERTISED_LISTENERS"].split(",")
    assert SERVICES["registry"]["environment"]["QUARKUS_HTTP_PORT"] == "8080"
    for name, port in LISTENING.items():
        inside = 19092 if name == "kafka" else port  # this machine has a listener of Kafka's to itself
        assert SERVICES[name]["ports"][0].endswith(f":{inside}")


def test_the_command_looks_where_the_ports_are_published() -> None:
    assert published("kafka") == ENDPOINTS.kafka
    assert f"MACHINE://{ENDPOINTS.kafka}" in SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"].split(",")
    path = SERVICES["prepare"]["environment"][variable("registry_url")].removeprefix("http://registry:8080")
    assert f"http://{published('registry')}{path}" == ENDPOINTS.registry_url
    assert f"http://{published('opensearch')}" == ENDPOINTS.opensearch_url
    assert f"http://{published('dynamodb')}" == ENDPOINTS.dynamodb_url
    assert {name: f"http://{published(name)}" for name in PAGES} == PAGES
    assert SERVICES[BRIDGE]["command"] == ["bridge"]


def test_the_console_has_its_port_to_itself() -> None:
    reserved = STACK["x-console"]["port"]
    assert reserved == "127.0.0.1:8080:8080"
    none_of(open_doors({**SERVICES, "console": {"ports": [reserved]}}))


def test_images_have_exact_versions_and_they_are_those_of_the_other_servers() -> None:
    none_of(loose_images(SERVICES))
    for name, program in {"kafka": KAFKA, "registry": REGISTRY, "opensearch": OPENSEARCH}.items():
        assert SERVICES[name]["image"].endswith(f":{program.version}")
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    for name in ("prepare", "dynamodb"):
        assert f'version = "{SERVICES[name]["image"].rsplit(":", 1)[1]}"' in project
    assert f"{DYNOXIDE.name} --version {DYNOXIDE.version} --locked" in DOCKERFILE
    assert f"--features {DYNOXIDE.features} " in DOCKERFILE


def test_every_service_has_a_health_check_but_the_one_that_ends() -> None:
    none_of(unchecked(SERVICES, [stage.name for stage in stages(DOCKERFILE) if stage.last("HEALTHCHECK")]))


def test_everything_starts_in_order() -> None:
    none_of(wrong_order(SERVICES, "prepare"))


def test_a_group_that_has_stopped_is_not_started_again_and_servers_are() -> None:
    restarts = {name: service["restart"] for name, service in SERVICES.items()}
    assert {name for name, how in restarts.items() if how == "no"} == {"prepare", *(group.name for group in GROUPS)}
    assert set(restarts.values()) == {"no", "unless-stopped"}


def test_nothing_is_published_beyond_this_machine_and_nothing_grows_without_bounds() -> None:
    none_of(chain(open_doors(SERVICES), unbounded(SERVICES), told_secrets(SERVICES)))


def test_all_state_is_in_named_volumes() -> None:
    none_of(wrong_volumes(STACK))


def test_kafka_has_the_settings_that_it_has_without_containers() -> None:
    lines = settings_text(19092, 9093, Path("/var/lib/kafka/data"), Kafka.session_ms).splitlines()
    wanted = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    of_the_place = {name for name in wanted if "listener" in name} | {"controller.quorum.voters"}
    told = SERVICES["kafka"]["environment"]
    for name in wanted.keys() - of_the_place:
        assert told[f"KAFKA_{name.upper().replace('.', '_')}"] == wanted[name], name


def test_the_images_are_slim_exact_unprivileged_and_hold_no_secret() -> None:
    none_of(breaches(DOCKERFILE, RUNNING))


def test_the_images_are_built_where_the_compose_file_says_and_serve_the_port_it_publishes() -> None:
    assert {stage.name for stage in stages(DOCKERFILE)} >= {
        service["build"]["target"] for service in SERVICES.values() if "build" in service
    }
    runtime = last_of(stages(DOCKERFILE), "runtime", "ENV")
    port = runtime.split(f"{variable('metrics_port')}=")[1].split()[0]
    assert f"{variable('metrics_host')}=0.0.0.0" in runtime
    assert f"'127.0.0.1', {port}" in last_of(stages(DOCKERFILE), "runtime", "HEALTHCHECK")
    assert all(SERVICES[name]["ports"][0].endswith(f":{port}") for name in PAGES)


def test_the_images_hold_what_production_needs_pinned_as_everywhere_else() -> None:
    none_of(unpinned(REQUIREMENTS))

    def pins(text: str) -> set[str]:
        return {" ".join(line.split()) for line in text.replace("\\\n", " ").splitlines()}

    everywhere = (ROOT / "constraints.txt").read_text("utf-8")
    assert pins(REQUIREMENTS) < pins(everywhere)
    names = {pin.split("==")[0] for pin in pins(REQUIREMENTS)}
    assert names >= {"boto3", "confluent-kafka", "google-re2", "opensearch-py", "aws-msk-iam-sasl-signer-python"}
    assert not names & {"moto", "pytest", "mypy", "setuptools"}
