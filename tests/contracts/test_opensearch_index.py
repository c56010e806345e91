"""The index of a read model in OpenSearch: made once, never by a write, and cleaned of old removals."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from opensearchpy import OpenSearch

from consumers.delivery.memory import MemoryDeadLetters, MemoryLog, MemorySubscription
from consumers.errors import GroupRefused, Outage
from consumers.generations import MadeBy
from consumers.groups import GROUPS
from consumers.read_model import APPLIED, STALE, Preparable, Purgeable, WriteStatus
from consumers.read_models.opensearch import OpenSearchIndex
from consumers.read_models.opensearch_mapping import index_body, made_by
from consumers.wiring import Source, build_consumer
from consumers.writes import VersionedWrite
from schemas.codec import EventDecoder
from tests.contracts.documents import one, put, remove
from tests.contracts.opensearch_places import NOW, Place
from tests.events import REGISTRY

MADE_BY = MadeBy("1-0", "0")
EVERY_WAY_TO_ASK: list[Callable[[OpenSearchIndex], object]] = [
    lambda read_model: read_model.get("1"),
    lambda read_model: list(read_model.scan()),
    lambda read_model: read_model.search("ann", 10),
    lambda read_model: read_model.purge(NOW),
]


def test_it_is_prepared_and_purged(place: Place) -> None:
    assert isinstance(place.open(), Preparable)
    assert isinstance(place.open(), Purgeable)


def test_the_index_has_the_declared_fields_alone_and_the_read_models_name_for_an_alias(place: Place) -> None:
    made = place.client.indices.get(index=place.place)[place.place]
    assert list(made["aliases"]) == [place.index.name]
    assert made["mappings"]["dynamic"] == "strict"
    assert made["mappings"]["properties"]["UserId"] == {"type": "double"}
    assert made["settings"]["index"]["number_of_replicas"] == "0"


def test_the_groups_consumer_prepares_it_and_is_refused_where_it_holds_documents_but_no_position(
    nowhere: Place,
) -> None:
    group = replace(GROUPS[-1], read_model=nowhere.index)

    def start() -> None:
        log = MemoryLog()
        source = Source(log, lambda: MemorySubscription(log, group.name, group.topic), MemoryDeadLetters())
        build_consumer(group, nowhere.open(), source, EventDecoder(REGISTRY), lambda: NOW)

    start()
    assert one(nowhere.open(), put("1", 1)) == APPLIED
    with pytest.raises(GroupRefused, match=r"user-search has no position.*holds documents"):
        start()


def test_preparing_again_changes_nothing(place: Place) -> None:
    place.open().apply([put("1", 1)])
    place.open().prepare()
    assert place.open().get("1") is not None


def test_several_may_prepare_at_once(nowhere: Place) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: nowhere.open().prepare(), range(4)))
    assert one(nowhere.open(), put("1", 1)) == APPLIED


def test_an_index_from_before_that_was_noted_is_taken_for_what_the_code_makes(nowhere: Place) -> None:
    body = index_body(nowhere.index, 0, MADE_BY)
    del body["mappings"]["_meta"]
    nowhere.client.indices.create(index=nowhere.place, body={**body, "aliases": {nowhere.index.name: {}}})
    (found,) = nowhere.generations.all()
    assert found.made_by is None
    nowhere.open(projection_version="1-new").prepare()
    (found,) = nowhere.generations.all()
    assert found.made_by == made_by(nowhere.index, "1-new")
    assert one(nowhere.open(), put("1", 1, name="Ann")) == APPLIED
    with pytest.raises(GroupRefused, match="made by projection version 1-new, and this code has 2-newer"):
        nowhere.open(projection_version="2-newer").prepare()


def test_a_read_model_is_refused_where_an_index_has_its_name(nowhere: Place) -> None:
    nowhere.client.indices.create(index=nowhere.index.name)
    with pytest.raises(GroupRefused, match=rf"{nowhere.index.name} cannot be made.*same name.*; delete"):
        nowhere.open().prepare()


@pytest.mark.parametrize("name", ["Users", "a b"])
def test_a_read_model_whose_name_no_index_can_have_is_refused(nowhere: Place, name: str) -> None:
    with pytest.raises(GroupRefused, match=f"{name} cannot be made.*name the read model otherwise"):
        replace(nowhere, index=replace(nowhere.index, name=name)).open().prepare()


@pytest.mark.parametrize("write", [put("1", 1), remove("1", 1)], ids=["put", "remove"])
@pytest.mark.parametrize("deleted", [True, False])
def test_a_write_to_a_missing_index_fails_and_makes_none(nowhere: Place, write: VersionedWrite, deleted: bool) -> None:
    read_model = nowhere.open()
    read_model.prepare()
    if deleted:
        assert one(read_model, put("2", 1)) == APPLIED
    nowhere.client.indices.delete(index=nowhere.place)
    outcome = one(read_model, write)
    assert outcome.status is WriteStatus.FAILED
    assert f"{nowhere.place} 1: the index is missing" in outcome.reason
    assert nowhere.indexes() == []


@pytest.mark.parametrize("ask", EVERY_WAY_TO_ASK)
def test_a_missing_index_is_an_outage_to_whoever_asks(nowhere: Place, ask: Callable[[OpenSearchIndex], object]) -> None:
    with pytest.raises(Outage, match="index_not_found_exception: no such index"):
        ask(nowhere.open())
    assert nowhere.indexes() == []


@pytest.mark.parametrize("block", ["read_only_allow_delete", "write", "read_only"])
def test_a_write_to_a_blocked_index_fails_and_is_applied_once_it_is_open_again(place: Place, block: str) -> None:
    def set_block(on: bool | None) -> None:
        place.client.indices.put_settings(index=place.place, body={f"index.blocks.{block}": on})

    set_block(True)
    outcomes = place.open().apply([put("1", 1), remove("2", 1)])
    set_block(None)
    assert [outcome.status for outcome in outcomes] == [WriteStatus.FAILED] * 2
    assert "cluster_block_exception" in outcomes[0].reason
    assert place.open().apply([put("1", 1), remove("2", 1)]) == [APPLIED, APPLIED]


def test_a_closed_index_is_an_outage(place: Place) -> None:
    place.client.indices.close(index=place.place)
    assert one(place.open(), put("1", 1)).status is WriteStatus.FAILED
    for ask in EVERY_WAY_TO_ASK:
        with pytest.raises(Outage):
            ask(place.open())


def test_removals_are_forgotten_past_their_age(place: Place) -> None:
    place.open(lambda: 100.0).apply([put("1", 1), put("2", 1), remove("3", 1)])
    place.open(lambda: 200.0).apply([remove("2", 2), remove("4", 1)])
    assert place.open().purge(older_than_epoch_seconds=100.0) == 0
    assert place.open().purge(older_than_epoch_seconds=100.001) == 1
    assert [place.source(key) is None for key in "1234"] == [False, False, True, False]
    assert place.open().apply([put("3", 1), put("2", 1)]) == [APPLIED, STALE]


def test_however_many_removals_there_are_all_are_forgotten(place: Place) -> None:
    place.open().apply([remove(str(number), 1) for number in range(600)])
    assert place.open().purge(NOW + 1) == 600
    assert place.open().purge(NOW + 1) == 0


class _Overtaken(OpenSearch):
    """A client before whose next bulk request somebody else does something."""

    before: Callable[[], object] | None = None

    def bulk(self, **arguments: Any) -> Any:
        if self.before is not None:
            before, self.before = self.before, None
            before()
        return super().bulk(**arguments)


@pytest.mark.parametrize("overtaken_by", [put("1", 2), remove("1", 2)], ids=["put", "remove"])
def test_a_removal_that_is_replaced_while_it_is_purged_stays(
    place: Place, opensearch_url: str, overtaken_by: VersionedWrite
) -> None:
    place.open(lambda: 100.0).apply([remove("1", 1), remove("2", 1)])
    client = _Overtaken([opensearch_url])
    client.before = lambda: place.open().apply([overtaken_by])
    assert OpenSearchIndex(place.index, client, lambda: NOW).purge(NOW) == 1
    client.close()
    assert place.source("2") is None
    assert one(place.open(), put("1", 1)) == STALE


def test_a_removal_that_somebody_else_purges_meanwhile_is_not_counted(place: Place, opensearch_url: str) -> None:
    place.open(lambda: 100.0).apply([remove("1", 1)])
    client = _Overtaken([opensearch_url])
    client.before = lambda: place.open().purge(NOW)
    assert OpenSearchIndex(place.index, client, lambda: NOW).purge(NOW) == 0
    client.close()
