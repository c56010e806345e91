"""What docker-compose.yml and deploy/Dockerfile must be, as functions that give the breaches. They need no engine."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

Services = Mapping[str, Any]
Stack = Mapping[str, Any]

PREFIX = "DISTRIBUTARY_"
SECRETS = re.compile(r"password|secret|token|credential|private.?key|access.?key", re.IGNORECASE)


def wrong_groups(services: Services, groups: Collection[str]) -> Iterator[str]:
    """Groups without exactly one service of their name, and services of groups that there are not."""
    consuming = {name: one["command"][1] for name, one in services.items() if _verb(one) == "consume"}
    for group in sorted(set(groups) - set(consuming.values())):
        yield f"no service consumes as {group}"
    for service, group in consuming.items():
        if group not in groups:
            yield f"{service} consumes as {group}, and there is no such group"
        elif service != group:
            yield f"the service of the group {group} is called {service}"


def unknown_settings(services: Services, known: Collection[str]) -> Iterator[str]:
    """DISTRIBUTARY_* variables that no setting reads."""
    for name, service in services.items():
        for variable in service.get("environment") or {}:
            if variable.startswith(PREFIX) and variable not in known:
                yield f"{name}: {variable} is no setting"


def wrong_addresses(services: Services, listening: Mapping[str, int]) -> Iterator[str]:
    """Settings that point to a service which is not there, or to a port that it does not listen on."""
    for name, service in services.items():
        for variable, value in (service.get("environment") or {}).items():
            if not variable.startswith(PREFIX) or ":" not in value:
                continue
            address = urlsplit(value if "://" in value else f"//{value}")
            if listening.get(address.hostname or "") != address.port:
                yield f"{name}: {variable} is {value}, where nothing listens"


def loose_images(services: Services) -> Iterator[str]:
    """Images without an exact version."""
    for name, service in services.items():
        if not re.fullmatch(r"[\w./-]+:\d+\.\d+\.\d+", service.get("image", "")):
            yield f"{name}: the image {service.get('image')} has no exact version"


def unchecked(services: Services, checked_targets: Collection[str]) -> Iterator[str]:
    """Services without a health check, in their own lines or in the image's stage; those that end are excepted."""
    ending = set(_ending(services))
    for name, service in services.items():
        own, target = service.get("healthcheck") or {}, (service.get("build") or {}).get("target")
        switched_off = own.get("disable", False)
        if name not in ending and (switched_off or not (own.get("test") or target in checked_targets)):
            yield f"{name} has no health check"


def wrong_order(services: Services, first: str) -> Iterator[str]:
    """Waits for what is not there or will not come, circles, and parts that do not start after `first`."""
    before = {name: service.get("depends_on") or {} for name, service in services.items()}
    ending = set(_ending(services))
    for name, waits in before.items():
        for other, how in waits.items():
            wanted = "service_completed_successfully" if other in ending else "service_healthy"
            if other not in services:
                yield f"{name} waits for {other}, which is not there"
            elif how.get("condition") != wanted:
                yield f"{name} waits for {other} on {how.get('condition')}, expected {wanted}"
    for name in services:
        if name in _above(name, before):
            yield f"{name} waits for itself"
        if _verb(services[name]) in ("bridge", "consume") and first not in _above(name, before):
            yield f"{name} does not start after {first}"
    for server in sorted(name for name, service in services.items() if not _verb(service)):
        if server not in _above(first, before):
            yield f"{first} does not start after {server}"


def open_doors(services: Services) -> Iterator[str]:
    """Ports that are published beyond this machine, and the same one twice."""
    seen: set[str] = set()
    for name, service in services.items():
        for port in service.get("ports") or ():
            found = re.fullmatch(r"127\.0\.0\.1:(\d+):\d+", port)
            if found is None:
                yield f"{name}: the port {port} is not published on 127.0.0.1 alone"
            elif found[1] in seen:
                yield f"{name}: the port {found[1]} is published twice"
            else:
                seen.add(found[1])


def wrong_volumes(stack: Stack) -> Iterator[str]:
    """Volumes without a name, without a user, with several, and servers that keep nothing."""
    declared, used = set(stack.get("volumes") or {}), []
    for name, service in stack["services"].items():
        mounted = [volume.split(":")[0] for volume in service.get("volumes") or ()]
        used += mounted
        if not _verb(service) and not mounted:
            yield f"{name} keeps its state in no volume"
        for volume in sorted(set(mounted) - declared):
            yield f"{name}: the volume {volume} is not declared"
    for volume in sorted(declared):
        if used.count(volume) != 1:
            yield f"the volume {volume} is used {used.count(volume)} times"


def unbounded(services: Services) -> Iterator[str]:
    """Services that may take all memory, or whose privileges may grow."""
    for name, service in services.items():
        if not service.get("mem_limit"):
            yield f"{name} may take all memory"
        if "no-new-privileges:true" not in (service.get("security_opt") or ()):
            yield f"{name} may gain privileges"


def told_secrets(services: Services) -> Iterator[str]:
    """Variables that look like secrets."""
    for name, service in services.items():
        for variable in service.get("environment") or {}:
            if SECRETS.search(variable):
                yield f"{name}: {variable} looks like a secret"


def _verb(service: Mapping[str, Any]) -> str:
    """What a part of ours does (`bridge`, `consume`, `prepare`); nothing for a server."""
    return str((service.get("command") or [""])[0])


def _ending(services: Services) -> Iterator[str]:
    for name, service in services.items():
        if _verb(service) == "prepare":
            yield name


def _above(name: str, before: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Everything that has to be there before the service."""
    found: set[str] = set()
    left = list(before.get(name, ()))
    while left:
        if (one := left.pop()) not in found:
            found.add(one)
            left += before.get(one, ())
    return found
