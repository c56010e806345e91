"""A WSGI application on the loopback interface, by way of werkzeug."""

from __future__ import annotations

from collections.abc import Iterable
from socket import create_server
from threading import Thread
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.sansio.utils import host_is_trusted
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

LOOPBACK = "127.0.0.1"


def mounted(path: str, application: WSGIApplication) -> WSGIApplication:
    """The application under a path, and nothing anywhere else."""
    return DispatcherMiddleware(NotFound(), {path: application})


class LoopbackServer:
    """Serves `application` at `url` from construction to `close`; each connection has a thread.

    `port` 0 is any free one. Raises OSError where the port is taken.
    """

    def __init__(self, application: WSGIApplication, port: int = 0) -> None:
        # A socket of our own: for a port that is taken werkzeug would end the process.
        with create_server((LOOPBACK, port)) as listening:
            self._server = make_server(
                LOOPBACK,
                port,
                _for_this_machine(application),
                threaded=True,
                request_handler=_Connection,
                fd=listening.fileno(),
            )
        self.url = f"http://{LOOPBACK}:{self._server.port}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), name="loopback server", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listens no more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Connection(WSGIRequestHandler):
    disable_nagle_algorithm = True  # an answer's second packet would wait 40 ms for an acknowledgement otherwise

    def log_request(self, *_: Any) -> None:
        """Says nothing: the client knows."""


def _for_this_machine(application: WSGIApplication) -> WSGIApplication:
    """The application, but not to a web page whose name was made to lead here: its requests have another Host."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not host_is_trusted(environ.get("HTTP_HOST"), [LOOPBACK, "localhost"]):
            return Response("this server is for this machine alone", 403)(environ, start_response)
        return application(environ, start_response)

    return answer
