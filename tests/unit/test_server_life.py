"""A server's life: started until it is ready, at one address, with a sentence for everything that goes wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from distributary.errors import ServerFailed, ToolMissing, UnusableFolder
from distributary.local.servers.answers import status_of
from distributary.local.servers.artifacts import Crate
from distributary.local.servers.ports import HOST, Ports, is_free
from distributary.local.servers.process import Command
from distributary.local.servers.server import Server
from distributary.local.servers.stack import Given, Servers
from distributary.local.servers.tools import Tools
from distributary.local.servers.unprivileged import closed_to

ANSWERS = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
print("first line"), print("second line", flush=True)
HTTPServer(("127.0.0.1", int(sys.argv[1])), BaseHTTPRequestHandler).serve_forever()
"""


class Small(Server):
    """A server in Python, ready when it answers at all."""

    name = "small"
    program = Crate("small", "1", "")
    port_names = ("http",)
    script = ANSWERS

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.ports[0]}"

    def _command(self) -> Command:
        return Command([sys.executable, "-c", self.script, str(self.ports[0])], self.variables(), self.home)

    def _is_ready(self) -> bool:
        return status_of(self.ports[0], "/") is not None


class NeverReady(Small):
    def _is_ready(self) -> bool:
        return False


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Small]:
    server = Small(tmp_path, Ports(tmp_path / "ports"), Tools({}))
    yield server
    server.stop()


def test_a_server_is_ready_after_its_start_and_gone_after_its_end(small: Small) -> None:
    small.start()
    assert status_of(small.ports[0], "/") == 501
    assert small.pid == int((small.home / "small.pid").read_text())
    small.stop()
    assert status_of(small.ports[0], "/") is None
    with pytest.raises(ServerFailed, match="small does not run"):
        _ = small.pid


def test_a_restart_is_another_process_at_the_same_address(small: Small) -> None:
    small.start()
    address, first = small.address, small.pid
    small.restart()
    second = small.pid
    small.kill()
    small.restart()
    assert small.address == address
    assert status_of(small.ports[0], "/") == 501
    assert len({first, second, small.pid}) == 3


@pytest.mark.slow
def test_a_frozen_server_answers_again_when_it_goes_on(small: Small) -> None:
    small.start()
    small.pause()
    assert status_of(small.ports[0], "/") is None
    small.resume()
    assert status_of(small.ports[0], "/") == 501


def test_a_server_that_dies_at_its_start_says_what_it_printed_last_and_where_the_rest_is(small: Small) -> None:
    small.script = "import sys; print('one'); print('two'); sys.exit(7)"
    with pytest.raises(ServerFailed) as error:
        small.start()
    assert str(error.value) == (
        f"small ended with status 7 before it was ready; it printed last: one / two (all of it is in {small.log})"
    )
    assert (small.home / "small.pid").read_text() == ""


def test_a_server_that_is_not_ready_in_time_is_stopped_and_says_so(tmp_path: Path) -> None:
    server = NeverReady(tmp_path, Ports(tmp_path / "ports"), Tools({}))
    with pytest.raises(ServerFailed, match=r"small was not ready after 1 s; it printed last: first line / second line"):
        server.start(seconds=1)
    assert status_of(server.ports[0], "/") is None


def test_a_start_can_be_given_up(tmp_path: Path) -> None:
    server = NeverReady(tmp_path, Ports(tmp_path / "ports"), Tools({}))
    with pytest.raises(ServerFailed, match="small was stopped before it was ready"):
        server.start(given_up=lambda: True)
    assert (tmp_path / "small.pid").read_text() == ""


def test_a_home_keeps_its_ports_as_long_as_they_are_free(tmp_path: Path) -> None:
    first = Ports(tmp_path / "ports").take("a", "b")
    assert len(set(first)) == 2
    assert Ports(tmp_path / "ports").take("b", "a") == first[::-1]
    server = Small(tmp_path, Ports(tmp_path / "ports"), Tools({}))
    server.start()
    taken = server.ports[0]
    assert not is_free(taken)
    (other,) = Ports(tmp_path / "ports").take("small.http")
    assert other != taken
    server.stop()


def test_given_endpoints_start_nothing_and_need_nothing(tmp_path: Path) -> None:
    given = Given("kafka:9092", "http://registry", "http://search", "http://table")
    with Servers(tmp_path / "home", tmp_path / "cache", {}, given) as servers:
        assert servers.endpoints.kafka == "kafka:9092"
        assert servers.endpoints.dynamodb_url == "http://table"
    assert list(tmp_path.iterdir()) == []


def test_what_is_missing_is_said_before_anything_is_fetched(tmp_path: Path) -> None:
    given = Given("kafka:9092", "http://registry", "http://search")
    with pytest.raises(ToolMissing, match="`cargo`"), Servers(tmp_path / "home", tmp_path / "cache", {}, given):
        pass
    assert not (tmp_path / "cache").exists()


def test_a_home_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnusableFolder, match="--home"), Servers(tmp_path / "file" / "home", tmp_path, {}):
        pass


def test_the_folder_that_another_user_may_not_pass_through_is_found(open_home: Path) -> None:
    place = open_home / "closed" / "home"
    place.mkdir(parents=True)
    link = open_home / "link"
    link.symlink_to(place)
    owner = place.stat().st_uid
    place.parent.chmod(0o711)
    assert closed_to(place, owner + 1, -1) is None
    place.parent.chmod(0o700)
    assert closed_to(place, owner, -1) is None
    assert closed_to(place, owner + 1, -1) == closed_to(link, owner + 1, -1) == place.parent
