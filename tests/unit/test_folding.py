"""A partition folded, compared with a read model, and put right."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from consumers.delivery.memory import MemoryLog
from consumers.read_model import WriteOutcome
from consumers.read_models.memory import MemoryReadModel
from consumers.writes import Put, Remove, VersionedWrite
from distributary.folding.partition import Scope
from distributary.folding.writing import Written
from schemas.partitions import partition_of
from tests.events import encoded
from tests.unit.folding_world import AT_WORK, EVERYONE, TOPIC, World, at, gone, put, user


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


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
    assert isinstance(world.read_model, MemoryReadModel)
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


def test_a_key_that_is_named_is_held_against_the_partition_of_its_events_alone(world: World) -> None:
    world.log = MemoryLog()
    world.log.create_topic(TOPIC, 2)
    # As Kafka chooses it, user 1 is in partition 1 of two, and partition 0 has never heard of it.
    assert partition_of(b"1", 2) == 1
    world.held(put(1, "ann"))
    assert world.rebuild(scope=Scope(keys=frozenset({b"1"}))).counts == {}
    assert world.documents() == {"1": "ann"}
