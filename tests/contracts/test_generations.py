"""The stores of generations keep to their contract."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from consumers.generations import Generations
from consumers.read_models.opensearch_mapping import before_alias
from consumers.read_models.sqlite import SqliteIndex
from consumers.read_models.sqlite_generations import SqliteGenerations, generation_path
from tests.contracts.documents import put
from tests.contracts.generations import Build, GenerationsContract, Open
from tests.contracts.opensearch_places import Place
from tests.contracts.searchable import INDEX


class TestSqliteGenerations(GenerationsContract):
    """A folder is the store."""

    @pytest.fixture
    def open_build(self, tmp_path: Path) -> Iterator[Open]:
        """See `Open`."""
        with ExitStack() as opened:

            def open_one(number: int, version: str = "1-0", *, widened: bool = False) -> Build:
                index = replace(INDEX, words=(*INDEX.words, "more")) if widened else INDEX
                path = generation_path(tmp_path, index.name, number)
                build = SqliteIndex(path, index, lambda: 0.0, generation=number, projection_version=version)
                opened.callback(build.close)
                return build

            yield open_one

    @pytest.fixture
    def generations(self, tmp_path: Path) -> Generations:
        """The store."""
        return SqliteGenerations(tmp_path, INDEX.name)

    def test_another_read_model_in_the_folder_is_another_one(self, open_build: Open, tmp_path: Path) -> None:
        open_build(2, "1-0").prepare()
        others = SqliteGenerations(tmp_path, f"{INDEX.name}-too")
        assert others.all() == []

    def test_who_runs_a_generation_that_is_retired_does_not_stumble(
        self, two: tuple[Build, Build], generations: Generations
    ) -> None:
        generations.promote(2)
        generations.retire(1)
        two[0].apply([put("5", 1)])
        assert [document.key for document in two[0].scan()] == ["5"]
        assert [one.number for one in generations.all()] == [2]


class TestOpenSearchGenerations(GenerationsContract):
    """Indexes and their aliases are the store."""

    @pytest.fixture
    def open_build(self, nowhere: Place) -> Open:
        """See `Open`."""

        def open_one(number: int, version: str = "1-0", *, widened: bool = False) -> Build:
            index = replace(nowhere.index, words=(*nowhere.index.words, "more")) if widened else nowhere.index
            return replace(nowhere, index=index).open(generation=number, projection_version=version)

        return open_one

    @pytest.fixture
    def generations(self, nowhere: Place) -> Generations:
        """The store."""
        return nowhere.generations

    def test_the_aliases_hide_removals_wherever_they_point(
        self, two: tuple[Build, Build], generations: Generations, nowhere: Place
    ) -> None:
        generations.promote(2)
        generations.promote(1)
        for alias in (nowhere.index.name, before_alias(nowhere.index.name)):
            (aliased,) = nowhere.client.indices.get_alias(name=alias).values()
            assert "must_not" in str(aliased["aliases"][alias]["filter"])

    def test_an_alias_that_points_nowhere_is_given_to_the_lowest_at_the_next_start(
        self, two: tuple[Build, Build], generations: Generations, nowhere: Place
    ) -> None:
        nowhere.client.indices.delete_alias(index="*", name=nowhere.index.name)
        two[1].prepare()
        assert [one.promoted for one in generations.all()] == [True, False]

    def test_a_later_generation_alone_is_read(self, open_build: Open, generations: Generations) -> None:
        open_build(4, "1-0").prepare()
        assert [(one.number, one.promoted) for one in generations.all()] == [(4, True)]
