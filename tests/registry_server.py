"""A loopback server that answers as a registry, or as whatever else may stand at a registry's address."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from threading import Event, Thread
from types import TracebackType
from typing import NamedTuple, Self

import msgspec


class Asked(NamedTuple):
    """One request as it came."""

    method: str
    path: str
    authorization: str | None
    body: bytes


class Answer(NamedTuple):
    """One response; `pieces` are sent one by one, `pause` seconds (or until the server closes) after each."""

    status: int
    pieces: tuple[bytes, ...]
    pause: float = 0.0


def json(status: int, **fields: object) -> Answer:
    """A JSON response."""
    return Answer(status, (msgspec.json.encode(fields),))


def page(status: int) -> Answer:
    """A web page."""
    return Answer(status, (b"<html><body>Hello</body></html>",))


def unknown(code: int = 40403) -> Answer:
    """What a registry says that does not know what it is asked for."""
    return json(404, error_code=code, message="Schema not found.")


class RegistryServer:
    """Answers what `answer` says, from `with` to its end; `asked` are the requests so far.

    `port` 0: any free one. A server that was closed may be followed by another on its port. `tls` makes it HTTPS.
    """

    def __init__(self, answer: Callable[[Asked], Answer], port: int = 0, tls: SSLContext | None = None) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self._closing = Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,))
        self.port = int(self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}"
        if tls is not None:
            # The handshake is made by the thread of the connection, not by the one that accepts them all.
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
            self.url = f"https://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def handle(self) -> None:
                with suppress(OSError):  # whoever asked does not trust us, or has hung up
                    super().handle()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the stdlib's name
                """Says nothing."""

            def _respond(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                asked = Asked(self.command, self.path, self.headers.get("Authorization"), body)
                server.asked.append(asked)
                status, pieces, pause = server.answer(asked)
                self.send_response(status)
                self.send_header("Content-Length", str(sum(map(len, pieces))))
                self.end_headers()
                for piece in pieces:
                    self.wfile.write(piece)
                    self.wfile.flush()
                    server._closing.wait(pause)

            do_GET = do_POST = _respond  # noqa: N815 - the stdlib's names

        return Handler
