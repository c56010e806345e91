"""Containers serve tests where an engine has their image; an engine is never made to pull one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import ClassVar

import pytest

from tests.containers import IMAGES, open_container


class Engine(BaseHTTPRequestHandler):
    """The API of a container engine that holds `images` and cannot make a container."""

    images: ClassVar[set[str]] = set()
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(f"GET {self.path}")
        if self.path.endswith("/version"):
            self._answer(200, {"ApiVersion": "1.47"})
        elif any(f"/images/{image}/json" in self.path for image in self.images):
            self._answer(200, {"Id": "sha256:1", "RepoTags": []})
        else:
            self._answer(404, {"message": "no such image"})

    def do_POST(self) -> None:
        self.asked.append(f"POST {self.path}")
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._answer(500, {"message": "no room"})

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass

    def _answer(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Engine]]:
    """An engine that DOCKER_HOST names."""

    class Fresh(Engine):
        images: ClassVar[set[str]] = set()
        asked: ClassVar[list[str]] = []

    with ThreadingHTTPServer(("127.0.0.1", 0), Fresh) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.server_port}")
        yield Fresh
        server.shutdown()
        thread.join()


def opened(endpoint: str) -> str | None:
    with ExitStack() as stack:
        return open_container(endpoint, stack, Event())


@pytest.mark.parametrize("endpoint", IMAGES)
def test_an_engine_without_the_image_is_asked_for_it_and_pulls_nothing(engine: type[Engine], endpoint: str) -> None:
    assert opened(endpoint) is None
    assert any(f"/images/{IMAGES[endpoint].name}/json" in asked for asked in engine.asked)
    assert not [asked for asked in engine.asked if asked.startswith("POST")]


def test_no_engine_is_no_container(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    assert opened("kafka") is None
    assert opened("dynamodb_url") is None


@pytest.mark.parametrize("endpoint", IMAGES)
def test_a_container_that_cannot_be_made_leaves_it_to_the_servers(engine: type[Engine], endpoint: str) -> None:
    engine.images.add(IMAGES[endpoint].name)
    assert opened(endpoint) is None
    posted = [asked for asked in engine.asked if asked.startswith("POST")]
    assert len(posted) == 1
    assert "/containers/create" in posted[0]
