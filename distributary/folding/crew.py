"""Who does the work on partitions: this process, or several beside it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from multiprocessing import connection, get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import Any

from consumers.group import Group
from consumers.groups import GROUPS
from distributary.adapters import Adapters
from distributary.errors import Stopped
from distributary.folding.findings import Findings
from distributary.folding.replaying import Replayed
from distributary.folding.worker import Task, Tellings, Work, Worker, working
from distributary.folding.writing import Written
from distributary.reach import connected, find
from distributary.settings import Settings

LOOK_SECONDS = 0.2
"""How often progress is told."""
EVENTS, LOOKED, WRITTEN = range(3)

_SPAWN = get_context("spawn")


@dataclass(frozen=True, slots=True)
class Reach:
    """How another process reaches the same pipeline; see `distributary.reach`."""

    home: Path
    settings: Settings
    clock: Callable[[], float]


class Counts:
    """How many events were read, keys looked at and keys written, by all processes; and whether they shall stop."""

    def __init__(self) -> None:
        self._numbers = _SPAWN.Array("q", 3)
        self._stop = _SPAWN.Event()

    def __getitem__(self, which: int) -> int:
        return int(self._numbers[which])

    def stop(self) -> None:
        """Lets whoever counts stop where it is."""
        self._stop.set()

    def tellings(self) -> Tellings:
        """What a worker tells of itself; raises Stopped in it where it shall stop."""

        def counting(which: int) -> Callable[[int], None]:
            def count(more: int) -> None:
                with self._numbers.get_lock():
                    self._numbers[which] += more
                if self._stop.is_set():
                    raise Stopped("it was stopped; run it again: it ends right, whatever was done by now")

            return count

        return Tellings(counting(EVENTS), counting(LOOKED), counting(WRITTEN))


class Crew:
    """Does the work on partitions, `size` of them at a time. Use `crew`."""

    def __init__(self, executor: Executor, size: int, counts: Counts, do: Callable[[Work, int], Any]) -> None:
        self.size = size
        self.counts = counts
        self._executor = executor
        self._do = do

    def check(self, numbers: Iterable[int], tell: Callable[[Counts], None]) -> Iterator[tuple[int, Findings]]:
        """What differs in each partition; the next number is asked for when there is somebody to work on it."""
        return self._each(Work.CHECK, numbers, tell)

    def write(self, numbers: Iterable[int], tell: Callable[[Counts], None]) -> Iterator[tuple[int, Written]]:
        """What was written of what `check` found in each partition."""
        return self._each(Work.WRITE, numbers, tell)

    def replay(self, numbers: Iterable[int], tell: Callable[[Counts], None]) -> Iterator[tuple[int, Replayed]]:
        """What became of each partition's writes under the version guard."""
        return self._each(Work.REPLAY, numbers, tell)

    def _each(self, work: Work, numbers: Iterable[int], tell: Callable[[Counts], None]) -> Iterator[tuple[int, Any]]:
        left, running = iter(numbers), dict[Future[Any], int]()
        try:
            while True:
                while len(running) < self.size and (number := next(left, None)) is not None:
                    running[self._executor.submit(self._do, work, number)] = number
                if not running:
                    return
                done, _ = wait(running, LOOK_SECONDS, FIRST_COMPLETED)
                tell(self.counts)
                for future in done:
                    yield running.pop(future), future.result()
        except BaseException:
            self.counts.stop()
            raise


@contextmanager
def crew(adapters: Adapters, reach: Reach, group: Group, task: Task, size: int) -> Iterator[Crew]:
    """A crew for the task: of one, this process does the work itself."""
    counts = Counts()
    if task.writes_per_second is not None:
        task = replace(task, writes_per_second=task.writes_per_second / size)
    with ExitStack() as opened:
        if size == 1:
            worker = opened.enter_context(working(adapters, group, task, counts.tellings()))
            thread = opened.enter_context(ThreadPoolExecutor(1, "partitions"))
            yield Crew(thread, size, counts, worker.do)
            return
        processes = ProcessPoolExecutor(size, _SPAWN, _begin, (reach, task, counts))
        yield Crew(opened.enter_context(processes), size, counts, _do)


def group_named(name: str) -> Group | None:
    """The group of that name in groups.py."""
    return next((group for group in GROUPS if group.name == name), None)


# Of a process of a crew: what it works with, until it ends.
_opened = ExitStack()
_worker: list[Worker] = []


def _begin(reach: Reach, task: Task, counts: Counts) -> None:
    # Ctrl-C reaches every process of a terminal; whoever sent the work decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_the_parent, daemon=True).start()
    adapters = _opened.enter_context(connected(find(reach.home, reach.settings), reach.settings, reach.clock))
    group = group_named(task.group)
    assert group is not None  # it is the same code that sent the task
    _worker.append(_opened.enter_context(working(adapters, group, task, counts.tellings())))


def _do(work: Work, number: int) -> Findings | Written | Replayed:
    return _worker[0].do(work, number)


def _end_with_the_parent() -> None:
    parent = parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os._exit(1)
