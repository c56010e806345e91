"""What every command shares: the terminal, the options, how it finds a pipeline and how it is told to stop."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from distributary.attach import Attached

DEFAULT_HOME = Path(".distributary")

out = Console()
err = Console(stderr=True)

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", envvar="DISTRIBUTARY_HOME", help="The folder of the pipeline's state.", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
OWNER_HELP = "A group, `bridge:<table>`, or `bridge:-` for no known table."


def attached(home: Path | None) -> Attached:
    """The pipeline that runs in the home. Raises NoPipeline."""
    from distributary.attach import Attached

    return Attached(home or DEFAULT_HOME)


def until_told() -> Event:
    """An event that Ctrl-C, or a request to terminate, sets; the second one ends the process there and then."""
    told = Event()

    def tell(_signal: int, _frame: FrameType | None) -> None:
        if told.is_set():
            os._exit(130)  # asked twice: the state stands any kill
        told.set()
        os.write(2, b"stopping after the batches under way; once more to stop at once\n")

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, tell)
    return told
