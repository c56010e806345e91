"""A pipeline that runs, and a second terminal beside it: the embedded one and one on real servers alike."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from bridge.relay import lines
from distributary.adapters import Adapters
from distributary.errors import ToolMissing
from distributary.local.servers.stack import KINDS
from distributary.reach import connected, find
from distributary.settings import Settings
from schemas.change_event import ChangeEvent
from schemas.dead_letters import DeadLetter
from schemas.settings import read_settings
from schemas.topics import TOPICS
from tests.flow.command import Ended, distributary, running
from tests.real_servers import open_folder, skip
from tests.server_holder import servers


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline that runs in `home`, told by `environment` where its servers are, if it has any."""

    home: Path
    environment: dict[str, str]
    places: Iterator[int] = field(default_factory=lambda: count(100))

    def ask(self, *arguments: str | Path) -> Ended:
        """A command of a second terminal that knows the home alone."""
        return distributary(*arguments, "--home", self.home, env=bare())

    def letters(self, *arguments: str) -> list[dict[str, Any]]:
        """What `dead-letters list` gives."""
        rows: list[dict[str, Any]] = json.loads(self.ask("dead-letters", "list", *arguments, "--json").stdout)[
            "dead_letters"
        ]
        return rows

    def keep(self, owner: str, value: bytes | ChangeEvent, **fields: Any) -> str:
        """Keeps a dead letter of the owner; its place."""
        settings = read_settings(Settings, self.environment)
        with connected(find(self.home, settings), settings, time.time) as adapters:
            place = f"users.changes/0/{next(self.places)}000000"
            letter = _letter(adapters, place, value, **fields)
            with closing(adapters.dead_letters(owner)) as letters:
                letters.record(letter)
        return letter.place


def _letter(adapters: Adapters, place: str, value: bytes | ChangeEvent, **fields: Any) -> DeadLetter:
    key = None
    if isinstance(value, ChangeEvent):
        key, value = value.key_text.encode(), lines(TOPICS, adapters.registry)[0].encoder.encode(value)
    seen = int(time.time() * 1000)
    return DeadLetter(place, value, "project", "KeyError", "'Username'", seen, original_key=key, **fields)


def bare() -> dict[str, str]:
    """The environment, in which nobody says where anything is."""
    return {name: value for name, value in os.environ.items() if not name.startswith("DISTRIBUTARY_")}


def endpoints(opened: ExitStack) -> dict[str, str]:
    """What says where four servers are, which run until `opened` ends; skips the test where they cannot."""
    try:
        found = opened.enter_context(servers(open_folder(opened), KINDS)).endpoints
    except ToolMissing as error:
        skip(str(error))
    return {
        "DISTRIBUTARY_KAFKA": found.kafka,
        "DISTRIBUTARY_KAFKA_REPLICAS": "1",
        "DISTRIBUTARY_REGISTRY_URL": found.registry_url,
        "DISTRIBUTARY_OPENSEARCH_URL": found.opensearch_url,
        "DISTRIBUTARY_OPENSEARCH_REPLICAS": "0",
        "DISTRIBUTARY_DYNAMODB_URL": found.dynamodb_url,
    }


@contextmanager
def started(on: str, home: Path) -> Iterator[Pipeline]:
    """The pipeline, `embedded` or on `servers` of its own, until the context ends."""
    with ExitStack() as opened:
        environment = bare() | (endpoints(opened) if on == "servers" else {})
        opened.enter_context(running("--on", on, "--home", home, env=environment))
        yield Pipeline(home, environment)
