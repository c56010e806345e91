"""Whatever is in the log, in whatever order, and however little of it fits into memory: a fold is the plain one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumers.errors import RefusedDocument
from consumers.group import Group
from consumers.patterns import events
from consumers.projection import Projection
from consumers.read_models.memory import MemoryReadModel
from consumers.writes import Fields, Put, Remove, VersionedWrite, Write
from distributary.folding import fold, fold_file
from schemas.change_event import ChangeEvent, Operation
from schemas.versions import SNAPSHOT_VERSION, repair_version
from tests.events import encoded, event
from tests.unit.folding_world import AT_WORK, EVERYONE, TOPIC, World, at

BROKEN = b"\x00broken"


def _two_documents(change: ChangeEvent) -> Iterator[Write]:
    for part in ("a", "b"):
        key = f"{change.key_text}|{part}"
        if change.after is None:
            yield Remove(key)
        else:
            yield Put(key, {"Username": change.after["Username"], "part": part})


CHANGED = events({"dynamodb": {"NewImage": [{"changed": {"except": ["LastLoginAt"]}}]}})
GROUPS = {
    "unseen": EVERYONE,
    "where": AT_WORK,
    "filter": replace(EVERYONE, filter=CHANGED),
    "filter and where": replace(AT_WORK, filter=CHANGED),
    "several documents": replace(EVERYONE, projection=Projection("two", 1, _two_documents)),
}


class Arrived(NamedTuple):
    """A delivery: its event, or broken bytes under that event's key and version."""

    event: ChangeEvent
    broken: bool


class Choosy(MemoryReadModel):
    """Refuses some documents."""

    def given_back(self, put: Put) -> Fields:
        if put.document.get("Username") == "refused":
            raise RefusedDocument("it is refused")
        return super().given_back(put)


ITEMS = st.fixed_dictionaries(
    {"Username": st.sampled_from(["ann", "bea", "refused"])},
    optional={"WorkplaceId": st.sampled_from(["", "acme"]), "LastLoginAt": st.integers(1, 2)},
)


@st.composite
def arrivals(draw: st.DrawFn) -> Arrived:
    user, sequence = draw(st.integers(1, 2)), draw(st.sampled_from([0, 1, 2, 3, 3, 3]))
    before, after = draw(st.none() | ITEMS), draw(st.none() | ITEMS)
    operation = "REMOVE" if after is None else "INSERT" if before is None else "MODIFY"
    version = None
    if sequence == 0 and after is not None:
        operation, before, version = "SNAPSHOT", None, SNAPSHOT_VERSION
    elif draw(st.integers(0, 7)) == 0:
        operation, before = "SNAPSHOT" if after is not None else "REMOVE", None
        version = repair_version(at(sequence) if sequence else None)
    one = event(operation, max(1, sequence), user_id=user, before=before, after=after, version_text=version)
    return Arrived(one, draw(st.integers(0, 9)) == 0)


def plainly(group: Group, arrived: list[Arrived]) -> dict[str, VersionedWrite]:
    """What the log comes to, by a dictionary and nothing else."""
    kept: dict[str, VersionedWrite] = {}
    for change, broken in arrived:
        seen = None if broken else group.look(change, folding=True)
        for write in () if seen is None else group.projection.project(seen):
            if isinstance(write, Put) and write.document["Username"] == "refused":
                continue
            if write.key not in kept or change.version > kept[write.key].version:
                kept[write.key] = VersionedWrite(write, change.version)
    return kept


def world_of(folder: str, arrived: list[Arrived], before: dict[str, tuple[int, str | None]]) -> World:
    world = World(Path(folder))
    world.read_model = Choosy("names")
    for change, broken in arrived:
        headers = (("version", change.version.encode()),)
        world.log.append(TOPIC, change.key_text.encode(), BROKEN if broken else encoded(change), headers)
    for key, (number, name) in before.items():
        if number == 0:
            world.read_model.put_as_somebody_else(key, {"Username": "other"})
        else:
            write = Remove(key) if name is None else Put(key, {"Username": name})
            world.held(VersionedWrite(write, at(number)))
    return world


@pytest.mark.parametrize("kind", GROUPS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    arrived=st.lists(arrivals(), min_size=2, max_size=14),
    before=st.dictionaries(
        st.sampled_from(["1", "2", "3", "4", "1|a", "4|b"]),
        st.tuples(st.integers(0, 8), st.none() | st.sampled_from(["ann", "bea"])),
    ),
    bytes_in_memory=st.sampled_from([0, 900, fold.YOUNG_BYTES]),
)
def test_a_rebuild_ends_as_a_plain_dictionary_says(
    kind: str,
    arrived: list[Arrived],
    before: dict[str, Any],
    bytes_in_memory: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    group = GROUPS[kind]
    monkeypatch.setattr(fold, "YOUNG_BYTES", bytes_in_memory)
    monkeypatch.setattr(fold_file, "PAGE_KEYS", 4)
    wanted = plainly(group, arrived)
    with tempfile.TemporaryDirectory() as folder:
        world = world_of(folder, arrived, before)
        others = {key for key, (number, _) in before.items() if number == 0}
        world.rebuild(group)
        puts = {key: one for key, one in wanted.items() if isinstance(one.write, Put)}
        found = {document.key: document for document in world.read_model.scan()}
        assert found.keys() == puts.keys() | others
        for key, one in puts.items():
            assert isinstance(one.write, Put)
            assert (found[key].source_version, found[key].document) == (one.version, one.write.document)
        assert all(found[key].source_version is None for key in others - puts.keys())
        # Nothing is left that it would write once more, nor that verify would find.
        again = world.rebuild(group)
        assert (again.differences, world.written.writes) == (0, 0)


@settings(max_examples=40, deadline=None)
@given(arrived=st.lists(arrivals(), min_size=2, max_size=14))
def test_a_removal_that_is_due_is_remembered_above_every_document_of_its_key(arrived: list[Arrived]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = world_of(folder, arrived, {})
        world.rebuild(AT_WORK)
        for key, one in plainly(AT_WORK, arrived).items():
            put_at = [
                change.version
                for change, broken in arrived
                if not broken and change.key_text == key and change.operation is not Operation.REMOVE
                if AT_WORK.holds(change) and change.after is not None and change.after["Username"] != "refused"
            ]
            if isinstance(one.write, Remove) and put_at:
                assert (world.read_model.version(key) or "") >= max(put_at)
