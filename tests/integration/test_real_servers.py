"""The fixtures over real servers: one server a run, which ends with it however that ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from distributary.local.servers.answers import status_of
from tests.real_servers import GIVEN_BY, ROOT

SECONDS = 60.0
# A run that was started in the background ignores interrupts, and so would its children.
CONFTEST = """
import signal

signal.signal(signal.SIGINT, signal.default_int_handler)
"""
TESTS = """
from pathlib import Path
from threading import Event

import pytest

FOLDER = Path(__file__).parent

@pytest.mark.parametrize("number", range(4))
def test_server(number, dynamodb_url):
    (FOLDER / f"address-{number}.new").write_text(dynamodb_url)
    (FOLDER / f"address-{number}.new").rename(FOLDER / f"address-{number}")
    while (FOLDER / "wait").exists():
        Event().wait(0.05)


def test_no_server():
    pass
"""


def run_tests(folder: Path, *options: str, **variables: str) -> subprocess.Popen[bytes]:
    """pytest over TESTS in a process of its own; what it makes it makes in `folder`."""
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_them.py").write_text(TESTS)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    servers\n")
    told = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "CI"))}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.real_servers",
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
    ]
    return subprocess.Popen(
        [*command, "-q", "-rs", "-c", str(folder / "pytest.ini"), *options, str(folder)],
        cwd=ROOT,
        env={**told, "TMPDIR": str(folder), **dict.fromkeys(GIVEN_BY.values(), ""), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def wait_until(holds: Callable[[], bool]) -> None:
    pause, deadline = Event(), time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline
        pause.wait(0.05)


def addresses(folder: Path) -> list[str]:
    return [file.read_text() for file in folder.glob("address-?")]


def nothing_left(folder: Path, address: str) -> bool:
    port = int(address.rsplit(":", 1)[1])
    return status_of(port, "/") is None and not list(folder.glob("distributary-tests-*"))


@pytest.mark.usefixtures("dynamodb_url")  # where it cannot be had, that is said here
@pytest.mark.parametrize("options", [(), ("-n", "2")])
def test_all_workers_share_one_server_and_it_ends_with_the_run(tmp_path: Path, options: tuple[str, ...]) -> None:
    ended = run_tests(tmp_path, *options).communicate(timeout=SECONDS)[0]
    assert b"5 passed" in ended, ended.decode()
    (address,) = set(addresses(tmp_path))
    assert len(addresses(tmp_path)) == 4
    assert nothing_left(tmp_path, address)


@pytest.mark.usefixtures("dynamodb_url")
@pytest.mark.parametrize("options", [(), ("-n", "2")])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_outlives_a_run_that_is_interrupted_or_killed(
    tmp_path: Path, options: tuple[str, ...], number: signal.Signals
) -> None:
    (tmp_path / "wait").write_text("")
    with run_tests(tmp_path, *options) as running:
        try:
            wait_until(lambda: bool(addresses(tmp_path)))
            address = addresses(tmp_path)[0]
            assert not nothing_left(tmp_path, address)
            running.send_signal(number)
            running.communicate(timeout=SECONDS)
        finally:
            running.kill()
    wait_until(lambda: nothing_left(tmp_path, address))


@pytest.mark.slow
def test_what_is_missing_skips_on_a_laptop_and_fails_where_ci_is_set(tmp_path: Path) -> None:
    bare = {"PATH": str(tmp_path), "DISTRIBUTARY_CACHE": str(tmp_path / "cache")}
    laptop = run_tests(tmp_path, **bare).communicate(timeout=SECONDS)[0].decode()
    assert re.search(r"SKIPPED \[4\].*`cargo` is not on the PATH", laptop), laptop
    assert "1 passed, 4 skipped" in laptop
    ci = run_tests(tmp_path, **bare, CI="true").communicate(timeout=SECONDS)[0].decode()
    assert "1 passed, 4 errors" in ci


@pytest.mark.slow
def test_a_given_endpoint_is_used_as_it_is(tmp_path: Path) -> None:
    given = run_tests(tmp_path, PATH=str(tmp_path), DISTRIBUTARY_DYNAMODB_URL="http://elsewhere:8000")
    assert b"5 passed" in given.communicate(timeout=SECONDS)[0]
    assert set(addresses(tmp_path)) == {"http://elsewhere:8000"}


@pytest.mark.slow
def test_the_tests_that_ask_a_server_are_marked_so(tmp_path: Path) -> None:
    fast = run_tests(tmp_path, "-m", "not servers").communicate(timeout=SECONDS)[0]
    assert b"1 passed, 4 deselected" in fast
