"""How a command knows that the bridge has passed a moment: by its pages, or by the seconds that a person gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from distributary.errors import CaptureUnchecked, Stopped

if TYPE_CHECKING:
    from distributary.attach import Attached
    from distributary.capture import BridgePages

PASS_SECONDS = 120.0
"""How long the bridge may take to come to the end of its streams."""

BridgeOption = Annotated[
    str | None,
    typer.Option("--bridge", metavar="URL", envvar="DISTRIBUTARY_BRIDGE_URL", help="The pages of a bridge that runs."),
]
WaitOption = Annotated[
    float | None, typer.Option(min=0, help="Seconds after which the bridge has surely passed a change (Lambda).")
]


@dataclass(frozen=True, slots=True)
class Pages:
    """What a person says of the bridge: where its pages are, how long it takes at the most."""

    url: str | None
    wait: float | None = None

    def of(self, found: Attached | None) -> BridgePages | None:
        """The bridge's pages: those that are named, else those of the pipeline that was found."""
        from distributary.attach import BridgeAt

        return found if self.url is None else BridgeAt(self.url)

    def passing(self, found: Attached | None, table: str, stop: Event) -> Callable[[], None]:
        """What returns once the bridge has passed the moment of the call; it raises Stopped where `stop` is set.

        Raises CaptureUnchecked where nothing says so.
        """
        from distributary.capture import wait_until_passed

        pages, wait = self.of(found), self.wait
        if pages is None and wait is None:
            raise CaptureUnchecked(
                f"nothing says when the bridge has passed a change of {table}; name the home of a running pipeline "
                "with --home, or the pages of a bridge with --bridge, or, where Lambda runs it, give the seconds with "
                "--wait"
            )

        def passed() -> None:
            if pages is not None:
                wait_until_passed(pages, PASS_SECONDS, stop)
            if stop.wait(wait or 0.0):
                raise Stopped("stopped; what was not said to be done is as it was, and may be asked for again")

        return passed
