"""The cache of the servers' programs: installed once, whole or not at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from distributary.errors import UnusableFolder
from distributary.local.servers.cache import Cache, default_cache

INSTALLER = """
import os, sys
from pathlib import Path
from distributary.local.servers.cache import Cache

def install(folder):
    (folder / "half").write_text("")
    print("installing", flush=True)
    what = sys.stdin.readline().strip()
    if what == "crash":
        os._exit(9)
    (folder / "whole").write_text("")

print("asking", flush=True)
print(Cache(Path(sys.argv[1])).installed("program-1", "maven", install), flush=True)
"""


def installer(cache: Path) -> subprocess.Popen[str]:
    """A process that installs program-1, and waits for a line on its standard input in the middle of it."""
    command = [sys.executable, "-c", INSTALLER, str(cache)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def fill(folder: Path) -> None:
    (folder / "whole").write_text("")


def refuse(folder: Path) -> None:
    raise AssertionError(f"{folder} is there already")


def test_a_program_is_installed_once(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    first = cache.installed("program-1", "maven", fill)
    assert (first / "whole").exists()
    assert cache.installed("program-1", "maven", refuse) == first
    assert Cache(cache.folder).holds("program-1")
    assert not cache.holds("program-2")


def test_two_processes_at_once_install_it_once(tmp_path: Path) -> None:
    with installer(tmp_path) as one, installer(tmp_path) as other:
        for process in (one, other):
            assert process.stdout is not None
            assert process.stdout.readline() == "asking\n"
        # Only now may the one that installs go on; the other one finds it there, or waits for it.
        for process in (one, other):
            assert process.stdin is not None
            process.stdin.write("go on\n")
            process.stdin.flush()
        printed = [process.stdout.read().splitlines() for process in (one, other) if process.stdout]
    assert sorted(map(len, printed)) == [1, 2]
    assert {lines[-1] for lines in printed} == {str(tmp_path / "program-1")}


def test_a_crash_in_the_middle_leaves_nothing_that_looks_installed(tmp_path: Path) -> None:
    with installer(tmp_path) as crashing:
        crashing.communicate("crash\n", timeout=30)
    assert crashing.returncode == 9
    cache = Cache(tmp_path)
    assert not cache.holds("program-1")
    installed = cache.installed("program-1", "maven", fill)
    assert [path.name for path in installed.iterdir()] == ["whole"]


def test_a_failed_installation_leaves_nothing(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        fill(folder)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Cache(tmp_path).installed("program-1", "maven", fail)
    assert [path.name for path in tmp_path.iterdir()] == ["maven.lock"]


def test_everybody_may_read_what_is_installed(tmp_path: Path) -> None:
    def install(folder: Path) -> None:
        (folder / "bin").mkdir(mode=0o700)
        for name, mode in {"tool": 0o700, "data": 0o600}.items():
            (folder / "bin" / name).write_text("")
            (folder / "bin" / name).chmod(mode)

    folder = Cache(tmp_path).installed("program-1", "maven", install)
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in folder.rglob("*")}
    assert modes == {"bin": "0o755", "tool": "0o755", "data": "0o644"}


def test_a_folder_that_cannot_be_written_to_says_which_variable_names_another(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnusableFolder, match="DISTRIBUTARY_CACHE"):
        Cache(tmp_path / "file" / "cache").installed("program-1", "maven", fill)


@pytest.mark.parametrize(
    ("environment", "root", "folder"),
    [
        ({"DISTRIBUTARY_CACHE": "/given", "XDG_CACHE_HOME": "/xdg", "HOME": "/home/a"}, True, "/given"),
        ({"XDG_CACHE_HOME": "/xdg", "HOME": "/root"}, True, "/var/cache/distributary"),
        ({"XDG_CACHE_HOME": "/xdg", "HOME": "/home/a"}, False, "/xdg/distributary"),
        ({"HOME": "/home/a"}, False, "/home/a/.cache/distributary"),
    ],
)
def test_the_cache_is_where_caches_are(environment: dict[str, str], root: bool, folder: str) -> None:
    assert default_cache(environment, root=root) == Path(folder)
