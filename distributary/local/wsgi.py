"""A WSGI application on the loopback interface, with connections that stay open."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from socket import SHUT_RDWR, socket
from socketserver import ThreadingTCPServer
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication, WSGIEnvironment

logger = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
MAX_BODY_BYTES = 32 * 1024 * 1024
"""The largest request; DynamoDB itself takes 16 MB."""

# A web page whose name was made to lead here has another Host, and reaches nothing.
_OUR_NAMES = frozenset({LOOPBACK, "localhost"})


class Answer(NamedTuple):
    """What an application answered; the status as `200 OK`."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


def call(
    application: WSGIApplication, method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes
) -> Answer:
    """What the application answers, 500 where it raised; `target` is the path and, after a `?`, the query."""
    try:
        return _call(application, _environ(method, target, headers, body))
    except Exception:
        logger.exception("%s %s failed", method, target)
        return Answer("500 Internal Server Error", [], b"")


def _call(application: WSGIApplication, environ: WSGIEnvironment) -> Answer:
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, fields: list[tuple[str, str]], _error: Any = None) -> Any:
        started.append((status, fields))

    parts = application(environ, start_response)
    try:
        content = b"".join(parts)
    finally:
        if (close := getattr(parts, "close", None)) is not None:
            close()
    return Answer(*started[-1], content)


class LoopbackServer:
    """Serves `application` at `url` from construction to `close`; each connection has a thread.

    `port` 0 is any free one. Raises OSError where the port is taken.
    """

    def __init__(self, application: WSGIApplication, port: int = 0) -> None:
        self._server = _Server((LOOPBACK, port), application)
        self.url = f"http://{LOOPBACK}:{self._server.server_address[1]}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), name="loopback server", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listens no more and ends every connection."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], application: WSGIApplication) -> None:
        super().__init__(address, _Connection)
        self.application = application
        self._open: set[socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        super().server_close()
        for connection in list(self._open):
            try:
                connection.shutdown(SHUT_RDWR)
            except OSError:
                logger.debug("a connection had ended by itself")

    def handle_error(self, request: Any, client_address: Any) -> None:
        logger.debug("a connection broke", exc_info=True)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # An answer leaves as one packet, at once: kept-alive connections would wait 40 ms for an acknowledgement otherwise.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def respond(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if self.headers.get("Host", "").partition(":")[0] not in _OUR_NAMES:
            self.send_error(403, "this server is for this machine alone")
        elif not length.isascii() or not length.isdigit() or "Transfer-Encoding" in self.headers:
            self.send_error(411)
        elif int(length) > MAX_BODY_BYTES:
            self.send_error(413)
        else:
            body = self.rfile.read(int(length))
            self._send(call(self.server.application, self.command, self.path, self.headers.items(), body))

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = respond  # noqa: N815

    def _send(self, answer: Answer) -> None:
        status, _, reason = answer.status.partition(" ")
        self.send_response(int(status), reason)
        for name, value in answer.headers:
            if name.lower() != "content-length":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, *_: Any) -> None:
        """Says nothing: the client knows."""


def _environ(method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes) -> WSGIEnvironment:
    path, _, query = target.partition("?")
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(path, "latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": LOOPBACK,
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in headers:
        environ["HTTP_" + name.upper().replace("-", "_")] = value
    environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE", "")
    environ["CONTENT_LENGTH"] = str(len(body))
    environ.pop("HTTP_CONTENT_LENGTH", None)
    return environ
