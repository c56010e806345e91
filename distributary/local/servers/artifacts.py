"""What is fetched: each program by its coordinates and version, as data; its files' sums are in a `SHA256SUMS`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import NamedTuple

DEPENDENCY_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"
"""The Maven plugin that fetches, pinned like what it fetches."""


class Artifact(NamedTuple):
    """A file in a Maven repository; `alone` leaves out what it depends on."""

    group: str
    name: str
    version: str
    kind: str = "jar"
    classifier: str = ""
    alone: bool = False


class MavenProgram(NamedTuple):
    """A program made of Maven artifacts; the one that is an archive is unpacked, without its first `strip` folders.

    `sums_in` is the package whose `SHA256SUMS` lists its files.
    """

    name: str
    version: str
    artifacts: tuple[Artifact, ...]
    strip: int = 0
    sums_in: str = "distributary.local.servers"


class Crate(NamedTuple):
    """A program that `cargo` builds."""

    name: str
    version: str
    features: str


Program = MavenProgram | Crate

KAFKA = MavenProgram(
    "kafka",
    "4.4.0",
    (Artifact("org.apache.kafka", "kafka_2.13", "4.4.0"), Artifact("org.slf4j", "slf4j-simple", "1.7.36")),
)
OPENSEARCH = MavenProgram(
    "opensearch",
    "3.6.0",
    (Artifact("org.opensearch.distribution.integ-test-zip", "opensearch", "3.6.0", "zip", alone=True),),
    strip=1,
)
REGISTRY = MavenProgram(
    "apicurio-registry",
    "3.3.3",
    (Artifact("io.apicurio", "apicurio-registry-app", "3.3.3", "tar.gz", "all", alone=True),),
)
DYNOXIDE = Crate("dynoxide-rs", "3.2.0", "native-sqlite,http-server,cli")


def sums_of(program: MavenProgram) -> Mapping[str, str]:
    """The SHA-256 of each of the program's files, by file name."""
    listed = files(program.sums_in).joinpath("SHA256SUMS").read_text("ascii")
    return listed_sums(listed, f"{program.name}-{program.version}")


def listed_sums(text: str, folder: str) -> Mapping[str, str]:
    """The sums that a text in the format of `sha256sum` gives for the files of `folder`."""
    rows = (line.split("  ", 1) for line in text.splitlines())
    return {path.removeprefix(f"{folder}/"): digest for digest, path in rows if path.startswith(f"{folder}/")}
