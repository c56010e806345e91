"""The pipeline's own pages on its loopback endpoint: what other terminals ask a running pipeline."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from werkzeug.wrappers import Request, Response

from distributary.metrics import CONTENT_TYPE, metrics_text
from distributary.pipeline import Pipeline
from distributary.status import status

DRAIN_SECONDS = 2.0
"""How long one question whether the pipeline is drained may take."""


class Endpoint:
    """A WSGI application: `/status`, `/drained`, `/passed` (JSON) and `/metrics`. 503 until the pipeline is there."""

    def __init__(self) -> None:
        self.pipeline: Pipeline | None = None

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answers one request."""
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if self.pipeline is None:
            return Response("the pipeline is starting", 503)
        if request.path == "/status":
            return _json(status(self.pipeline))
        if request.path == "/metrics":
            return Response(metrics_text(self.pipeline), content_type=CONTENT_TYPE)
        if request.path == "/drained":
            return _json({"drained": self.pipeline.drained(DRAIN_SECONDS)})
        if request.path == "/passed":
            return _json({"passed": self.pipeline.passed(DRAIN_SECONDS)})
        return Response("there are /status, /drained, /passed and /metrics", 404)


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), mimetype="application/json")
