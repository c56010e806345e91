"""Lines of groups.py that do not go together are refused, and what stands in a store without a line is named."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from consumers.delivery.memory import MemoryDeadLetters, MemoryLog, MemorySubscription
from consumers.errors import GroupRefused
from consumers.generation_lines import check_generations, warn_of_others
from consumers.generations import generation_name, read_generation_name
from consumers.group import Group
from consumers.groups import GROUPS
from consumers.read_model import Table
from consumers.read_models.sqlite import SqliteIndex
from consumers.read_models.sqlite_generations import SqliteGenerations, generation_path
from consumers.wiring import Source, build_consumer
from schemas.codec import EventDecoder
from schemas.topics import dead_letters_of
from tests.compose_rules import wrong_groups
from tests.contracts.searchable import INDEX
from tests.events import REGISTRY

SEARCH = replace(next(group for group in GROUPS if group.family == "user-search"), read_model=INDEX)
SECOND = replace(SEARCH, generation=2)
TABLE = next(group for group in GROUPS if isinstance(group.read_model, Table))


@pytest.mark.parametrize(("name", "number", "called"), [("a", 1, "a"), ("a", 2, "a.g2"), ("a.g2", 10, "a.g2.g10")])
def test_the_first_generation_has_the_declared_name_and_the_others_a_number(
    name: str, number: int, called: str
) -> None:
    assert generation_name(name, number) == called
    assert read_generation_name(f"{name}.g{number}") == (name, number)


@pytest.mark.parametrize("name", ["user-search", "user-search.g", "user-search.g0", "user-search.g02", ".g2", "a.g٢"])
def test_a_name_without_a_number_names_no_generation(name: str) -> None:
    assert read_generation_name(name) == (name, None)


def test_a_generation_has_its_own_name_and_so_its_own_positions_and_dead_letters() -> None:
    assert (SEARCH.name, SECOND.name) == ("user-search", "user-search.g2")
    assert dead_letters_of(SECOND.name) == "user-search.g2.dead-letters"
    assert SECOND.read_model.name == SEARCH.read_model.name


@pytest.mark.parametrize(
    "groups",
    [[], [SEARCH], [SEARCH, SECOND], [SECOND], [SECOND, replace(SEARCH, generation=7)], [TABLE, SEARCH], GROUPS],
)
def test_generations_of_one_index_go_together_also_without_the_ones_before(groups: list[Group]) -> None:
    check_generations(groups)


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        ([SEARCH, SEARCH], "two lines of consumers/groups.py are the group user-search;"),
        ([SEARCH, SECOND, SECOND], "two lines of consumers/groups.py are the group user-search.g2;"),
        ([SECOND, replace(SEARCH, family="user-search.g2")], "two lines of .* are the group user-search.g2;"),
        ([replace(SEARCH, generation=0)], "user-search is of generation 0; generations are counted from 1"),
        ([replace(TABLE, generation=2)], "app-users.g2 writes to the table AppUsers_V2, which cannot switch"),
        (
            [SEARCH, replace(SECOND, read_model=replace(INDEX, name="other"))],
            "user-search and user-search.g2 write to users and other; .* give them its name",
        ),
        ([SEARCH, replace(SECOND, family="mine")], "user-search and mine.g2 both write to users; give each"),
    ],
)
def test_lines_that_do_not_go_together_are_one_sentence(groups: list[Group], said: str) -> None:
    with pytest.raises(GroupRefused, match=said):
        check_generations(groups)


def test_a_service_of_the_compose_file_has_a_generations_whole_name() -> None:
    services = {name: {"command": ["consume", name]} for name in ("user-search", "user-search.g2")}
    assert list(wrong_groups(services, [SEARCH.name, SECOND.name])) == []
    assert list(wrong_groups(services, [SEARCH.name])) == [
        "user-search.g2 consumes as user-search.g2, and there is no such group"
    ]


def opened(folder: Path, group: Group) -> SqliteIndex:
    path = generation_path(folder, INDEX.name, group.generation)
    return SqliteIndex(
        path, INDEX, lambda: 0.0, generation=group.generation, projection_version=group.projection_version
    )


def start(log: MemoryLog, folder: Path, group: Group) -> None:
    source = Source(log, lambda: MemorySubscription(log, group.name, group.topic), MemoryDeadLetters())
    with closing(opened(folder, group)) as read_model:
        build_consumer(group, read_model, source, EventDecoder(REGISTRY), lambda: 0.0)


def test_a_generation_in_the_store_that_has_no_line_is_named_as_not_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    start(MemoryLog(), tmp_path, SEARCH)
    start(MemoryLog(), tmp_path, SECOND)
    generations = SqliteGenerations(tmp_path, INDEX.name)
    warn_of_others(SEARCH, [TABLE, SEARCH, SECOND], generations)
    assert caplog.messages == []
    warn_of_others(SEARCH, [TABLE, SEARCH], generations)
    assert caplog.messages == [
        "generation 2 of users is in SQLite, and this code has no line for it: it is not run here"
    ]


def test_a_group_that_has_read_before_is_refused_where_its_generation_is_gone_and_makes_none(tmp_path: Path) -> None:
    log = MemoryLog()
    for group in (SEARCH, SECOND):
        start(log, tmp_path, group)
        log.commit(group.name, group.topic, {0: 5})
        start(log, tmp_path, group)
    generations = SqliteGenerations(tmp_path, INDEX.name)
    generations.promote(2)
    generations.retire(1)
    for _ in range(2):
        with pytest.raises(GroupRefused, match=r"user-search has read .*generation 1 .*is not there; .*retired"):
            start(log, tmp_path, SEARCH)
    assert [one.number for one in generations.all()] == [2]
    start(log, tmp_path, SECOND)


def test_a_changed_projection_or_where_is_another_projection_version() -> None:
    versions = {
        one.projection_version
        for one in (
            TABLE,
            replace(TABLE, filter=None),
            replace(TABLE, where=GROUPS[1].where),
            replace(TABLE, projection=replace(TABLE.projection, version=2)),
        )
    }
    assert len(versions) == 4
    assert replace(TABLE).projection_version == TABLE.projection_version
