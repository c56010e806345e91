"""A pipeline whose read models are what their logs say, until somebody spoils them by hand."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from consumers.groups import GROUPS
from consumers.read_model import Document, ReadModel, Replacement, Table, WriteStatus
from consumers.writes import Fields, Put, Remove, Write
from distributary.adapters import Adapters
from distributary.dynamodb_clients import DynamoDBClients, local_clients
from distributary.folding.crew import Reach
from distributary.folding.partition import Scope
from distributary.home import Home
from distributary.reach import connected, find
from distributary.rebuild import Rebuild
from distributary.settings import Settings
from distributary.verify import How, verify
from schemas.attribute_values import attribute_value
from schemas.settings import read_settings
from tests.flow.command import Ended, feed_file
from tests.flow.pipeline import Pipeline
from tests.flow.truth import history

GROUP = {group.name: group for group in GROUPS}
LONG_AGO = "2026-01-01#"
users = count(1_000_000)
"""The users from here on are single tests' own."""


@dataclass(frozen=True, slots=True)
class Spoiling:
    """What a person does to a pipeline that runs, and what its commands say then."""

    pipeline: Pipeline

    @property
    def on_servers(self) -> bool:
        return "DISTRIBUTARY_KAFKA" in self.pipeline.environment

    def ask(self, *arguments: str | Path) -> Ended:
        """A command, of a terminal that knows the home alone."""
        return self.pipeline.ask(*arguments)

    def told(self, *arguments: str | Path, status: int = 0) -> dict[str, Any]:
        """The last line that a command with --json ends with; each line is JSON."""
        ended = self.ask(*arguments, "--json")
        assert ended.returncode == status, (arguments, ended.stdout, ended.stderr)
        *_, last = (json.loads(line) for line in ended.stdout.splitlines())
        return dict(last)

    def found(self, group: str, patience: float = 5.0) -> dict[str, int]:
        """How many keys verify finds of each kind."""
        with self.adapters() as adapters:
            how = How(patience=patience)
            return verify(adapters, self.reach, GROUP[group], Scope(), how, lambda _: None).counts

    def rebuilt(self, group: str, keys: Iterable[str] | None = None) -> tuple[int, int, int]:
        """How many keys a rebuild puts and removes, and how many writes that takes."""
        scope = Scope()
        if keys is not None:
            scope = Scope(keys=frozenset(key.encode() for key in keys), every_removal=True)
        with self.adapters() as adapters:
            rebuild = Rebuild(adapters, self.reach, GROUP[group], scope, How(), lambda _: None, lambda _: None)
            written = rebuild.run().written
        assert (written.refused, written.kept_changing) == (0, 0)
        return written.put, written.removed, written.writes

    @property
    def reach(self) -> Reach:
        """How other processes reach the pipeline."""
        return Reach(self.pipeline.home, read_settings(Settings, self.pipeline.environment), time.time)

    def drained(self) -> None:
        ended = self.ask("wait", "--timeout", "120")
        assert ended.returncode == 0, ended.stderr

    @contextmanager
    def adapters(self) -> Iterator[Adapters]:
        settings = read_settings(Settings, self.pipeline.environment)
        home = self.pipeline.home
        with connected(find(home, settings), settings, time.time) as adapters:
            yield adapters

    @contextmanager
    def read_model(self, group: str) -> Iterator[ReadModel]:
        with self.adapters() as adapters, closing(adapters.read_model(GROUP[group])) as read_model:
            yield read_model

    def documents(self, group: str) -> dict[str, Document]:
        with self.read_model(group) as read_model:
            return {document.key: document for document in read_model.scan()}

    @contextmanager
    def clients(self) -> Iterator[DynamoDBClients]:
        """Clients of DynamoDB; of servers, also while no pipeline runs."""
        url = self.pipeline.environment.get("DISTRIBUTARY_DYNAMODB_URL") or Home(self.pipeline.home).running().url
        with closing(local_clients(url)) as clients:
            yield clients

    def feed(self, folder: Path, records: list[Any], *, committed: float | None = None) -> None:
        """Feeds the records as of that time, which is now if none is given, and waits for all groups."""
        for one in records:
            one["dynamodb"]["ApproximateCreationDateTime"] = int(committed or time.time())
        assert self.ask("feed", feed_file(folder, records)).returncode == 0
        self.drained()

    def by_hand(self, group: str, writes: Mapping[str, Fields | None], version: str | None = None) -> None:
        """Puts or deletes documents, whatever the log says, under that version or the one that stands there."""
        with self.read_model(group) as read_model:
            replacements = []
            for state, document in zip(read_model.states(list(writes)), writes.values(), strict=True):
                write: Write = Remove(state.key) if document is None else Put(state.key, document)
                stands = None if state.document is None else state.document.source_version
                replacements.append(Replacement(state, write, None if document is None else version or stands))
            outcomes = read_model.replace(replacements)
        assert {outcome.status for outcome in outcomes} == {WriteStatus.APPLIED}, outcomes

    def by_somebody_else(self, group: str, items: Iterable[dict[str, Any]]) -> None:
        """Puts items without a version into the group's table."""
        table = GROUP[group].read_model
        assert isinstance(table, Table)
        with self.clients() as clients:
            for item in items:
                taken = {name: attribute_value(value) for name, value in item.items()}
                clients.tables.put_item(TableName=table.name, Item=taken)

    def users(self, number: int, **more: Any) -> list[int]:
        """So many new users in the source table, at a workplace, known to all groups."""
        made = [next(users) for _ in range(number)]
        self.put(*({"UserId": user, "Username": f"user{user}", "WorkplaceId": "acme", **more} for user in made))
        self.drained()
        return made

    def put(self, *items: dict[str, Any]) -> None:
        """Puts items into the source table."""
        with self.clients() as clients:
            for item in items:
                taken = {name: attribute_value(value) for name, value in item.items()}
                clients.tables.put_item(TableName="Users", Item=taken)

    def delete(self, *deleted: int) -> None:
        """Deletes users from the source table."""
        with self.clients() as clients:
            for user in deleted:
                clients.tables.delete_item(TableName="Users", Key={"UserId": {"N": str(user)}})

    def assert_true(self) -> None:
        """Every group's read model is what its log says."""
        self.drained()
        assert {name: self.found(name) for name in GROUP} == {name: {} for name in GROUP}


@contextmanager
def spoiling(pipeline: Pipeline, folder: Path) -> Iterator[Spoiling]:
    """A pipeline that runs, fed with a history of users."""
    spoiled = Spoiling(pipeline)
    spoiled.feed(folder, history(11, changes=400, users=80).records)
    yield spoiled
