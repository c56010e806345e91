"""A log of one partition beside a read model, to fold and to put right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec.structs import replace as with_fields

from consumers.delivery.memory import MemoryLog
from consumers.delivery.prepare import Preparation
from consumers.group import Group
from consumers.groups import GROUPS
from consumers.patterns import items
from consumers.projection import Projection, one_document, only
from consumers.read_model import ReadModel
from consumers.read_models.memory import MemoryReadModel
from consumers.writes import Put, VersionedWrite
from distributary.folding.findings import Findings
from distributary.folding.held_file import HeldFile
from distributary.folding.partition import Ground, Partition, Scope
from distributary.folding.partition_of_key import by_item_key
from distributary.folding.sending import Sending
from distributary.folding.writing import Writing, Written
from schemas.change_event import ChangeEvent
from schemas.codec import EventDecoder
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
        self.read_model: ReadModel = MemoryReadModel("names")
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


def at(number: int) -> str:
    return version(LABEL, str(number))


def put(number: int, name: str, key: str = "1") -> VersionedWrite:
    return VersionedWrite(Put(key, {"Username": name}), at(number))


def user(number: int, name: str, user_id: int = 1, operation: str = "MODIFY", **more: Any) -> ChangeEvent:
    before = None if operation == "INSERT" else {"Username": "before", **more}
    return event(operation, number, user_id=user_id, before=before, after={"Username": name, **more})


def gone(number: int, user_id: int = 1) -> ChangeEvent:
    return event("REMOVE", number, user_id=user_id, before={"Username": "before"})


def long_ago(change: ChangeEvent) -> ChangeEvent:
    return with_fields(change, committed_at=datetime(2020, 1, 1, tzinfo=UTC))
