"""Updates of documents that exist in a DynamoDB table: what they cost the client, and how many a second."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from itertools import count
from pathlib import Path

from benchmarks.dynamodb_server import dynamodb_server
from benchmarks.naive_dynamodb import NaiveUpdates
from benchmarks.real_servers import server_folder
from benchmarks.rounds import ROUNDS, in_turn, share, times_faster
from benchmarks.table import Line, line_of
from benchmarks.workload import records
from consumers.group import Group
from consumers.groups import GROUPS
from consumers.projections.app_users import app_user
from consumers.projections.workplace_users import workplace_user
from consumers.read_model import APPLIED, Table
from consumers.read_models.dynamodb import DynamoDBTable
from consumers.writes import Fields, Put, VersionedWrite
from distributary.dynamodb_clients import local_clients
from distributary.local.servers.cache import default_cache
from distributary.local.servers.dynoxide import Dynoxide
from distributary.local.servers.stack import Servers
from distributary.tables import create_tables, declared_tables
from schemas.attribute_values import Attributes, Item, attribute_value

DOCUMENTS = 500
MANY = 2000
NAIVE_SHARE = 10
SERVER_ROUNDS = 3
_APP_USERS, _WORKPLACE_USERS, _ = GROUPS


class OurUpdates:
    """The product's table, on one connection."""

    def __init__(self, url: str, group: Group, opened: ExitStack) -> None:
        assert isinstance(group.read_model, Table)
        client = opened.enter_context(closing(local_clients(url))).tables
        table = DynamoDBTable(group.read_model, client, float, parallel=1)
        self._table = opened.enter_context(closing(table))

    def __call__(self, documents: Sequence[Fields], version: str) -> None:
        """Raises AssertionError where one of them was not applied."""
        writes = [VersionedWrite(Put(str(document["UserId"]), document), version) for document in documents]
        assert self._table.apply(writes) == [APPLIED] * len(writes)


def measured(rounds: int = ROUNDS) -> list[Line]:
    """Both; ours begins with documents, boto3 with attribute values."""
    return [
        _processor_time("app-users", _APP_USERS, app_user, rounds),
        _processor_time("workplace-users", _WORKPLACE_USERS, workplace_user, rounds),
        _on_a_server(min(rounds, SERVER_ROUNDS)),
    ]


def _processor_time(what: str, group: Group, project: Callable[[Item], Fields], rounds: int) -> Line:
    """Of the client alone: the server is a stand-in in another process."""
    with ExitStack() as opened:
        url = opened.enter_context(dynamodb_server())
        documents, items = _documents(project, DOCUMENTS)
        ours, naive = OurUpdates(url, group, opened), _naive(url, group, opened)
        variants = {"ours": lambda: ours(documents, "1"), "naive": lambda: naive(items, "1")}
        took = in_turn(variants, rounds, cpu=True)
    return line_of(f"DynamoDB update, {what}, client CPU, against put_item", share(took, "ours", "naive"), at_most=0.2)


def _on_a_server(rounds: int) -> Line:
    """Records a second, on a table that has a stream as the product's has."""
    with ExitStack() as opened:
        url = opened.enter_context(_dynoxide())
        create_tables(opened.enter_context(closing(local_clients(url))).tables, declared_tables())
        documents, items = _documents(workplace_user, MANY)
        ours, naive = OurUpdates(url, _WORKPLACE_USERS, opened), _naive(url, _WORKPLACE_USERS, opened)
        versions = (f"{number:040}" for number in count())
        ours(documents, next(versions))
        few = items[: MANY // NAIVE_SHARE]
        variants = {"ours": lambda: ours(documents, next(versions)), "naive": lambda: naive(few, next(versions))}
        took = in_turn(variants, rounds)
    took["naive"] = [seconds * NAIVE_SHARE for seconds in took["naive"]]
    what = "DynamoDB updates a second, one connection, naive on a tenth"
    return line_of(what, times_faster(took, "ours", "naive"), at_least=5)


def _naive(url: str, group: Group, opened: ExitStack) -> NaiveUpdates:
    return NaiveUpdates(opened.enter_context(closing(local_clients(url))).tables, group.read_model.name)


def _documents(project: Callable[[Item], Fields], number: int) -> tuple[list[Fields], list[Attributes]]:
    """Documents of as many users, and the same as attribute values."""
    images = (each["dynamodb"].get("NewImage") for each in records(2 * number))
    users = {image["UserId"]["N"]: image for image in images if image}
    documents = [project(Item({**image, "UserId": {"N": str(at)}})) for at, image in enumerate(users.values())]
    # Not as many users as records.
    documents = [{**documents[at % len(documents)], "UserId": at} for at in range(number)]
    return documents, [{name: attribute_value(value) for name, value in each.items()} for each in documents]


@contextmanager
def _dynoxide() -> Iterator[str]:
    cache = default_cache(os.environ, root=os.geteuid() == 0)
    with ExitStack() as opened:
        folder = Path(opened.enter_context(server_folder()))
        servers = opened.enter_context(Servers(folder, cache, os.environ, kinds={"dynamodb_url": Dynoxide}))
        yield servers["dynamodb_url"].address
