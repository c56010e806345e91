"""A group that cannot run as it is declared is refused at start, by name, with the cure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from consumers.delivery.memory import MemoryDeadLetters, MemoryLog, MemorySubscription
from consumers.errors import GroupRefused
from consumers.groups import GROUPS
from consumers.projection import Projection
from consumers.projections import app_users, user_search, workplace_users
from consumers.read_model import Document, Index, ReadModel, Table
from consumers.read_models.memory import MemoryReadModel
from consumers.read_models.opensearch import opensearch_client
from consumers.wiring import Source, Stores, build_consumer, check_declared, open_read_model
from consumers.writes import Fields, Put, VersionedWrite
from distributary.local.dynamodb import LocalDynamoDB
from schemas.attribute_values import Item
from schemas.change_event import ViewType
from schemas.codec import EventDecoder
from schemas.event_schema import item_record_of, packaged
from schemas.keys import KeyAttribute
from schemas.topics import TOPICS
from tests.events import REGISTRY

USERS = TOPICS[0]
KEY = (KeyAttribute("UserId", "N"),)
APP_USERS = GROUPS[0]


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
@pytest.mark.parametrize("view_type", ViewType)
def test_a_group_is_refused_where_its_stream_does_not_carry_what_it_needs(group: object, view_type: ViewType) -> None:
    declared = next(one for one in GROUPS if one is group)
    topic = structs.replace(USERS, view_type=view_type)
    if "after" in view_type.images:
        check_declared(declared, topic, KEY)
        return
    with pytest.raises(GroupRefused) as refused:
        check_declared(declared, topic, KEY)
    assert str(refused.value) == (
        f"the group {declared.name} needs the after image, which the stream of Users does not carry (view type "
        f"{view_type}); enable the stream with NEW_IMAGE or NEW_AND_OLD_IMAGES and say so in schemas/topics.py"
    )


@pytest.mark.parametrize("view_type", ViewType)
def test_a_group_that_needs_keys_alone_runs_on_every_view_type(view_type: ViewType) -> None:
    keys = Projection("keys", version=1, project=lambda seen: [Put(seen.key_text, {})], needs=frozenset())
    check_declared(replace(APP_USERS, projection=keys), structs.replace(USERS, view_type=view_type), KEY)


def test_a_group_that_needs_both_images_names_the_view_type_that_carries_both() -> None:
    both = replace(APP_USERS.projection, needs=frozenset({"before", "after"}))
    with pytest.raises(GroupRefused, match=r"needs the before image.*with NEW_AND_OLD_IMAGES and"):
        check_declared(replace(APP_USERS, projection=both), structs.replace(USERS, view_type=ViewType.NEW_IMAGE), KEY)


def test_a_table_whose_key_does_not_contain_the_item_key_is_refused() -> None:
    by_email = replace(APP_USERS, read_model=Table("ByEmail", (KeyAttribute("Email", "S"),)))
    with pytest.raises(GroupRefused, match=r"app-users writes to ByEmail under Email \(S\).*UserId \(N\)"):
        check_declared(by_email, USERS, KEY)


def test_a_table_whose_key_goes_on_after_the_item_key_is_fine() -> None:
    longer = replace(APP_USERS, read_model=Table("Skills", (*KEY, KeyAttribute("Skill", "S"))))
    check_declared(longer, USERS, KEY)


def start(log: MemoryLog, read_model: ReadModel) -> None:
    source = Source(log, lambda: MemorySubscription(log, APP_USERS.name, APP_USERS.topic), MemoryDeadLetters())
    build_consumer(APP_USERS, read_model, source, EventDecoder(REGISTRY), lambda: 0.0)


def test_a_group_without_a_position_begins_at_the_beginning_if_its_read_model_is_empty() -> None:
    start(MemoryLog(), MemoryReadModel("AppUsers_V2"))


def test_a_group_without_a_position_is_refused_if_its_read_model_holds_documents() -> None:
    log, read_model = MemoryLog(), MemoryReadModel("AppUsers_V2")
    read_model.apply([VersionedWrite(Put("1", {}), "v")])
    with pytest.raises(GroupRefused, match=r"no position in users.changes.*`distributary rebuild app-users`"):
        start(log, read_model)
    log.commit(APP_USERS.name, APP_USERS.topic, {0: 1})
    start(log, read_model)


def test_a_group_whose_other_member_begins_to_write_at_the_same_moment_is_not_refused() -> None:
    log = MemoryLog()

    class Begun(MemoryReadModel):
        """Another member commits its first position and writes its first document, just before it is looked at."""

        def scan(self) -> Iterator[Document]:
            log.commit(APP_USERS.name, APP_USERS.topic, {0: 0})
            self.apply([VersionedWrite(Put("1", {}), "v")])
            return super().scan()

    start(log, Begun("AppUsers_V2"))


class Truncated(MemoryLog):
    """A topic that has lost its first two deliveries."""

    compact = False

    def beginnings(self, topic: str) -> dict[int, int]:
        return {0: 2}

    def compacted(self, topic: str) -> bool:
        return self.compact


def test_a_group_whose_topic_has_lost_what_it_has_not_read_is_refused() -> None:
    log = Truncated()
    with pytest.raises(GroupRefused, match=r"go on at offset 0 of users.changes/0, which begins at 2: .*retention.ms"):
        start(log, MemoryReadModel("AppUsers_V2"))


def test_a_group_that_has_read_what_its_topic_has_lost_runs_and_is_warned(caplog: pytest.LogCaptureFixture) -> None:
    log = Truncated()
    log.commit(APP_USERS.name, APP_USERS.topic, {0: 2})
    start(log, MemoryReadModel("AppUsers_V2"))
    assert "a rebuild of app-users from offset zero is no longer possible" in caplog.text


def test_a_group_on_a_compacted_topic_is_refused() -> None:
    log = Truncated()
    log.compact = True
    with pytest.raises(GroupRefused, match=r"users.changes of the group app-users is compacted.*cleanup.policy"):
        start(log, MemoryReadModel("AppUsers_V2"))


def test_an_index_is_kept_in_opensearch_where_there_is_one_and_else_in_a_file(tmp_path: Path) -> None:
    declared = next(group.read_model for group in GROUPS if isinstance(group.read_model, Index))
    # Nothing is asked of either server.
    with LocalDynamoDB() as dynamodb, closing(dynamodb.clients()) as clients:
        stores = Stores(clients.tables, tmp_path, lambda: 0.0)
        with closing(open_read_model(declared, stores)) as read_model:
            assert read_model.store == "SQLite"
        with closing(opensearch_client("http://127.0.0.1:9")) as opensearch:
            assert open_read_model(declared, replace(stores, opensearch=opensearch)).store == "OpenSearch"


def test_the_index_of_user_search_declares_every_field_of_its_documents_once() -> None:
    (group,) = (group for group in GROUPS if group.projection is user_search.PROJECTION)
    index = group.read_model
    assert isinstance(index, Index)
    declared = (*index.names, *index.words, *index.keywords, *index.numbers, *index.kept)
    assert sorted(declared) == sorted(user_search.FIELDS.values())


@pytest.mark.parametrize(
    ("projection", "project"),
    [(app_users.PROJECTION, app_users.app_user), (workplace_users.PROJECTION, workplace_users.workplace_user)],
    ids=["app-users", "workplace-users"],
)
def test_a_table_declares_every_field_of_its_documents(
    projection: Projection, project: Callable[[Item], Fields]
) -> None:
    (group,) = (group for group in GROUPS if group.projection is projection)
    assert isinstance(group.read_model, Table)
    everything = {field.attribute: {"S": "x"} for field in item_record_of(packaged("users")).fields}
    assert sorted(project(Item(everything))) == sorted(group.read_model.fields or ())
