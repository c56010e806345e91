"""What the rules of `test_compose.py` notice: each mistake in a copy of the real files is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

import pytest

from consumers.groups import GROUPS
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
from tests.dockerfile import breaches
from tests.unit.test_compose import DOCKERFILE, KNOWN, LISTENING, RUNNING, STACK

Change = Callable[[Any], object]
Rule = Callable[[Any], Iterable[str]]

NAMES = [group.name for group in GROUPS]


def groups(stack: Any) -> Iterable[str]:
    return wrong_groups(stack["services"], NAMES)


def settings(stack: Any) -> Iterable[str]:
    return unknown_settings(stack["services"], KNOWN)


def addresses(stack: Any) -> Iterable[str]:
    return wrong_addresses(stack["services"], LISTENING)


def checks(stack: Any) -> Iterable[str]:
    return unchecked(stack["services"], ["runtime", "dynamodb"])


def order(stack: Any) -> Iterable[str]:
    return wrong_order(stack["services"], "prepare")


def on_services(rule: Rule) -> Rule:
    return lambda stack: rule(stack["services"])


def into(service: str, *where: str, value: object) -> Change:
    """Sets what stands at the place in a service."""

    def change(stack: Any) -> None:
        place = stack["services"].setdefault(service, {})
        for name in where[:-1]:
            place = place.setdefault(name, {})
        place[where[-1]] = value

    return change


def out_of(*where: str) -> Change:
    """Takes away what stands at the place in the services."""

    def change(stack: Any) -> None:
        place = stack["services"]
        for name in where[:-1]:
            place = place[name]
        del place[where[-1]]

    return change


MISTAKES: list[tuple[Rule, Change, str]] = [
    (groups, out_of("app-users"), "no service consumes as app-users"),
    (
        groups,
        into("other", "command", value=["consume", "other"]),
        "other consumes as other, and there is no such group",
    ),
    (
        groups,
        into("twin", "command", value=["consume", "app-users"]),
        "the service of the group app-users is called twin",
    ),
    (settings, into("bridge", "environment", "DISTRIBUTARY_KAFKAS", value="x"), "bridge: DISTRIBUTARY_KAFKAS is no"),
    (addresses, into("bridge", "environment", "DISTRIBUTARY_KAFKA", value="kafka:9093"), "bridge: DISTRIBUTARY_KAFKA"),
    (
        addresses,
        into("bridge", "environment", "DISTRIBUTARY_DYNAMODB_URL", value="http://dynamo:8000"),
        "nothing listens",
    ),
    (
        on_services(loose_images),
        into("kafka", "image", value="apache/kafka:latest"),
        "kafka: the image apache/kafka:latest",
    ),
    (on_services(loose_images), into("kafka", "image", value="apache/kafka"), "no exact version"),
    (checks, out_of("kafka", "healthcheck"), "kafka has no health check"),
    (checks, into("bridge", "healthcheck", value={"disable": True}), "bridge has no health check"),
    (checks, into("bridge", "build", value={"target": "dependencies"}), "bridge has no health check"),
    (order, out_of("bridge", "depends_on"), "bridge does not start after prepare"),
    (order, out_of("prepare", "depends_on", "kafka"), "prepare does not start after kafka"),
    (order, into("kafka", "depends_on", value={"bridge": {"condition": "service_healthy"}}), "kafka waits for itself"),
    (order, into("bridge", "depends_on", "kafka", value={"condition": "service_started"}), "expected service_healthy"),
    (order, into("bridge", "depends_on", "prepare", "condition", value="service_healthy"), "service_completed"),
    (order, into("bridge", "depends_on", "nobody", value={"condition": "service_healthy"}), "which is not there"),
    (on_services(open_doors), into("kafka", "ports", value=["19092:19092"]), "not published on 127.0.0.1 alone"),
    (on_services(open_doors), into("kafka", "ports", value=["127.0.0.1:9101:9092"]), "9101 is published twice"),
    (wrong_volumes, out_of("registry", "volumes"), "registry keeps its state in no volume"),
    (wrong_volumes, into("registry", "volumes", value=["kafka:/var/lib"]), "the volume kafka is used 2 times"),
    (wrong_volumes, into("registry", "volumes", value=["./here:/var/lib"]), "the volume ./here is not declared"),
    (on_services(unbounded), out_of("bridge", "mem_limit"), "bridge may take all memory"),
    (on_services(unbounded), out_of("kafka", "security_opt"), "kafka may gain privileges"),
    (on_services(told_secrets), into("kafka", "environment", "ADMIN_PASSWORD", value="x"), "looks like a secret"),
]


@pytest.mark.parametrize(("rule", "change", "said"), MISTAKES, ids=[said for _, _, said in MISTAKES])
def test_a_mistake_in_the_compose_file_is_told(rule: Rule, change: Change, said: str) -> None:
    assert not list(rule(STACK))
    changed = deepcopy(STACK)
    change(changed)
    assert any(said in breach for breach in rule(changed)), list(rule(changed))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("ARG PYTHON=3.11.14-slim-bookworm", "ARG PYTHON=latest", "python:latest is not a slim image"),
        ("ARG PYTHON=3.11.14-slim-bookworm", "ARG PYTHON=3.11.14", "python:3.11.14 is not a slim image"),
        ("USER 10001:10001", "USER root", "runs as root"),
        ("USER 10001:10001", "USER 0:0", "runs as 0:0"),
        ("USER 10001:10001", "", "runs as root"),
        ("COPY schemas", "ADD https://example.com/schemas", "ADD https"),
        ("WORKDIR /tmp", "ENV DISTRIBUTARY_KAFKA_PASSWORD=x", "looks like a secret"),
        ("ENTRYPOINT", "LABEL entry=", "has no ENTRYPOINT"),
        ("HEALTHCHECK", "LABEL check=", "has no HEALTHCHECK"),
    ],
)
def test_a_mistake_in_the_dockerfile_is_told(before: str, after: str, said: str) -> None:
    assert not list(breaches(DOCKERFILE, RUNNING))
    found = list(breaches(DOCKERFILE.replace(before, after), RUNNING))
    assert any(said in breach for breach in found), found
