"""The programs of this machine that the servers need: a Java, Maven, cargo."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from distributary.errors import ToolMissing

OLDEST_JAVA = 21
JVM_FOLDERS = (
    "/usr/lib/jvm/*",
    "/Library/Java/JavaVirtualMachines/*/Contents/Home",
    "/opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home",
    "/usr/local/opt/openjdk*/libexec/openjdk.jdk/Contents/Home",
    "~/.sdkman/candidates/java/*",
    "~/.jdks/*",
)
"""Where JDKs are installed, as patterns; `~` is the person's home."""

_OTHERWISE = "or use `--on embedded`, which needs nothing, or `--on compose`, which needs a container engine"
_MISSING = {
    "mvn": "Kafka, the registry and OpenSearch are fetched with it; install Apache Maven, give their endpoints "
    "(DISTRIBUTARY_KAFKA, DISTRIBUTARY_REGISTRY_URL, DISTRIBUTARY_OPENSEARCH_URL)",
    "cargo": "the DynamoDB server is built with it; install Rust, give an endpoint (DISTRIBUTARY_DYNAMODB_URL)",
}


class Tools:
    """What is found by an `environment`, as the variables of this process: PATH, HOME, JAVA_HOME."""

    def __init__(self, environment: Mapping[str, str], jvm_folders: Iterable[str] = JVM_FOLDERS) -> None:
        self.environment = dict(environment)
        self._jvm_folders = tuple(jvm_folders)

    def program(self, name: str) -> str:
        """The path of `mvn` or `cargo`. Raises ToolMissing."""
        found = shutil.which(name, path=self.environment.get("PATH", ""))
        if found is None:
            raise ToolMissing(f"`{name}` is not on the PATH, and {_MISSING[name]}, {_OTHERWISE}")
        return found

    @cached_property
    def java_home(self) -> Path:
        """The folder of a Java that is new enough for every server. Raises ToolMissing."""
        found = {}
        for home in self._java_homes():
            if home not in found:
                found[home] = java_version(home)
                if (found[home] or 0) >= OLDEST_JAVA:
                    return home
        old = ", ".join(f"{version} in {home}" for home, version in found.items() if version) or "none"
        raise ToolMissing(
            f"Kafka, the registry and OpenSearch need a JDK {OLDEST_JAVA} or newer, and none was found (found: {old}); "
            "install one and set JAVA_HOME to it, give their endpoints "
            f"(DISTRIBUTARY_KAFKA, DISTRIBUTARY_REGISTRY_URL, DISTRIBUTARY_OPENSEARCH_URL), {_OTHERWISE}"
        )

    def _java_homes(self) -> Iterator[Path]:
        """Every folder that may be one, the most deliberate first."""
        if given := self.environment.get("JAVA_HOME"):
            yield Path(given).absolute()
        for folder in filter(None, self.environment.get("PATH", "").split(":")):
            yield (Path(folder) / "java").resolve().parent.parent
        for pattern in self._jvm_folders:
            if pattern.startswith("~") and "HOME" not in self.environment:
                continue
            absolute = pattern.replace("~", self.environment.get("HOME", ""), 1)
            yield from sorted(found.resolve() for found in Path("/").glob(absolute.lstrip("/")))


def java_version(home: Path) -> int | None:
    """The major version of the Java in `home`: by its `release` file, else as it says itself; None where none is."""
    java = home / "bin" / "java"
    if not os.access(java, os.X_OK):  # a folder that is closed to us holds none for us
        return None
    try:
        release = home / "release"
        written = release.read_text(errors="replace") if release.is_file() else ""
        if version := _major('JAVA_VERSION="', written):
            return version
        said = subprocess.run([java, "-version"], capture_output=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return _major('version "', said.stderr.decode(errors="replace"))


def _major(before: str, text: str) -> int | None:
    """`17` of `17.0.15`, and `8` of `1.8.0_442`."""
    found = re.search(before + r"(?:1\.)?(\d+)", text)
    return int(found[1]) if found else None
