"""Real servers for tests: `kafka_bootstrap`, `registry_url`, `opensearch_url`, `dynamodb_url`, and `own_servers`.

Each is the endpoint given by its variable, else a server of this run (in a container, where an engine has the image
already), started when the first test asks for one. All workers share it, and nothing of it outlives the run. A test
that uses one is marked `servers`. Where something that it takes is missing it is skipped with the reason, and fails
where `CI` is set.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from typing import IO, Any, NoReturn, Protocol

import msgspec
import pytest

from distributary.errors import ToolMissing
from distributary.local.servers.server import Server
from distributary.local.servers.stack import KINDS, Servers
from tests.server_holder import servers

ROOT = Path(__file__).parents[1]
GIVEN_BY = {
    "kafka": "DISTRIBUTARY_KAFKA",
    "registry_url": "DISTRIBUTARY_REGISTRY_URL",
    "opensearch_url": "DISTRIBUTARY_OPENSEARCH_URL",
    "dynamodb_url": "DISTRIBUTARY_DYNAMODB_URL",
}
SHARED = {
    "kafka_bootstrap": "kafka",
    "registry_url": "registry_url",
    "opensearch_url": "opensearch_url",
    "dynamodb_url": "dynamodb_url",
}
"""The endpoint behind each of the fixtures that all tests share."""
_RUN = pytest.StashKey["Run"]()
_LOOK_SECONDS = 0.1
_ANSWER_SECONDS = 900.0
"""How long a server may take: the first time there is a lot to fetch, and one to build."""


class Run:
    """What the processes of one test run share: a folder, made by the first of them, and a lock that it holds."""

    def __init__(self, folder: Path | None) -> None:
        self._locks: list[IO[str]] = []
        if folder is None:
            # Not below pytest's own folder, which is closed to the user that OpenSearch runs as.
            folder = Path(tempfile.mkdtemp(prefix="distributary-tests-"))
            folder.chmod(0o755)
            self._locks = [(folder / name).open("a") for name in ("controller", "holders")]
            fcntl.flock(self._locks[0], fcntl.LOCK_EX)
        self.folder = folder
        self._holders: list[subprocess.Popen[bytes]] = []
        self.wanted: set[str] = set()

    def address(self, endpoint: str) -> str:
        """Where the run's server is. The first who asks starts all that are wanted, side by side."""
        if given := os.environ.get(GIVEN_BY[endpoint]):
            return given
        with (self.folder / "starting").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for name in sorted({*self.wanted, endpoint}):
                if not os.environ.get(GIVEN_BY[name]) and not self._log(name).exists():
                    self._holders.append(self._hold(name))
        answer = self.folder / f"{endpoint}.json"
        pause, deadline = Event(), time.monotonic() + _ANSWER_SECONDS
        while not answer.exists():
            assert time.monotonic() < deadline, self._log(endpoint).read_text()
            pause.wait(_LOOK_SECONDS)
        found = msgspec.json.decode(answer.read_bytes(), type=dict[str, str])
        if "missing" in found:
            skip(found["missing"])
        assert "address" in found, found
        return found["address"]

    def _log(self, endpoint: str) -> Path:
        return self.folder / f"{endpoint}.holder.log"

    def _hold(self, endpoint: str) -> subprocess.Popen[bytes]:
        with self._log(endpoint).open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.server_holder", str(self.folder), endpoint],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def end(self) -> None:
        """Ends the servers, where this process was the first of the run; returns when they have ended."""
        if self._locks:
            controller, holders = self._locks
            controller.close()
            fcntl.flock(holders, fcntl.LOCK_EX)
            holders.close()
            for holder in self._holders:
                holder.wait()
            shutil.rmtree(self.folder, ignore_errors=True)


def skip(reason: str) -> NoReturn:
    """Skips the test on a laptop, and fails it where `CI` is set."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def pytest_configure(config: pytest.Config) -> None:
    """The first process makes the run's folder; a worker is told of it."""
    told = getattr(config, "workerinput", {}).get("servers_folder")
    config.stash[_RUN] = Run(Path(told) if told else None)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tells a worker of the run's folder."""
    node.workerinput["servers_folder"] = str(node.config.stash[_RUN].folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    """The run is over."""
    config.stash[_RUN].end()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests that ask real servers, before any are left out by their marks."""
    for item in items:
        if {*SHARED, "own_servers"} & _fixtures_of(item):
            item.add_marker(pytest.mark.servers)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Notes which servers the tests that are to run will ask for."""
    asked = set().union(*map(_fixtures_of, session.items))
    session.config.stash[_RUN].wanted = {SHARED[name] for name in SHARED.keys() & asked}


def _fixtures_of(item: pytest.Item) -> set[str]:
    return set(getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def kafka_bootstrap(pytestconfig: pytest.Config) -> str:
    """Kafka's bootstrap server, `host:port`."""
    return pytestconfig.stash[_RUN].address("kafka")


@pytest.fixture(scope="session")
def registry_url(pytestconfig: pytest.Config) -> str:
    """The root of a registry's Confluent API."""
    return pytestconfig.stash[_RUN].address("registry_url")


@pytest.fixture(scope="session")
def opensearch_url(pytestconfig: pytest.Config) -> str:
    """The root of OpenSearch's API."""
    return pytestconfig.stash[_RUN].address("opensearch_url")


@pytest.fixture(scope="session")
def dynamodb_url(pytestconfig: pytest.Config) -> str:
    """The endpoint of a DynamoDB-compatible server with streams."""
    return pytestconfig.stash[_RUN].address("dynamodb_url")


class OwnServers(Protocol):
    """Starts servers for one test alone, which may break them: `own_servers("kafka")["kafka"].kill()`."""

    def __call__(self, *endpoints: str, home: Path | None = None, **kinds: type[Server]) -> Servers:
        """The servers of the endpoints, in a fresh home or a given one, until the test ends.

        A server of another kind goes by its endpoint's name: `own_servers("dynamodb_url", kafka=PatientKafka)`.
        """


@pytest.fixture
def own_servers(open_home: Path) -> Iterator[OwnServers]:
    """Servers of one test's own; see OwnServers. They end before the folder `open_home`, which a test may give them."""
    with ExitStack() as opened:

        def start(*endpoints: str, home: Path | None = None, **kinds: type[Server]) -> Servers:
            wanted = {**{endpoint: KINDS[endpoint] for endpoint in endpoints}, **kinds}
            try:
                return opened.enter_context(servers(home or open_folder(opened), wanted))
            except ToolMissing as error:
                skip(str(error))

        yield start


@pytest.fixture
def open_home() -> Iterator[Path]:
    """A folder that every user can reach, as OpenSearch's must be; removed at the end."""
    with ExitStack() as opened:
        yield open_folder(opened)


def open_folder(opened: ExitStack) -> Path:
    """A folder that every user can reach, until `opened` ends."""
    folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="distributary-test-")))
    folder.chmod(0o755)
    return folder
