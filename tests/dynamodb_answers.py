"""A DynamoDB that answers from a script, for what a local server does not say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from distributary.dynamodb_clients import DynamoDBClients, local_clients
from distributary.local.direct_calls import call_directly

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


class Answers:
    """What it answers, call by call: a body, or its text (an error's where it has a `__type`), or the name of an error,
    or what a client raises by itself.

    `asked` is what came in.
    """

    def __init__(self, *script: dict[str, Any] | bytes | str | Exception) -> None:
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self._script = list(script)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        request = Request(environ)
        self.asked.append(json.loads(request.get_data()))
        self.headers.append(dict(request.headers))
        answer = self._script.pop(0)
        status = 200
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, str):
            status, answer = 400, {"__type": f"com.amazonaws.dynamodb.v20120810#{answer}", "message": "so it is"}
        if isinstance(answer, bytes) and b"__type" in answer:
            status = 400
        return Response(answer if isinstance(answer, bytes) else json.dumps(answer), status)(environ, start_response)

    def clients(self) -> DynamoDBClients:
        """Clients of it; the caller closes them."""
        clients = local_clients("http://127.0.0.1:1")
        call_directly(clients, self)
        return clients
