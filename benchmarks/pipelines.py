"""A pipeline on real servers, one process a part: ours and the obvious one, fed and drained in the same way."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from threading import Event

from benchmarks.bridge import Patient
from benchmarks.naive_part import naive_bridge
from benchmarks.places import Place
from bridge.handler import Handler
from consumers.errors import Outage
from consumers.groups import GROUPS
from schemas.topics import TOPICS

ROOT = Path(__file__).parents[1]
MARKER = "0"
"""The key of a workplace user whom nobody else writes."""
PATIENCE_SECONDS = 600.0
END_SECONDS = 30.0
_LOOK_SECONDS = 0.1
_MARKERS = count(1)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """`relay` is the bridge as Lambda has it, given an event's bytes; the other parts are processes."""

    place: Place
    relay: Callable[[bytes], object]
    parts: Mapping[str, subprocess.Popen[bytes]]

    def drain(self) -> None:
        """Returns when everything that was relayed is in every read model, committed and to be searched.

        Raises RuntimeError where a part has ended, or that takes too long.
        """
        place, users = self.place, TOPICS[0].name
        # 1. Both groups have read the table's topic to its end.
        self._wait_for_the_end("app-users", users)
        self._wait_for_the_end("workplace-users", users)
        # 2. What is written to the second table now, last, has come all the way: then so has all before it that
        #    the poller read.
        marker = str(next(_MARKERS))
        item = {"UserId": {"N": MARKER}, "WorkplaceId": {"S": "marked"}, "Username": {"S": marker}}
        place.adapters.stores.dynamodb.put_item(TableName=TOPICS[1].table, Item=item)
        self._wait(lambda: self._marked(marker))
        # 3. The third group has read the second topic to its end.
        self._wait_for_the_end("user-search", TOPICS[1].name)
        # 4. It can be searched.
        assert place.adapters.stores.opensearch is not None
        place.adapters.stores.opensearch.indices.refresh(index=place.read_models["user-search"].name)

    def _wait_for_the_end(self, group: str, topic: str) -> None:
        """Waits until the group has committed what the topic's end is now."""
        log = self.place.adapters.log
        ends = log.ends(topic)

        def has_come() -> bool:
            try:
                positions = log.positions(group, topic)
            except Outage:  # Kafka has just begun to keep positions
                return False
            return all(positions.get(partition, 0) >= end for partition, end in ends.items())

        self._wait(has_come)

    def _marked(self, marker: str) -> bool:
        found = self.place.read_models["user-search"].get(MARKER)
        return found is not None and found.document.get("username") == marker

    def _wait(self, happened: Callable[[], bool]) -> None:
        pause = Event()
        for _ in range(int(PATIENCE_SECONDS / _LOOK_SECONDS)):
            if happened():
                return
            for name, part in self.parts.items():
                if part.poll() is not None:
                    said = (self.place.folder / f"{name}.log").read_text()[-2000:]
                    raise RuntimeError(f"{name} has ended with {part.returncode}: {said}")
            pause.wait(_LOOK_SECONDS)
        raise RuntimeError(f"it is not drained after {PATIENCE_SECONDS:g} s")


@contextmanager
def ours(place: Place) -> Iterator[Pipeline]:
    """The product: its handler here, and `distributary bridge` and `distributary consume` beside it."""
    parts = {"bridge": ["bridge"], **{group.name: ["consume", group.name] for group in GROUPS}}
    commands = {name: ["distributary", *arguments, "--port", "0"] for name, arguments in parts.items()}
    with closing(Handler(place.adapters.relay(), lambda _: None)) as handler:

        def relay(event: bytes) -> None:
            if handler(event, Patient()) != {"batchItemFailures": []}:
                raise RuntimeError("a record was returned")

        with _running(place, relay, commands) as pipeline:
            yield pipeline


@contextmanager
def naive(place: Place) -> Iterator[Pipeline]:
    """The obvious one: `naive_bridge` here, and `naive_part` beside it."""
    at = place.endpoints
    addresses = [at.kafka, at.registry_url, at.opensearch_url, at.dynamodb_url]
    parts = ("poller", *(group.name for group in GROUPS))
    commands = {name: ["benchmarks.naive_part", name, *addresses] for name in parts}
    with _running(place, naive_bridge(at, TOPICS[0]), commands) as pipeline:
        yield pipeline


@contextmanager
def _running(
    place: Place, relay: Callable[[bytes], object], commands: Mapping[str, Sequence[str]]
) -> Iterator[Pipeline]:
    with ExitStack() as opened:
        parts = {}
        for name, command in commands.items():
            output = opened.enter_context((place.folder / f"{name}.log").open("wb"))
            parts[name] = subprocess.Popen(
                [sys.executable, "-m", *command], cwd=ROOT, env=dict(place.environment), stdout=output, stderr=output
            )
            opened.callback(_end, parts[name])
        yield Pipeline(place, relay, parts)


def _end(part: subprocess.Popen[bytes]) -> None:
    part.terminate()
    try:
        part.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        part.kill()
        part.wait()
