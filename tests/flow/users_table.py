"""The table of users as other programs write it: before it has a stream, and while it has one."""

from __future__ import annotations

from contextlib import closing
from random import Random
from threading import Event, Thread
from typing import Any

from distributary.dynamodb_clients import DynamoDBClients, local_clients
from distributary.tables import DeclaredTable, create_tables
from schemas.attribute_values import Value, attribute_value
from schemas.keys import KeyAttribute
from tests.flow.truth import Users

FEW = 5
"""So many users stay."""


def item(user: dict[str, Value]) -> dict[str, Any]:
    """A user as boto3 takes it."""
    taken = {name: attribute_value(value) for name, value in user.items()}
    if "Avatar" in user:
        taken["Avatar"] = {"B": user["Avatar"]}
    return taken


def put(clients: DynamoDBClients, users: list[dict[str, Any]]) -> None:
    for at in range(0, len(users), 25):
        requests: Any = [{"PutRequest": {"Item": item(user)}} for user in users[at : at + 25]]
        assert not clients.tables.batch_write_item(RequestItems={"Users": requests})["UnprocessedItems"]


def table_before_its_stream(url: str, users: list[dict[str, Any]]) -> None:
    """The table as it is where somebody begins with all this: items first, the stream later."""
    with closing(local_clients(url)) as clients:
        create_tables(clients.tables, [DeclaredTable("Users", (KeyAttribute("UserId", "N"),))])
        put(clients, users)
        stream: Any = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
        clients.tables.update_table(TableName="Users", StreamSpecification=stream)


class Traffic:
    """Users who come, change and go while a snapshot is taken; `users` follows them."""

    def __init__(self, clients: DynamoDBClients, users: Users) -> None:
        self._clients = clients
        self._users = users
        self._random = Random(11)
        self._stop = Event()
        self._thread = Thread(target=self._run)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.01):
            user_id = self._random.choice(list(self._users))
            if len(self._users) > FEW and self._random.random() < 0.3:
                self._clients.tables.delete_item(TableName="Users", Key={"UserId": {"N": str(user_id)}})
                del self._users[user_id]
            else:
                user = {**self._users[user_id], "WorkplaceId": self._random.choice(("acme", "")), "JobTitle": "Chief"}
                self._clients.tables.put_item(TableName="Users", Item=item(user))
                self._users[user_id] = user
