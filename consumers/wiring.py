"""The one place that builds a group's adapters, and refuses a group that cannot run as it is declared."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from consumers.delivery.dead_letters import DeadLetters
from consumers.delivery.loop import PACE, Consumer, Pace, Turn
from consumers.delivery.prepare import Preparation
from consumers.errors import GroupRefused
from consumers.generations import FIRST, Generations
from consumers.group import Group
from consumers.read_model import Index, Preparable, ReadModel, Table
from consumers.read_models.dynamodb import DynamoDBTable
from consumers.read_models.sqlite import SqliteIndex
from consumers.read_models.sqlite_generations import SqliteGenerations, generation_path
from consumers.subscription import Log, Subscription
from schemas.change_event import ViewType
from schemas.codec import EventDecoder
from schemas.errors import SettingsError
from schemas.keys import KeySchema
from schemas.topics import Topic

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from opensearchpy import OpenSearch


logger = logging.getLogger("distributary.consumers")


@dataclass(frozen=True, slots=True)
class Stores:
    """Where read models are kept: tables behind `dynamodb`, indexes behind `opensearch` or as files in `indexes`.

    `clock` gives epoch seconds. `replicas` is how many copies a new index of OpenSearch has: 0 on one machine.
    `statements`: whether that DynamoDB takes conditional updates as PartiQL.
    """

    dynamodb: DynamoDBClient
    indexes: Path | None
    clock: Callable[[], float]
    opensearch: OpenSearch | None = None
    replicas: int = 1
    statements: bool = True


@dataclass(frozen=True, slots=True)
class Source:
    """Where a group's deliveries come from and its dead letters go to; `log` is the same topic, for everybody.

    `subscription` joins the group, once the group is known to be able to run.
    """

    log: Log
    subscription: Callable[[], Subscription]
    dead_letters: DeadLetters


def open_read_model(
    declared: Table | Index, stores: Stores, generation: int = FIRST, projection_version: str = ""
) -> ReadModel:
    """The adapter of a generation of a declared read model; a table has but one.

    Raises SettingsError where nobody said where indexes are kept.
    """
    match declared:
        case Table():
            return DynamoDBTable(declared, stores.dynamodb, stores.clock, statements=stores.statements)
        case Index() if stores.opensearch is not None:
            # Here, because its client library takes a while that the embedded pipeline need not wait.
            from consumers.read_models.opensearch import OpenSearchIndex

            return OpenSearchIndex(
                declared,
                stores.opensearch,
                stores.clock,
                replicas=stores.replicas,
                generation=generation,
                projection_version=projection_version,
            )
        case Index() if stores.indexes is not None:
            path = generation_path(stores.indexes, declared.name, generation)
            return SqliteIndex(
                path, declared, stores.clock, generation=generation, projection_version=projection_version
            )
        case Index():
            raise _nowhere(declared)


def open_generations(declared: Table | Index, stores: Stores) -> Generations:
    """The generations of a declared read model.

    Raises GroupRefused where it is a table, SettingsError where nobody said where indexes are kept.
    """
    match declared:
        case Table():
            raise GroupRefused(
                f"the read model {declared.name} is a table, which has one generation alone: what people read cannot "
                "be switched there; rebuild it in place"
            )
        case Index() if stores.opensearch is not None:
            from consumers.read_models.opensearch_generations import OpenSearchGenerations

            return OpenSearchGenerations(declared.name, stores.opensearch)
        case Index() if stores.indexes is not None:
            return SqliteGenerations(stores.indexes, declared.name)
        case Index():
            raise _nowhere(declared)


def _nowhere(declared: Index) -> SettingsError:
    return SettingsError("opensearch_url", f"is not set, and the read model {declared.name} is kept there")


def build_consumer(
    group: Group,
    read_model: ReadModel,
    source: Source,
    decoder: EventDecoder,
    clock: Callable[[], float],
    pace: Pace = PACE,
    observe: Callable[[Turn], None] = lambda _: None,
) -> Consumer:
    """The group's consumer, ready to take turns, its read model made where there is none.

    Raises GroupRefused where it has no position to begin from, or one and no read model, or where its topic does not
    hold what it has to read; Outage where the log or the read model cannot be reached.
    """
    check_log(group, source.log)
    if isinstance(read_model, Preparable):
        _check_not_gone(group, read_model, source.log)
        read_model.prepare()
    if _has_no_position(group, source.log) and _holds_documents(read_model) and _has_no_position(group, source.log):
        raise GroupRefused(
            f"the group {group.name} has no position in {group.topic}, but its read model {read_model.name} holds "
            "documents, so it cannot tell what they lack; empty it, or rebuild it with "
            f"`distributary rebuild {group.name}`"
        )
    return Consumer(
        Preparation(group, decoder),
        source.subscription(),
        read_model,
        source.dead_letters,
        clock,
        pace,
        observe=observe,
    )


def _check_not_gone(group: Group, read_model: Preparable, log: Log) -> None:
    """Raises GroupRefused where the group's place is gone that it has written to: made anew, it would lack all that."""
    # Positions first: another member that starts at the same time makes the place before it has any.
    if any(log.positions(group.name, group.topic).values()) and not read_model.made():
        raise GroupRefused(
            f"the group {group.name} has read {group.topic} before, but its generation {group.generation} of "
            f"{group.read_model.name} is not there; if it was retired, take its line out of consumers/groups.py, else "
            f"rebuild it with `distributary rebuild {group.name}`"
        )


