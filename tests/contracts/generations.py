"""What every store of generations keeps to: `consumers.generations.Generations`, as tests."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Protocol

import pytest

from consumers.errors import GenerationRefused, GroupRefused
from consumers.generations import Generations, MadeBy
from consumers.read_model import Preparable, ReadModel, Searchable
from tests.contracts.documents import put


class Build(Preparable, Searchable, ReadModel, Protocol):
    """One generation, opened."""


Open = Callable[..., Build]
"""Opens a generation: `open_build(2, "1-0", widened=True)`; `widened`: one that declares a field more."""


class GenerationsContract:
    """The tests; a subclass has `open_build` and `generations`, of one read model that is not there yet."""

    @pytest.fixture
    def two(self, open_build: Open) -> tuple[Build, Build]:
        """The first two generations, each with Ann, and in the second she has another name too."""
        first, second = open_build(1, "1-0"), open_build(2, "2-0")
        first.prepare()
        second.prepare()
        first.apply([put("1", 1, name="Ann")])
        second.apply([put("1", 1, name="Ann Second")])
        return first, second

    @pytest.fixture
    def read(self, generations: Generations, open_build: Open) -> Callable[[str], list[str]]:
        """The names of what people find."""

        def search(text: str) -> list[str]:
            with generations.reading() as number:
                found = open_build(number).search(text, 10)
            return [str(document.document["name"]) for document in found]

        return search

    def test_the_first_one_made_is_read_and_the_next_one_is_not(
        self, two: tuple[Build, Build], generations: Generations, read: Callable[[str], list[str]]
    ) -> None:
        assert [(one.number, one.promoted, one.before) for one in generations.all()] == [
            (1, True, False),
            (2, False, False),
        ]
        assert read("ann") == ["Ann"]
        assert [one.name for one in two] == ["users", "users.g2"] or two[1].name == f"{two[0].name}.g2"

    def test_where_none_is_made_there_is_none_and_the_first_would_be_read(self, generations: Generations) -> None:
        assert generations.all() == []
        with generations.reading() as number:
            assert number == 1

    def test_each_says_how_many_documents_it_has_and_what_it_was_made_by(
        self, two: tuple[Build, Build], generations: Generations
    ) -> None:
        two[1].apply([put("2", 1), put("3", 1)])
        assert [(one.documents, one.made_by) for one in generations.all()] == [(1, two[0].made_by), (3, two[1].made_by)]
        assert two[1].made_by == MadeBy("2-0", two[0].made_by.mapping)

    def test_each_has_documents_of_its_own(self, two: tuple[Build, Build]) -> None:
        found = [build.get("1") for build in two]
        assert [one and one.document["name"] for one in found] == ["Ann", "Ann Second"]

    def test_promoting_switches_what_people_read_and_back(
        self, two: tuple[Build, Build], generations: Generations, read: Callable[[str], list[str]]
    ) -> None:
        generations.promote(2)
        assert read("ann") == ["Ann Second"]
        assert [(one.promoted, one.before) for one in generations.all()] == [(False, True), (True, False)]
        generations.promote(1)
        assert read("ann") == ["Ann"]
        assert [(one.promoted, one.before) for one in generations.all()] == [(True, False), (False, True)]

    def test_promoting_the_promoted_one_changes_nothing(
        self, two: tuple[Build, Build], generations: Generations
    ) -> None:
        generations.promote(2)
        before = generations.all()
        generations.promote(2)
        assert generations.all() == before

    def test_what_was_read_before_is_the_one_before_of_several(
        self, two: tuple[Build, Build], generations: Generations, open_build: Open
    ) -> None:
        open_build(3, "3-0").prepare()
        generations.promote(2)
        generations.promote(3)
        assert [one.number for one in generations.all() if one.before] == [2]

    def test_a_generation_that_is_not_there_is_refused(
        self, two: tuple[Build, Build], generations: Generations
    ) -> None:
        before = generations.all()
        for act in (generations.promote, generations.retire):
            with pytest.raises(GenerationRefused, match=r"there is no generation 3 of .*; there are 1, 2"):
                act(3)
        assert generations.all() == before

    def test_the_promoted_one_is_not_retired(self, two: tuple[Build, Build], generations: Generations) -> None:
        before = generations.all()
        with pytest.raises(GenerationRefused, match=r"generation 1 of .* is what people read; promote another"):
            generations.retire(1)
        assert generations.all() == before

    def test_a_retired_one_is_gone_and_so_is_the_way_back(
        self, two: tuple[Build, Build], generations: Generations, read: Callable[[str], list[str]], open_build: Open
    ) -> None:
        generations.promote(2)
        generations.retire(1)
        assert [(one.number, one.promoted, one.before) for one in generations.all()] == [(2, True, False)]
        assert not open_build(1).made()
        for act in (generations.promote, generations.retire):
            with pytest.raises(GenerationRefused, match="there are 2"):
                act(1)
        assert read("ann") == ["Ann Second"]

    def test_a_retired_one_that_is_made_anew_is_empty_and_not_read(
        self, two: tuple[Build, Build], generations: Generations, open_build: Open
    ) -> None:
        generations.promote(2)
        generations.retire(1)
        again = open_build(1, "9-0")
        again.prepare()
        assert again.made()
        assert list(again.scan()) == []
        assert [(one.number, one.promoted) for one in generations.all()] == [(1, False), (2, True)]

    @pytest.mark.parametrize(
        ("version", "widened", "said"),
        [
            ("2-0", False, r"made by projection version 1-0, and this code has 2-0; .*generation=2"),
            ("1-0", True, r"made by mapping \w+, and this code has \w+; .*generation=2"),
        ],
    )
    def test_one_that_was_made_by_something_else_is_refused_at_start(
        self, generations: Generations, open_build: Open, version: str, widened: bool, said: str
    ) -> None:
        open_build(1, "1-0").prepare()
        before = generations.all()
        with pytest.raises(GroupRefused, match=rf"generation 1 of .* was {said}"):
            open_build(1, version, widened=widened).prepare()
        assert generations.all() == before
        open_build(1, "1-0").prepare()

    def test_several_that_are_first_at_once_leave_one_to_be_read(
        self, generations: Generations, open_build: Open
    ) -> None:
        builds = [open_build(number, f"{number}-0") for number in (1, 2, 3, 4)]
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda build: build.prepare(), builds))
        assert [one.number for one in generations.all()] == [1, 2, 3, 4]
        assert sum(one.promoted for one in generations.all()) == 1

    def test_of_several_who_promote_at_once_one_is_the_last(
        self, two: tuple[Build, Build], generations: Generations, open_build: Open
    ) -> None:
        open_build(3, "3-0").prepare()
        with ThreadPoolExecutor(3) as threads:
            list(threads.map(generations.promote, (1, 2, 3)))
        there = generations.all()
        assert sum(one.promoted for one in there) == 1
        assert sum(one.before for one in there) <= 1

    def test_who_reads_while_it_is_switched_sees_one_whole_generation(
        self, two: tuple[Build, Build], generations: Generations, read: Callable[[str], list[str]]
    ) -> None:
        for number in range(2, 12):
            two[0].apply([put(str(number), 1, name="Ann")])
            two[1].apply([put(str(number), 1, name="Ann Second")])
        done = Event()

        def reading() -> list[list[str]]:
            seen = []
            while not done.is_set():
                seen.append(read("ann"))
            return seen

        with ThreadPoolExecutor(2) as threads:
            readers = [threads.submit(reading) for _ in range(2)]
            try:
                for _ in range(10):
                    generations.promote(2)
                    generations.promote(1)
            finally:
                done.set()
        for reader in readers:
            assert reader.result()
            assert all(found in (["Ann"] * 10, ["Ann Second"] * 10) for found in reader.result())
