"""The read models keep to their contract."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

import pytest

from consumers.read_model import APPLIED, ReadModel, Replacement, Searchable
from consumers.read_models.memory import MemoryReadModel
from consumers.read_models.sqlite import SqliteIndex
from consumers.writes import Fields, Remove
from schemas.errors import InvalidKey
from schemas.keys import KeySchema
from tests.contracts.documents import EVERY_TYPE_IN_JSON, put, remove, version
from tests.contracts.read_model import ReadModelContract, Store
from tests.contracts.rebuilding import RebuildingContract
from tests.contracts.replacing import ReplacingContract, SharedContract
from tests.contracts.searchable import INDEX, SearchableContract

REPOSITORY = Path(__file__).parents[2]


class TestMemoryReadModel(ReadModelContract, ReplacingContract, RebuildingContract, SharedContract):
    """One object is the store."""

    rebuilding_examples: ClassVar[int] = 40

    @pytest.fixture
    def somebody_else(self, store: Store) -> Callable[[str], None]:
        """See `SharedContract.somebody_else`."""
        read_model = store()
        assert isinstance(read_model, MemoryReadModel)
        return lambda key: read_model.put_as_somebody_else(key, {"UserId": int(key)})

    @pytest.fixture
    def make_store(self) -> Callable[[KeySchema], Store]:
        """See `ReadModelContract.make_store`."""

        def make(_: KeySchema) -> Store:
            read_model = MemoryReadModel("users")
            return lambda: read_model

        return make


class TestSqliteIndex(ReadModelContract, ReplacingContract, RebuildingContract, SearchableContract):
    """One file is the store."""

    rebuilding_examples: ClassVar[int] = 20

    as_given_back: ClassVar[Fields] = EVERY_TYPE_IN_JSON

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        """Where the file shall be."""
        return tmp_path / "users.sqlite"

    @pytest.fixture
    def make_store(self, path: Path) -> Iterator[Callable[[KeySchema], Store]]:
        """See `ReadModelContract.make_store`."""
        opened: list[SqliteIndex] = []

        def open_index() -> ReadModel:
            opened.append(SqliteIndex(path, INDEX, clock=lambda: 1_000.5))
            return opened[-1]

        yield lambda _: open_index
        for index in opened:
            index.close()

    def test_a_removal_leaves_a_marker_that_says_when_it_was_written(self, read_model: ReadModel, path: Path) -> None:
        read_model.apply([put("1", 1), remove("1", 2), remove("2", 1), put("3", 1)])
        with sqlite3.connect(path) as file:
            markers = file.execute(
                "SELECT key, removed_at FROM documents WHERE document IS NULL ORDER BY key"
            ).fetchall()
        file.close()
        assert markers == [("1", 1_000.5), ("2", 1_000.5)]

    def test_a_marker_goes_when_its_document_comes_back(self, read_model: ReadModel, path: Path) -> None:
        read_model.apply([remove("1", 1)])
        read_model.apply([put("1", 2)])
        with sqlite3.connect(path) as file:
            assert file.execute("SELECT count(*) FROM documents WHERE removed_at IS NOT NULL").fetchone() == (0,)
        file.close()

    def test_nothing_of_a_document_stays_that_the_log_does_not_know(self, read_model: ReadModel, path: Path) -> None:
        read_model.apply([put("1", 1, name="Ann"), put("2", 1, name="Bo")])
        asked = [Replacement(state, Remove(state.key), None) for state in read_model.states(["1"])]
        assert read_model.replace(asked) == [APPLIED]
        with sqlite3.connect(path) as file:
            assert file.execute("SELECT (SELECT count(*) FROM documents), count(*) FROM texts").fetchone() == (1, 1)
        file.close()

    def test_a_batch_that_fails_half_way_leaves_nothing_behind(self, path: Path) -> None:
        index = SqliteIndex(path, INDEX, clock=_broken_clock)
        with pytest.raises(OSError, match="no clock"):
            index.apply([put("1", 1), remove("2", 1)])
        assert list(index.scan()) == []
        index.close()

    def test_another_process_reads_what_is_committed_while_a_write_is_under_way(
        self, read_model: ReadModel, path: Path
    ) -> None:
        read_model.apply([put("1", 1, name="Ann")])
        writer = sqlite3.connect(path, isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE documents SET source_version = 'not yet'")
        read_it = (
            "import sys; from pathlib import Path; from tests.contracts.searchable import INDEX;"
            "from consumers.read_models.sqlite import SqliteIndex;"
            "index = SqliteIndex(Path(sys.argv[1]), INDEX, clock=lambda: 0.0);"
            "print([found.key for found in index.search('ann', 5)], len(list(index.scan())), index.get('1').document)"
        )
        result = subprocess.run(
            [sys.executable, "-c", read_it, path],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
            cwd=REPOSITORY,
        )
        writer.close()
        assert result.stdout == "['1'] 1 {'UserId': 1, 'name': 'Ann'}\n"

    def test_a_file_may_be_made_by_several_at_once(self, store: Store) -> None:
        with ThreadPoolExecutor(8) as threads:
            read_models = list(threads.map(lambda _: store(), range(8)))
        read_models[0].apply([put("1", 1)])
        assert all(read_model.get("1") is not None for read_model in read_models)

    def test_one_object_serves_several_threads(self, read_model: ReadModel) -> None:
        assert isinstance(read_model, Searchable)
        search = read_model.search

        def write_and_read(thread: int) -> None:
            for number in range(1, 31):
                read_model.apply([put(str(thread), number, name="Ann")])
                assert read_model.get(str(thread)) is not None
                assert search("ann", 10)

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(write_and_read, range(4)))
        assert {document.source_version for document in read_model.scan()} == {version(30)}

    def test_a_scan_is_of_one_moment(self, read_model: ReadModel) -> None:
        read_model.apply([put("1", 1), put("2", 1)])
        scan = read_model.scan()
        next(scan)
        read_model.apply([remove("1", 2), remove("2", 2)])
        assert next(scan).document
        assert list(read_model.scan()) == []

    def test_text_that_is_not_unicode_is_no_key(self, read_model: ReadModel) -> None:
        with pytest.raises(InvalidKey):
            read_model.get("\ud800")

    def test_only_what_finds_documents_by_text_is_searchable(self, read_model: ReadModel) -> None:
        assert isinstance(read_model, Searchable)
        assert not isinstance(MemoryReadModel("users"), Searchable)


def _broken_clock() -> float:
    raise OSError("no clock")
