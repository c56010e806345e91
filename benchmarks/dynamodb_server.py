"""A stand-in for DynamoDB in its own process, `python -m benchmarks.dynamodb_server`: every write is done.

Its streams answer every read with the same page, as large as DynamoDB's are.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler

import msgspec

from benchmarks.stand_ins import serve, stand_in
from benchmarks.workload import records

PAGE = 400
"""Records of a page: about 1 MB."""


def dynamodb_server() -> AbstractContextManager[str]:
    """Its address, until the context ends."""
    return stand_in("benchmarks.dynamodb_server")


def _page() -> bytes:
    """The records as GetRecords gives them: they do not say which stream they are of."""
    found = records(PAGE)
    for record in found:
        del record["eventSourceARN"]
        record["dynamodb"]["ApproximateCreationDateTime"] += 0.5
    return msgspec.json.encode({"Records": found, "NextShardIterator": "next"})


class _DynamoDB(BaseHTTPRequestHandler):
    """Answers the three calls that are measured."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    page = b""

    def do_POST(self) -> None:
        """The answer, whatever is asked about."""
        asked = self.rfile.read(int(self.headers["Content-Length"]))
        answer = b"{}"
        match self.headers["X-Amz-Target"].partition(".")[2]:
            case "BatchExecuteStatement":
                answer = b'{"Responses":[%b]}' % b",".join([b'{"TableName":"Users"}'] * asked.count(b'"Statement":'))
            case "GetRecords":
                answer = self.page
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n\r\n"
        self.wfile.write(head % len(answer) + answer)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


if __name__ == "__main__":
    _DynamoDB.page = _page()
    serve(_DynamoDB)
