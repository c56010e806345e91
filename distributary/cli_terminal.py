"""What every command shares: the terminal, the options, how it finds a pipeline and how it is told to stop."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from distributary.errors import DistributaryError, UnknownName
from schemas.settings import read_settings

if TYPE_CHECKING:
    from consumers.group import Group
    from distributary.adapters import Adapters
    from distributary.attach import Attached
    from distributary.settings import Settings
    from schemas.topics import Topic

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


def environment() -> Settings:
    """What the environment says. Raises SettingsError."""
    from distributary.settings import Settings

    return read_settings(Settings, os.environ)


@contextmanager
def reached(home: Path | None) -> Iterator[Adapters]:
    """The adapters of the pipeline that runs in the home, else of the one that the environment points at.

    Raises NoPipeline, SettingMissing, SettingsError, Outage.
    """
    from distributary.reach import connected, find

    settings = environment()
    with connected(find(home or DEFAULT_HOME, settings), settings, time.time) as adapters:
        yield adapters


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


def read_input(name: str, refused: type[DistributaryError]) -> bytes:
    """The bytes of the file of that name, of standard input for `-`. Raises `refused` where it cannot be read."""
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise refused(f"{name} cannot be read: {error.strerror}; nothing was done with it") from None


def named_input(name: str) -> str:
    """What a person calls it."""
    return "standard input" if name == "-" else name


def group_of(name: str) -> Group:
    """The group of that name. Raises UnknownName."""
    from consumers.groups import GROUPS

    for group in GROUPS:
        if group.name == name:
            return group
    raise UnknownName(f"there is no group {name}; there are {', '.join(group.name for group in GROUPS)}")


def topic_of(table: str) -> Topic:
    """The topic of that table. Raises UnknownName."""
    from schemas.topics import TOPICS

    for topic in TOPICS:
        if topic.table == table:
            return topic
    raise UnknownName(f"there is no table {table}; there are {', '.join(topic.table for topic in TOPICS)}")
