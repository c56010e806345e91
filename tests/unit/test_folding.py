"""A partition folded, compared with a read model, and put right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from consumers.delivery.memory import MemoryLog
from consumers.delivery.prepare import Preparation
from consumers.group import Group
from consumers.groups import GROUPS
from consumers.patterns import items
from consumers.projection import Projection, one_document, only
from consumers.read_model import WriteOutcome
from consumers.read_models.memory import MemoryReadModel
from consumers.writes import Put, Remove, VersionedWrite
from distributary.folding.findings import Findings
from distributary.folding.held_file import HeldFile
from distributary.folding.partition import Ground, Partition, Scope
from distributary.folding.partition_of_key import by_item_key
from distributary.folding.sending import Sending
from distributary.folding.writing import Writing, Written
from schemas.change_event import ChangeEvent
from schemas.codec import EventDecoder
from schemas.partitions import partition_of
from schemas.versions import version
from tests.events import REGISTRY, encoded, event
from tests.records import LABEL

TOPIC = "users.changes"
NAMES = Projection("names", 1, one_document(lambda user: only(user, "Username")))
EVERYONE = Group("names", TOPIC, NAMES, GROUPS[0].read_model)
AT_WORK = replace(EVERYONE, where=items({"none_of": [{"WorkplaceId": ["", None, {"exists": False}]}]}))
ALL = Scope()
NOW = 1_768_000_000.0
"""Nine days after the events."""


class World:
    """A log of one partition, a read model, and what verify and rebuild make of them."""

    def __init__(self, folder: Path) -> None:
        self.log = MemoryLog()
        self.log.create_topic(TOPIC, 1)
        self.read_model = MemoryReadModel("names")
        self.folder = folder
        self.written = Written()

    def publish(self, *events: ChangeEvent, value: bytes | None = None) -> None:
        for one in events:
            headers = (("version", one.version.encode()),)
            self.log.append(TOPIC, one.key_text.encode(), value or encoded(one), headers)

    def held(self, *writes: VersionedWrite) -> None:
        assert all(outcome.status.value == "applied" for outcome in self.read_model.apply(writes))

    def check(
        self,
        group: Group = EVERYONE,
        scope: Scope = ALL,
        *,
        letters: Sequence[str] = (),
        position: int | None = None,
        meanwhile: Callable[[], object] = lambda: None,
        write: bool = False,
    ) -> Findings:
        preparation = Preparation(group, EventDecoder(REGISTRY), folding=True)
        ground = Ground(self.log, preparation, self.read_model, lambda: NOW, 1, letters, self.folder, scope)
        held = None
        if scope.keys is None:
            held = HeldFile.read(self.folder / "held", self.read_model.scan(), by_item_key(1, 1))
        with closing(Partition(ground, 0, 0, self.log.ends(TOPIC)[0])) as partition:
            partition.fold()
            meanwhile()
            partition.compare(held)
            found = partition.judge(self.log.ends(TOPIC)[0] if position is None else position)
            if write:
                writing = Writing(self.read_model, Sending("memory", lambda: NOW))
                writing.write(partition)
                self.written = writing.written
        if held is not None:
            held.close()
        return found

    def rebuild(self, group: Group = EVERYONE, scope: Scope = ALL, **options: Any) -> Findings:
        return self.check(group, scope, write=True, **options)

    def documents(self) -> dict[str, Any]:
        return {document.key: document.document.get("Username") for document in self.read_model.scan()}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def at(number: int) -> str:
    return version(LABEL, str(number))


def put(number: int, name: str, key: str = "1") -> VersionedWrite:
    return VersionedWrite(Put(key, {"Username": name}), at(number))


def user(number: int, name: str, user_id: int = 1, operation: str = "MODIFY", **more: Any) -> ChangeEvent:
    before = None if operation == "INSERT" else {"Username": "before", **more}
    return event(operation, number, user_id=user_id, before=before, after={"Username": name, **more})


def gone(number: int, user_id: int = 1) -> ChangeEvent:
    return event("REMOVE", number, user_id=user_id, before={"Username": "before"})


def test_what_is_missing_different_or_orphaned_is_found_and_mended(world: World) -> None:
    world.publish(user(1, "ann"), user(2, "bea", 2), user(3, "cleo", 3), gone(4, 4), user(9, "eve", 5))
    world.held(put(2, "wrong", "2"), put(3, "cleo", "3"), put(1, "dead", "4"), put(7, "nobody", "6"))
    found = world.rebuild()
    assert found.counts == {"missing": 2, "different": 1, "orphaned": 2}
    assert world.documents() == {"1": "ann", "2": "bea", "3": "cleo", "5": "eve"}
    assert world.written == Written(put=3, removed=2, writes=5)
    assert world.rebuild().counts == {}
    assert world.written == Written()


def test_a_sample_names_the_fields_that_differ(world: World) -> None:
    world.publish(user(2, "ann"))
    world.held(put(1, "anne"))
    (sample,) = world.check().samples
    assert (sample.key, sample.kind) == ("1", "different")
    assert (sample.expected_version, sample.found_version) == (at(2), at(1))
    assert sample.fields == {"Username": ["ann", "anne"]}


def test_the_highest_version_counts_whatever_the_order_and_the_first_of_equals(world: World) -> None:
    world.publish(user(3, "third"), user(1, "first"), user(3, "third again"), user(2, "second"))
    world.rebuild()
    assert world.documents() == {"1": "third"}


def test_a_document_above_the_fold_is_put_right(world: World) -> None:
    """An older filter may have let through what the present one drops."""
    group = replace(EVERYONE, filter=lambda change: change.source.sequence_number != "2")
    world.publish(user(1, "ann", operation="INSERT"), user(2, "let through"))
    world.held(put(2, "let through"))
    assert world.rebuild(group).counts == {"different": 1}
    assert world.documents() == {"1": "ann"}
    assert world.read_model.version("1") == at(1)


def test_what_is_outside_where_is_removed_and_its_removal_remembered(world: World) -> None:
    world.publish(user(1, "ann", WorkplaceId="acme"), user(2, "ann"))
    world.held(put(1, "ann"))
    assert world.rebuild(AT_WORK).counts == {"orphaned": 1}
    assert world.documents() == {}
    assert world.read_model.version("1") == at(2)


def test_a_removal_that_was_forgotten_is_found_and_remembered_while_it_is_due(world: World) -> None:
    world.publish(gone(5))
    assert world.rebuild().counts == {"unremembered": 1}
    assert world.read_model.version("1") == at(5)
    assert world.check().counts == {}


def test_an_old_removal_is_left_forgotten_unless_its_key_is_named(world: World) -> None:
    old = event("REMOVE", 5, before={"Username": "x"})
    world.publish(replace_committed(old))
    assert world.rebuild().counts == {}
    scope = Scope(keys=frozenset({b"1"}), every_removal=True)
    assert world.rebuild(scope=scope).counts == {"unremembered": 1}
    assert world.read_model.version("1") == at(5)


def replace_committed(change: ChangeEvent) -> ChangeEvent:
    from datetime import UTC, datetime

    from msgspec.structs import replace as with_field

    return with_field(change, committed_at=datetime(2020, 1, 1, tzinfo=UTC))


def test_poison_is_left_out_and_the_one_before_it_counts(world: World) -> None:
    world.publish(user(1, "ann"))
    world.publish(user(2, "x"), value=b"\x00broken")
    world.rebuild()
    assert world.documents() == {"1": "ann"}


def test_a_document_that_the_store_refuses_is_left_out_and_the_one_before_it_counts(world: World) -> None:
    class Refusing(MemoryReadModel):
        def replace(self, replacements: Any) -> list[WriteOutcome]:
            from consumers.read_model import WriteStatus

            return [
                WriteOutcome(WriteStatus.REFUSED, "too large")
                if isinstance(one.write, Put) and one.write.document["Username"] == "big"
                else super(Refusing, self).replace([one])[0]
                for one in replacements
            ]

    world.read_model = Refusing("names")
    world.publish(user(1, "ann"), user(2, "big"))
    world.rebuild()
    assert world.documents() == {"1": "ann"}
    assert world.written.refused == 1
    assert world.written.reasons == ["1: too large"]


def test_a_version_header_that_lies_does_not_count(world: World) -> None:
    world.publish(user(2, "ann"))
    lying = user(1, "old")
    world.log.append(TOPIC, b"1", encoded(lying), (("version", at(9).encode()),))
    world.rebuild()
    assert world.documents() == {"1": "ann"}


def test_documents_of_others_are_left_alone_where_the_log_wants_none(world: World) -> None:
    world.publish(user(1, "ann"))
    world.read_model.put_as_somebody_else("1", {"Username": "foreign"})
    world.read_model.put_as_somebody_else("2", {"Username": "foreign"})
    assert world.rebuild().counts == {"others": 1, "different": 1}
    assert world.documents() == {"1": "ann", "2": "foreign"}


def test_keys_with_an_open_dead_letter_and_undelivered_ones_are_listed_apart(world: World) -> None:
    world.publish(user(1, "ann"), user(2, "bea", 2), user(3, "cleo", 3))
    found = world.check(letters=["1"], position=2)
    assert found.counts == {"dead_lettered": 1, "missing": 1, "undelivered": 1}
    assert found.differences == 1


def test_what_live_traffic_writes_meanwhile_is_no_difference(world: World) -> None:
    world.publish(user(1, "ann"), user(2, "bea", 2))
    world.held(put(2, "bea", "2"))

    def live() -> None:
        world.publish(user(5, "new"), gone(6, 2))
        world.held(put(5, "new"), VersionedWrite(Remove("2"), at(6)))

    assert world.rebuild(meanwhile=live).counts == {}
    assert world.documents() == {"1": "new"}


def test_only_the_keys_that_are_named_are_looked_at(world: World) -> None:
    world.publish(user(1, "ann"), user(2, "bea", 2))
    world.held(put(9, "orphan", "3"), put(9, "another", "4"))
    found = world.rebuild(scope=Scope(keys=frozenset({b"1", b"3"})))
    assert found.counts == {"missing": 1, "orphaned": 1}
    assert world.documents() == {"1": "ann", "4": "another"}


def test_an_item_that_stays_outside_where_needs_no_removal_above_its_last_put(world: World) -> None:
    world.publish(
        user(1, "ann", operation="INSERT"),
        user(2, "bea", 2, operation="INSERT", WorkplaceId="acme"),
        event("MODIFY", 3, user_id=2, before={"WorkplaceId": "acme"}, after={}),
        user(4, "bea", 2),
    )
    assert world.check(AT_WORK).counts == {"unremembered": 1}
    world.held(VersionedWrite(Remove("2"), at(3)))
    assert world.check(AT_WORK).counts == {}


def test_a_key_that_is_named_is_held_against_the_partition_of_its_events_alone(world: World) -> None:
    world.log = MemoryLog()
    world.log.create_topic(TOPIC, 2)
    # As Kafka chooses it, user 1 is in partition 1 of two, and partition 0 has never heard of it.
    assert partition_of(b"1", 2) == 1
    world.held(put(1, "ann"))
    assert world.rebuild(scope=Scope(keys=frozenset({b"1"}))).counts == {}
    assert world.documents() == {"1": "ann"}
