"""A stand-in for OpenSearch's bulk API in its own process, `python -m benchmarks.bulk_server`: every write is new."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler

from benchmarks.stand_ins import serve, stand_in

_ID = re.compile(rb'"update":\{[^}]*"_id":("(?:[^"\\]|\\.)*")')
_SHORT = b'{"update":{"result":"created","status":201}}'
_WHOLE = (
    b'{"update":{"_index":"workplace-users.g1","_id":%b,"_version":1,"result":"created","_shards":{"total":1,'
    b'"successful":1,"failed":0},"_seq_no":1,"_primary_term":1,"status":201}}'
)


def bulk_server() -> AbstractContextManager[str]:
    """Its address, until the context ends."""
    return stand_in("benchmarks.bulk_server")


class _Bulk(BaseHTTPRequestHandler):
    """Answers as OpenSearch 3 does, with as much of it as a `filter_path` of the items asks for."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """An item for every action."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if "filter_path" in self.path:
            items = b'{"items":[%b]}' % b",".join([_SHORT] * (body.count(b"\n") // 2))
        else:
            whole = b",".join(_WHOLE % found for found in _ID.findall(body))
            items = b'{"took":30,"errors":false,"items":[%b]}' % whole
        self.send_response(200)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(items)))
        self.end_headers()
        self.wfile.write(items)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


if __name__ == "__main__":
    serve(_Bulk)
