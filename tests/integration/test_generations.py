"""Two generations side by side during traffic: whoever reads sees one whole generation, whenever it is switched."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from consumers.delivery.loop import Consumer
from consumers.delivery.memory import MemoryDeadLetters
from consumers.delivery.prepare import Preparation
from consumers.generations import Generations
from consumers.group import Group
from consumers.projection import Projection, one_document
from consumers.read_model import Index
from consumers.read_models.opensearch import opensearch_client
from consumers.read_models.opensearch_queries import search_query
from consumers.read_models.sqlite import SqliteIndex
from consumers.read_models.sqlite_generations import SqliteGenerations, generation_path
from consumers.subscription import Log, Subscription
from consumers.writes import Fields
from distributary.local.log.log import EmbeddedLog, Entry
from distributary.local.log.subscription import EmbeddedSubscription
from schemas.attribute_values import Item
from schemas.change_event import ChangeEvent
from schemas.codec import EventDecoder
from tests.contracts.generations import Build
from tests.contracts.opensearch_places import Place
from tests.contracts.test_kafka_subscription import RealKafka
from tests.events import REGISTRY, encoded
from tests.integration.side_by_side import PEOPLE, at_work, changes, documents, reading, until

TURNS = 30
INDEX = Index("users", names=("name",), words=(), keywords=("build", "username"))


def built_by(build: str) -> Projection:
    def document(user: Item) -> Fields:
        return {"name": user.text("FirstName"), "username": user.text("Username"), "build": build}

    return Projection("users", version=int(build), project=one_document(document))


@dataclass(frozen=True, slots=True)
class Where:
    """Where log and read models are kept. `search` finds `ann` as people do."""

    topic: str
    log: Log
    append: Callable[[ChangeEvent], None]
    subscribe: Callable[[Group], Subscription]
    open: Callable[[Group], Build]
    generations: Generations
    search: Callable[[], list[Fields]]


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Where]:
    """A log in a file, and indexes in files."""
    with ExitStack() as opened:
        log = opened.enter_context(closing(EmbeddedLog(tmp_path / "log.sqlite3", lambda: 0.0)))
        log.create_topic("users.changes", 3)
        generations = SqliteGenerations(tmp_path, INDEX.name)

        def open_build(group: Group) -> Build:
            path = generation_path(tmp_path, INDEX.name, group.generation)
            build = SqliteIndex(path, INDEX, lambda: 0.0, generation=group.generation)
            opened.callback(build.close)
            return build

        def search() -> list[Fields]:
            with generations.reading() as number:
                path = generation_path(tmp_path, INDEX.name, number)
                with closing(SqliteIndex(path, INDEX, lambda: 0.0)) as index:
                    return [found.document for found in index.search("ann", 100)]

        yield Where(
            "users.changes",
            log,
            lambda change: log.append([Entry("users.changes", change.key_text.encode(), encoded(change))]),
            lambda group: EmbeddedSubscription(log, group.name, group.topic),
            open_build,
            generations,
            search,
        )


@pytest.fixture
def servers(kafka_bootstrap: str, opensearch_url: str) -> Iterator[Where]:
    """A real Kafka, and a real OpenSearch, read by its alias as an application does, without a refresh."""
    kafka = RealKafka(kafka_bootstrap)
    with kafka.open, closing(opensearch_client(opensearch_url)) as client:
        place = Place(client, replace(INDEX, name=f"users-{uuid.uuid4().hex}"))

        def search() -> list[Fields]:
            answer: dict[str, Any] = client.search(index=place.index.name, body=search_query(["ann"], 100))
            return [hit["_source"] for hit in answer["hits"]["hits"]]

        yield Where(
            kafka.topic,
            kafka.log,
            lambda change: kafka.append(change.key_text.encode(), encoded(change)),
            lambda group: kafka.subscribe(group.name),
            lambda group: place.open(generation=group.generation),
            place.generations,
            search,
        )
        place.forget()


@pytest.fixture(params=["embedded", pytest.param("servers", marks=pytest.mark.servers)])
def where(request: pytest.FixtureRequest) -> Where:
    """Both."""
    found: Where = request.getfixturevalue(request.param)
    return found


def test_each_read_sees_one_whole_generation_while_both_follow_the_traffic_and_the_alias_goes_to_and_fro(
    where: Where,
) -> None:
    first = Group(f"users-{uuid.uuid4().hex[:8]}", where.topic, built_by("1"), INDEX)
    second = replace(first, projection=built_by("2"), generation=2)
    builds = {group.generation: where.open(group) for group in (first, second)}
    consumers = [_consumer(where, group, builds[group.generation]) for group in (first, second)]
    traffic = changes(TURNS)
    for _ in range(PEOPLE):
        where.append(next(traffic))

    with at_work(*consumers):
        until(lambda: _caught_up(where, first, second))
        where.generations.promote(2)
        where.generations.promote(1)  # so that both have been refreshed since they were complete
        with reading(where.search) as seen:
            for number, change in enumerate(traffic):
                where.append(change)
                if number % PEOPLE == 0:
                    where.generations.promote(2 - (number // PEOPLE) % 2)
            until(lambda: _caught_up(where, first, second))
            where.generations.promote(2)
            so_many = len(seen)
            until(lambda: len(seen) > so_many + 1)
        assert {read.document["build"] for read in builds[1].scan()} == {"1"}
    for found in seen:
        assert len(found) == PEOPLE
        assert len({document["build"] for document in found}) == 1
    assert {found[0]["build"] for found in seen} == {"1", "2"}
    assert {document["build"] for document in seen[-1]} == {"2"}
    assert documents(builds[1]) == documents(builds[2])
    assert {document["username"] for document in documents(builds[2]).values()} == {f"u{TURNS}"}
    assert [(one.number, one.documents) for one in where.generations.all()] == [(1, PEOPLE), (2, PEOPLE)]


def _consumer(where: Where, group: Group, build: Build) -> Consumer:
    build.prepare()
    preparation = Preparation(group, EventDecoder(REGISTRY))
    return Consumer(preparation, where.subscribe(group), build, MemoryDeadLetters(), lambda: 0.0)


def _caught_up(where: Where, *groups: Group) -> bool:
    ends = where.log.ends(where.topic)
    positions = [where.log.positions(group.name, where.topic) for group in groups]
    return all(each.get(partition, 0) >= end for each in positions for partition, end in ends.items())