def _has_no_position(group: Group, log: Log) -> bool:
    """Asked again once documents are seen: another member that starts at the same time commits a position before it
    writes its first document.
    """
    return not log.positions(group.name, group.topic)


def _holds_documents(read_model: ReadModel) -> bool:
    return next(iter(read_model.scan()), None) is not None


def check_log(group: Group, log: Log) -> None:
    """Raises GroupRefused where the group's topic is compacted, or lost what the group has not read yet.

    Warns where it lost only what the group has read: then no rebuild from offset zero is possible any more.
    """
    if log.compacted(group.topic):
        raise GroupRefused(
            f"the topic {group.topic} of the group {group.name} is compacted, so it forgets changes; the log keeps "
            "everything: set its cleanup.policy to delete, and repair what is lost from the source table"
        )
    positions = log.positions(group.name, group.topic)
    for partition, beginning in log.beginnings(group.topic).items():
        if (position := positions.get(partition, 0)) < beginning:
            raise GroupRefused(
                f"the group {group.name} would go on at offset {position} of {group.topic}/{partition}, which begins "
                f"at {beginning}: what lies between is lost to it; set the topic's retention.ms to -1, and repair "
                f"{group.read_model.name} from the source table"
            )
        if beginning > 0:
            logger.warning(
                "%s/%d begins at offset %d: a rebuild of %s from offset zero is no longer possible",
                group.topic,
                partition,
                beginning,
                group.name,
            )


def check_declared(group: Group, topic: Topic, item_key: KeySchema) -> None:
    """Raises GroupRefused where the group's topic does not carry what it needs, or its table has another key."""
    missing = sorted(group.needs - topic.view_type.images)
    if missing:
        carrying = [view_type for view_type in ViewType if group.needs <= view_type.images]
        raise GroupRefused(
            f"the group {group.name} needs the {' and '.join(missing)} image, which the stream of {topic.table} does "
            f"not carry (view type {topic.view_type}); enable the stream with {' or '.join(carrying)} and say so in "
            "schemas/topics.py"
        )
    if isinstance(group.read_model, Table) and group.read_model.key[: len(item_key)] != item_key:
        raise GroupRefused(
            f"the group {group.name} writes to {group.read_model.name} under {_named(group.read_model.key)}, which "
            f"does not contain the item key of {topic.table}, {_named(item_key)}: versions of different items cannot "
            "be compared; key the table by the item key"
        )


def _named(key: KeySchema) -> str:
    return ", ".join(f"{name} ({kind})" for name, kind in key)
