"""Whether a table's changes are being captured: its topic has them all, its stream is on, and a bridge passes."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from time import monotonic
from typing import Any, Protocol

from bridge.relay import lines
from bridge.statements import Statements
from bridge.streams import Stream, Streams, check_view_type
from distributary.adapters import Adapters
from distributary.errors import BridgeBehind, CaptureUnchecked, LogIncomplete, Stopped
from schemas.topics import Topic

LOOK_SECONDS = 0.1
"""Between two questions; each may take as long as the bridge's passes take."""


class BridgePages(Protocol):
    """The pages of whatever the bridge runs in. Both raise NoPipeline where they do not answer."""

    def status(self) -> dict[str, Any]:
        """See `distributary.status.status`."""
        ...

    def passed(self) -> bool:
        """See `Pipeline.passed`."""
        ...


def check_published(topic: Topic, what: str) -> None:
    """Raises LogIncomplete where the bridge keeps some of the table's records out of the topic."""
    if topic.published is not None:
        raise LogIncomplete(
            f"the bridge filters {topic.table} (`published` in schemas/topics.py), so {topic.name} does not hold every "
            f"change, and a {what} could not be told from what was left out; take the filter away first"
        )


def captured_stream(topic: Topic, streams: Streams) -> Stream:
    """The table's stream, which carries what its topic says. Raises StreamMissing, WrongViewType, StreamUnavailable."""
    stream = streams.find(topic.table)
    check_view_type(topic, stream)
    return stream


def wait_until_passed(bridge: BridgePages, seconds: float, stop: Event, clock: Callable[[], float] = monotonic) -> None:
    """Returns once the bridge has relayed all that was committed before the call.

    Raises BridgeBehind where that takes more than `seconds`, Stopped where `stop` is set before, and what `bridge`
    raises.
    """
    end = clock() + seconds
    while not bridge.passed():
        if stop.wait(LOOK_SECONDS):
            raise Stopped("stopped while the bridge was waited for; give the same command again")
        if clock() > end:
            raise BridgeBehind(
                f"the bridge has not come to the end of its streams within {seconds:g} s; see `distributary status`, "
                "or do this again when less is written"
            )


def check_captured(topic: Topic, bridge: BridgePages | None, seconds: float, stop: Event) -> None:
    """Raises CaptureUnchecked where there is no bridge, or it does not poll the table; BridgeBehind as above."""
    if bridge is None:
        raise CaptureUnchecked(
            f"nothing shows that the changes of {topic.table} are being captured; name the home of a running pipeline "
            "with --home, or the pages of a bridge with --bridge, or, where Lambda runs it and you have seen it work, "
            "give --capture-checked"
        )
    if all(row["table"] != topic.table for row in bridge.status()["bridge"]):
        raise CaptureUnchecked(f"the bridge that was named does not poll {topic.table}; name the one that does")
    wait_until_passed(bridge, seconds, stop)


def statements_of(adapters: Adapters, topic: Topic, stream: Stream) -> Callable[[], Statements]:
    """What makes Statements of the table in its topic, each on a publisher of its own.

    Raises UnknownSchema, RegistryUnavailable.
    """
    (line,) = lines([topic], adapters.registry)
    return lambda: Statements(line, stream, adapters.publisher(), adapters.clock, adapters.metadata)
