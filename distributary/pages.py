"""The pages of a part that runs alone: for Prometheus, for whoever restarts it, and for whoever follows the whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from threading import Thread
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import msgspec

from distributary.errors import PortTaken
from distributary.metrics import CONTENT_TYPE, metrics_text
from distributary.pipeline import Pipeline
from distributary.status import state, status

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

DRAIN_SECONDS = 2.0
"""How long one question whether the part is drained may take."""


class Pages:
    """A WSGI application: `/metrics`, `/healthz`, `/status`, `/drained` and `/passed`.

    `pipeline` is None while the part starts, `starting` is then what it waits for.

    `/healthz` answers 200 while it starts, works or waits in an outage, for to start it again would not help; 503 once
    a part of it cannot go on.
    """

    def __init__(self) -> None:
        self.starting = ""
        self.pipeline: Pipeline | None = None

    def tell_waiting(self, outage: str) -> None:
        """Takes note of what the part waits for at its start."""
        self.starting = outage

    def health(self) -> dict[str, Any]:
        """What the part is doing, each group by name."""
        if self.pipeline is None:
            return {"state": "starting", "waiting_for": self.starting}
        stopped = self.pipeline.stopped
        groups = {
            consumer.group.name: state(consumer, stopped.get(consumer.group.name))
            for consumer in self.pipeline.parts.consumers
        }
        return {"state": "stopped" if stopped else "running", "groups": groups, "stopped": stopped}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answers one request."""
        match environ["PATH_INFO"]:
            case "/metrics":
                start_response("200 OK", [("Content-Type", CONTENT_TYPE)])
                return [b"" if self.pipeline is None else metrics_text(self.pipeline)]
            case "/healthz":
                health = self.health()
                status = "503 Service Unavailable" if health["state"] == "stopped" else "200 OK"
                start_response(status, [("Content-Type", "application/json")])
                return [msgspec.json.encode(health)]
            case "/status" | "/drained" | "/passed" as page:
                found = self._following(page)
                start_response("200 OK" if found else "503 Service Unavailable", [("Content-Type", "application/json")])
                return [msgspec.json.encode(found or self.health())]
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"there are /metrics, /healthz, /status, /drained and /passed\n"]

    def _following(self, page: str) -> dict[str, Any] | None:
        """What the part adds to the whole, and whether it has done all of its own; None while it starts."""
        if self.pipeline is None:
            return None
        if page == "/drained":
            return {"drained": self.pipeline.drained(DRAIN_SECONDS)}
        if page == "/passed":
            return {"passed": self.pipeline.passed(DRAIN_SECONDS)}
        return {**status(self.pipeline), "stopped": self.pipeline.stopped}


@contextmanager
def serving(application: Callable[..., Iterable[bytes]], host: str, port: int) -> Iterator[str]:
    """Serves the application until the context ends; its URL. Port 0 is any free one. Raises PortTaken."""
    try:
        server = make_server(host, port, application, _Server, _Quiet)
    except OSError as error:
        raise PortTaken(f"{host}:{port} cannot be listened on: {error.strerror}; give another with --port") from None
    thread = Thread(target=server.serve_forever, args=(0.1,), name="pages", daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Says nothing: the client knows."""
