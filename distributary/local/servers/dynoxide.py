"""dynoxide: a DynamoDB-compatible server over one SQLite file."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from distributary.local.servers.answers import status_of
from distributary.local.servers.artifacts import DYNOXIDE
from distributary.local.servers.ports import HOST
from distributary.local.servers.process import Command
from distributary.local.servers.server import Server

_INDEXES = (
    "CREATE INDEX IF NOT EXISTS d1 ON _stream_records(table_name, CAST(sequence_number AS INTEGER))",
    "CREATE INDEX IF NOT EXISTS d2 ON _stream_records(table_name, shard_id, CAST(sequence_number AS INTEGER))",
)
"""Without them every write to a table with a stream reads all of the stream's records."""


class Dynoxide(Server):
    """DynamoDB with streams, in `<home>/dynamodb.db`."""

    name = "dynamodb"
    program = DYNOXIDE
    port_names = ("http",)
    on_java = False

    @property
    def address(self) -> str:
        """The endpoint."""
        return f"http://{HOST}:{self.ports[0]}"

    def _command(self) -> Command:
        line = [str(self.distribution / "bin" / "dynoxide"), "serve", "--host", HOST, "--port", str(self.ports[0])]
        return Command([*line, "--db-path", str(self.home / "dynamodb.db")], self.variables(), self.home)

    def _is_ready(self) -> bool:
        if status_of(self.ports[0], "/") is None:
            return False
        with closing(sqlite3.connect(self.home / "dynamodb.db")) as database, database:
            for index in _INDEXES:
                database.execute(index)
        return True
