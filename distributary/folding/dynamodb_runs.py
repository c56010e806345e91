"""One run of a kind at a time, shared by any number of commands: who is at work, and on which parts (design section 9).

Kept in a DynamoDB table, so that it works on one machine as on several. Whoever takes part adds to a counter every
second; he is dead to others once that stood still for DEAD_SECONDS on their own clock, and his parts are free. A dead
one that wakes up does no harm: every write is a compare-and-set.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from bridge.dynamodb_runs import RUNS
from consumers.errors import Outage
from distributary.errors import RunInProgress

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BEAT_SECONDS = 1.0
DEAD_SECONDS = 6.0
_LOOK_SECONDS = 0.2
_LOCK, _MEMBER, _PART = "lock", "member:", "part:"

logger = logging.getLogger("distributary")

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Member:
    """Who takes part: a name that nobody else has, and how a person finds him (`host, process 4711`)."""

    name: str
    where: str


class Run:
    """A run that `member` takes part in. Use `joined`."""

    def __init__(self, client: DynamoDBClient, table: str, name: str, run_id: str, member: Member) -> None:
        self._client = client
        self._table = table
        self._name = name
        self._id = run_id
        self._member = member
        self._beats = _Beats()

    def claim(self, part: str) -> bool:
        """Whether the part is ours to do now: nobody has it, or who has it is dead. Raises Outage, as all do."""
        rows = self._rows()
        row = rows.get(_PART + part)
        if not self._is_free(row, rows):
            return False
        values = {"id": self._id, "member": self._member.name, "state": "claimed"}
        condition, given = "attribute_not_exists(part)", {}
        if row is not None:
            condition, given = "#member = :before AND #state <> :done", {":before": row["member"], ":done": "done"}
        return self._put(_PART + part, values, condition, given)

    def done(self, part: str, result: str) -> bool:
        """Notes that the part is done, with its result; False where somebody else has taken it meanwhile."""
        values = {"id": self._id, "member": self._member.name, "state": "done", "result": result}
        return self._put(_PART + part, values, "#member = :me", {":me": self._member.name})

    def results(self) -> dict[str, str]:
        """The results of the parts that are done, whoever did them."""
        rows = self._rows()
        return {name.removeprefix(_PART): row["result"] for name, row in rows.items() if row.get("state") == "done"}

    def free(self, parts: Iterable[str]) -> bool:
        """Whether one of the parts could be claimed now."""
        rows = self._rows()
        return any(self._is_free(rows.get(_PART + part), rows) for part in parts)

    def beat(self) -> None:
        """Shows that the member lives."""
        self._client.update_item(
            TableName=self._table,
            Key=_key(self._name, _MEMBER + self._member.name),
            UpdateExpression="SET #id = :id ADD beat :one",
            ExpressionAttributeNames={"#id": "id"},
            ExpressionAttributeValues={":id": {"S": self._id}, ":one": {"N": "1"}},
        )

    def leave(self) -> None:
        """Leaves; the last one forgets the run."""
        self._client.delete_item(TableName=self._table, Key=_key(self._name, _MEMBER + self._member.name))
        rows = self._rows()
        if not any(name.startswith(_MEMBER) for name in rows):
            _forget(self._client, self._table, self._name, self._id, rows)

    def _rows(self) -> dict[str, Row]:
        with _outages(self._table):
            found = rows_of(self._client, self._table, self._name)
        rows = {name: row for name, row in found.items() if row["id"] == self._id}
        self._beats.see(rows)
        return rows

    def _is_free(self, row: Row | None, rows: Mapping[str, Row]) -> bool:
        return row is None or (row["state"] != "done" and self._beats.dead(row["member"], rows))

    def _put(self, part: str, values: Row, condition: str, given: Mapping[str, str]) -> bool:
        names = {name: name[1:] for name in ("#member", "#state") if name in condition}
        item: Any = {**_key(self._name, part), **{name: {"S": value} for name, value in values.items()}}
        request: dict[str, Any] = {"TableName": self._table, "Item": item, "ConditionExpression": condition}
        if names:
            request["ExpressionAttributeNames"] = names
        if given:
            request["ExpressionAttributeValues"] = {name: {"S": value} for name, value in given.items()}
        try:
            with _outages(self._table):
                self._client.put_item(**request)
        except Outage as outage:
            if isinstance(outage.__cause__, self._client.exceptions.ConditionalCheckFailedException):
                return False
            raise
        return True


class Intentions:
    """What somebody is at under a name, until he is done: also after he died."""

    def __init__(self, client: DynamoDBClient, name: str, table: str = RUNS) -> None:
        self._client = client
        self._name = name
        self._table = table

    def read(self) -> str | None:
        """What is noted; None where nothing is. Raises Outage, as all do."""
        with _outages(self._table):
            row = rows_of(self._client, self._table, self._name).get(_LOCK)
        return None if row is None else row["what"]

    def note(self, what: str) -> None:
        """Notes it, whatever was noted before."""
        with _outages(self._table):
            self._client.put_item(TableName=self._table, Item={**_key(self._name, _LOCK), "what": {"S": what}})

    def forget(self) -> None:
        """Notes that it is done."""
        with _outages(self._table):
            self._client.delete_item(TableName=self._table, Key=_key(self._name, _LOCK))


class _Beats:
    """Which members' counters have stood still for how long, on our own clock."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[str, float]] = {}

    def see(self, rows: Mapping[str, Row]) -> bool:
        """Takes note of the counters; whether one has moved since it was seen first."""
        moved = False
        for name, row in rows.items():
            if name.startswith(_MEMBER):
                member, before = name.removeprefix(_MEMBER), self._seen.get(name.removeprefix(_MEMBER))
                if before is None or before[0] != row["beat"]:
                    moved = moved or before is not None
                    self._seen[member] = (row["beat"], monotonic())
        return moved

    def dead(self, member: str, rows: Mapping[str, Row]) -> bool:
        """Whether the member has left, or his counter stood still for too long."""
        if _MEMBER + member not in rows:
            return True
        return monotonic() - self._seen[member][1] > DEAD_SECONDS


