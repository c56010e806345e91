"""The story that the transcripts of docs/operations.md tell: what people and programs do between the commands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from distributary.dynamodb_clients import DynamoDBClients
from schemas.versions import version
from tests.events import event
from tests.flow.command import feed_file
from tests.flow.pipeline import Pipeline
from tests.flow.users_table import put
from tests.records import arn, record

ELSEWHERE = "2099-01-01T00:00:00.000"
"""The label of a stream whose changes outrank those of the pipeline's own."""
ANN: dict[str, Any] = {"UserId": 1, "Username": "ann", "FirstName": "Ann", "LastName": "Lee", "WorkplaceId": "acme"}
BEN: dict[str, Any] = {"UserId": 2, "Username": "ben", "FirstName": "Ben", "LastName": "Okafor", "WorkplaceId": "acme"}
CLEO: dict[str, Any] = {"UserId": 3, "Username": "cleo", "FirstName": "Cleo"}
DAN: dict[str, Any] = {"UserId": 4, "Username": "dan"}


class Story:
    """Acts on a pipeline; `wait` lets everything that was done reach every read model."""

    def __init__(self, pipeline: Pipeline, clients: DynamoDBClients, folder: Path, wait: Callable[[], None]) -> None:
        self._pipeline = pipeline
        self._clients = clients
        self._folder = folder
        self._wait = wait
        self._backup: list[Any] = []
        self.noon = ""
        """The moment between the days, as a person types it."""
        self.acts: dict[str, Callable[[], None]] = {
            "Tuesday: Ann, Ben, Cleo and Dan sign up; AppUsers_V2 is backed up": self._tuesday,
            "Wednesday: Ann changes her name, Ben logs in, Dan leaves": self._wednesday,
            "a script edits AppUsers_V2: Ann's name, Cleo's item, and items of its own": self._edits,
            "AppUsers_V2 is set back to its backup of Tuesday": self._set_back,
            "a dead letter of Ann, 40 days old, is open": self._letter,
            "a program feeds the bridge changes that never happened: of Ben, of Cleo, of an Eve": self._feeds,
        }

    def _tuesday(self) -> None:
        put(self._clients, [ANN])
        put(self._clients, [BEN])
        put(self._clients, [CLEO])
        put(self._clients, [DAN])
        self._wait()
        self._backup = self._clients.tables.scan(TableName="AppUsers_V2")["Items"]
        self.noon = datetime.now(UTC).isoformat().removesuffix("+00:00") + "Z"

    def _wednesday(self) -> None:
        put(self._clients, [{**ANN, "LastName": "Lindqvist"}])
        put(self._clients, [{**BEN, "LastLoginAt": 5}])
        self._clients.tables.delete_item(TableName="Users", Key={"UserId": {"N": "4"}})
        self._wait()

    def _edits(self) -> None:
        tables = self._clients.tables
        ann = tables.get_item(TableName="AppUsers_V2", Key={"UserId": {"N": "1"}})["Item"]
        tables.put_item(TableName="AppUsers_V2", Item={**ann, "DisplayName": {"S": "Ann L."}})
        tables.delete_item(TableName="AppUsers_V2", Key={"UserId": {"N": "3"}})
        old: Any = {
            "UserId": {"N": "9"},
            "Username": {"S": "zoe"},
            "source_version": {"S": version("2020-01-01T00:00:00", "7")},
        }
        tables.put_item(TableName="AppUsers_V2", Item=old)
        tables.put_item(TableName="AppUsers_V2", Item={"UserId": {"N": "77"}, "Username": {"S": "robot"}})

    def _set_back(self) -> None:
        for item in self._clients.tables.scan(TableName="AppUsers_V2")["Items"]:
            self._clients.tables.delete_item(TableName="AppUsers_V2", Key={"UserId": item["UserId"]})
        for item in self._backup:
            self._clients.tables.put_item(TableName="AppUsers_V2", Item=item)

    def _letter(self) -> None:
        old = event(user_id=1, after={"Username": "ann"})
        old = msgspec.structs.replace(old, committed_at=datetime.now(UTC) - timedelta(days=40, hours=1))
        self._pipeline.keep("app-users", old)

    def _feeds(self) -> None:
        eve = {"Username": "eve", "WorkplaceId": "acme"}
        records = [
            record("REMOVE", 5001, user_id=2, before={"Username": "ben"}),
            record("MODIFY", 5002, user_id=3, before={"Username": "kleo"}, after={"Username": "kleo"}),
            record("INSERT", 5003, user_id=5, after=eve),
        ]
        for one in records:
            one["eventSourceARN"] = arn(label=ELSEWHERE)
        assert self._pipeline.ask("feed", feed_file(self._folder, records)).returncode == 0
        self._wait()
