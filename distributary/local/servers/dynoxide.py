"""dynoxide: a DynamoDB-compatible server over one SQLite file.

As a program, `python -m distributary.local.servers.dynoxide PORT FILE` is the check of a container: it ends with 0
where the server on that port of loopback is ready.
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

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
        return is_ready(self.ports[0], self.home / "dynamodb.db")


def is_ready(port: int, file: Path) -> bool:
    """Whether the server on that port of loopback answers; what its file lacks to be fast is made first."""
    if status_of(port, "/") is None:
        return False
    with closing(sqlite3.connect(file)) as database, database:
        for index in _INDEXES:
            database.execute(index)
    return True


if __name__ == "__main__":
    sys.exit(not is_ready(int(sys.argv[1]), Path(sys.argv[2])))
