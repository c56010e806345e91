"""A pipeline's home: one pipeline at a time, found by others while it runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from distributary.attach import Attached
from distributary.dump import make_folder
from distributary.errors import HomeInUse, NoPipeline, UnusableFolder
from distributary.home import Home


def test_a_home_belongs_to_one_pipeline_at_a_time(tmp_path: Path) -> None:
    with Home(tmp_path), pytest.raises(HomeInUse, match="a pipeline runs in"), Home(tmp_path):
        pass
    with Home(tmp_path):
        pass


def test_a_running_pipeline_is_found(tmp_path: Path) -> None:
    with Home(tmp_path) as home:
        home.announce("embedded", "http://127.0.0.1:1")
        running = Home(tmp_path).running()
        assert (running.pid, running.on, running.url) == (os.getpid(), "embedded", "http://127.0.0.1:1")


def test_a_pipeline_that_is_not_ready_or_has_ended_is_not_found(tmp_path: Path) -> None:
    with Home(tmp_path) as home:
        with pytest.raises(NoPipeline):
            Home(tmp_path).running()
        home.announce("embedded", "http://127.0.0.1:1")
    with pytest.raises(NoPipeline):
        Home(tmp_path).running()


def test_what_a_killed_pipeline_left_behind_is_no_running_pipeline(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    (tmp_path / "running.json").write_text('{"pid": 1, "on": "embedded", "url": "http://127.0.0.1:1"}')
    with pytest.raises(NoPipeline, match="no pipeline runs in"):
        Home(tmp_path).running()


def test_a_home_that_was_never_there_has_no_pipeline(tmp_path: Path) -> None:
    with pytest.raises(NoPipeline):
        Home(tmp_path / "nowhere").running()


def test_forgetting_deletes_the_indexes_and_on_request_the_log(tmp_path: Path) -> None:
    with Home(tmp_path) as home:
        home.forget(log=False)
        files = [home.log, home.log.with_name("log.sqlite3-wal"), home.numbers, home.indexes / "a.sqlite3"]
        for file in files:
            file.touch()
        home.forget(log=False)
        assert [file.exists() for file in files] == [True, True, True, False]
        home.forget(log=True)
        assert not any(file.exists() for file in files)


@pytest.mark.parametrize("folder", ["a-file", "a-file/below"])
def test_a_folder_that_cannot_be_a_home_is_named(tmp_path: Path, folder: str) -> None:
    (tmp_path / "a-file").touch()
    with pytest.raises(UnusableFolder, match=f"{folder} cannot be a pipeline's home: "), Home(tmp_path / folder):
        pass


def test_a_folder_that_cannot_hold_a_dump_is_named(tmp_path: Path) -> None:
    (tmp_path / "a-file").touch()
    with pytest.raises(UnusableFolder, match="a-file cannot hold a dump: "):
        make_folder(tmp_path / "a-file")


def test_a_pipeline_that_ended_or_was_started_anew_is_no_longer_the_same(tmp_path: Path) -> None:
    with Home(tmp_path) as home:
        home.announce("embedded", "http://127.0.0.1:1")
        attached = Attached(tmp_path)
        attached.still_running()
        home.announce("embedded", "http://127.0.0.1:2")
        with pytest.raises(NoPipeline, match="was started anew meanwhile"):
            attached.still_running()
    with pytest.raises(NoPipeline, match="no pipeline runs in"):
        attached.still_running()
