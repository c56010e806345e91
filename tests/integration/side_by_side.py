"""Two generations at work on one topic while it is written to and read, wherever log and read models are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

from consumers.delivery.loop import Consumer
from consumers.read_model import ReadModel
from tests.events import event

PEOPLE = 20
"""So many users there are from the start; none of them ever goes."""


def changes(turns: int) -> Iterator[Any]:
    """Every user signs up, and then changes once a turn; all are found by `ann` at all times."""
    sequence = 0
    for turn in range(turns + 1):
        for user in range(1, PEOPLE + 1):
            sequence += 1
            yield event(
                "INSERT" if turn == 0 else "MODIFY",
                sequence,
                user_id=user,
                before=None if turn == 0 else {"Username": f"u{turn - 1}", "FirstName": "Ann"},
                after={"Username": f"u{turn}", "FirstName": "Ann"},
            )


@contextmanager
def at_work(*consumers: Consumer) -> Iterator[None]:
    """Lets the consumers run, each in a thread of its own; raises what stopped one."""
    stop, failures = Event(), list[Exception]()

    def work(consumer: Consumer) -> None:
        try:
            consumer.run(stop)
        except Exception as error:  # noqa: BLE001 - raised below
            failures.append(error)

    threads = [Thread(target=work, args=(consumer,)) for consumer in consumers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for consumer in consumers:
            consumer.wake()
        for thread in threads:
            thread.join()
    assert not failures


@contextmanager
def reading(search: Callable[[], list[Any]]) -> Iterator[list[list[Any]]]:
    """Searches all the time; what each search found."""
    done, seen, failures = Event(), list[list[Any]](), list[Exception]()

    def read() -> None:
        try:
            while not done.is_set():
                seen.append(search())
        except Exception as error:  # noqa: BLE001 - raised below
            failures.append(error)

    thread = Thread(target=read)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()
    assert not failures


def until(happened: Callable[[], bool], seconds: float = 60.0) -> None:
    """Waits for it."""
    pause = Event()
    for _ in range(int(seconds / 0.02)):
        if happened():
            return
        pause.wait(0.02)
    raise AssertionError(f"it did not happen within {seconds:g} s")


def documents(read_model: ReadModel) -> dict[str, Any]:
    """What it holds, by key, apart from who built it."""
    return {
        found.key: {name: value for name, value in found.document.items() if name != "build"}
        for found in read_model.scan()
    }