@contextmanager
def joined(client: DynamoDBClient, name: str, what: str, member: Member, now: str, table: str = RUNS) -> Iterator[Run]:
    """The run of that name: a new one, or the one that others are at with the same `what`, until the context ends.

    `now` is for people to read. Raises RunInProgress where others are at something else under that name; Outage.
    """
    with _outages(table):
        run = Run(client, table, name, _entered(client, table, name, what, member, now), member)
        run.beat()
    stop = Event()
    thread = Thread(target=_beat, args=(run, stop), name="beats", daemon=True)
    thread.start()
    try:
        yield run
    finally:
        stop.set()
        thread.join()
        with _outages(table):
            run.leave()


def rows_of(client: DynamoDBClient, table: str, name: str) -> dict[str, Row]:
    """What is written of a run, by part."""
    found: dict[str, Row] = {}
    for page in client.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="#run = :run",
        ExpressionAttributeNames={"#run": "run"},
        ExpressionAttributeValues={":run": {"S": name}},
        ConsistentRead=True,
    ):
        for item in page["Items"]:
            row = {attribute: str(next(iter(value.values()))) for attribute, value in item.items()}
            found[row["part"]] = row
    return found


@contextmanager
def _outages(table: str) -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        missing = isinstance(error, ClientError) and error.response["Error"]["Code"] == "ResourceNotFoundException"
        cure = "; `distributary prepare` makes it" if missing else ""
        raise Outage("DynamoDB", f"{table}: {error}{cure}") from error


def _entered(client: DynamoDBClient, table: str, name: str, what: str, member: Member, now: str) -> str:
    """The id of the run that is entered."""
    while True:
        rows = rows_of(client, table, name)
        lock = rows.get(_LOCK)
        if lock is None:
            # What a run that was cut short has left is of no use: what it did may have changed since.
            _forget(client, table, name, "", rows)
            if _locked(client, table, name, {"id": member.name, "what": what, "by": member.where, "since": now}):
                return member.name
        elif not _anybody(client, table, name, lock["id"]):
            _forget(client, table, name, lock["id"], rows)
        elif lock["what"] == what:
            return lock["id"]
        else:
            raise RunInProgress(
                f"{name} is under way since {lock['since']} by {lock['by']}, for {lock['what']}, and not for what is "
                f"asked for now, {what}; wait for its end, or stop it"
            )


def _anybody(client: DynamoDBClient, table: str, name: str, run_id: str) -> bool:
    """Whether somebody is at work on the run; takes up to DEAD_SECONDS."""
    beats, end, pause = _Beats(), monotonic() + DEAD_SECONDS, Event()
    while monotonic() < end:
        rows = {part: row for part, row in rows_of(client, table, name).items() if row["id"] == run_id}
        if beats.see(rows):
            return True
        if _LOCK not in rows:
            return False
        pause.wait(_LOOK_SECONDS)
    return False


def _locked(client: DynamoDBClient, table: str, name: str, values: Row) -> bool:
    item: Any = {**_key(name, _LOCK), **{attribute: {"S": value} for attribute, value in values.items()}}
    try:
        client.put_item(TableName=table, Item=item, ConditionExpression="attribute_not_exists(part)")
    except client.exceptions.ConditionalCheckFailedException:
        return False
    return True


def _forget(client: DynamoDBClient, table: str, name: str, run_id: str, rows: Mapping[str, Row]) -> None:
    """Deletes what is written of a run, its lock last, unless that is another one's by now."""
    for part in sorted(rows, key=lambda part: part == _LOCK):
        with suppress(client.exceptions.ConditionalCheckFailedException):
            client.delete_item(
                TableName=table,
                Key=_key(name, part),
                ConditionExpression="#id = :id",
                ExpressionAttributeNames={"#id": "id"},
                ExpressionAttributeValues={":id": {"S": run_id or rows[part]["id"]}},
            )


def _beat(run: Run, stop: Event) -> None:
    while not stop.wait(BEAT_SECONDS):
        try:
            run.beat()
        except Exception:
            logger.debug("a beat did not come through", exc_info=True)


def _key(name: str, part: str) -> Any:
    return {"run": {"S": name}, "part": {"S": part}}
