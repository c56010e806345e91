"""A stand-in for DynamoDB in its own process, `python -m benchmarks.dynamodb_server`: every write is done.

Its streams answer every read with the same page, as large as DynamoDB's are.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec

from benchmarks.workload import records

PAGE = 400
"""Records of a page: about 1 MB."""


@contextmanager
def dynamodb_server() -> Iterator[str]:
    """Its address, until the context ends."""
    command = [sys.executable, "-m", "benchmarks.dynamodb_server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
            process.wait()


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


def main() -> None:
    """Serves until it is ended."""
    _DynamoDB.page = _page()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _DynamoDB)
    sys.stdout.write(f"http://127.0.0.1:{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
