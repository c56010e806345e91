"""`distributary verify`: whether a read model is what its log says (design section 9)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TypeVar

from consumers.group import Group
from consumers.subscription import Log
from distributary.adapters import Adapters
from distributary.folding.checks import check_topic
from distributary.folding.crew import EVENTS, LOOKED, Counts, Reach, crew
from distributary.folding.findings import Findings
from distributary.folding.fold_file import FoldFile, fold_path
from distributary.folding.held_file import HeldFile
from distributary.folding.partition import Scope
from distributary.folding.partition_of_key import by_item_key, item_key
from distributary.folding.worker import Range, Task, item_key_parts
from distributary.letters import letter_key, open_letters
from distributary.progress import Show, Stage
from schemas.partitions import partition_of

MANY_EVENTS = 100_000
"""From so many events on, several processes are worth their start."""


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class How:
    """How a fold is made: `workers` processes (None: as many as are of use), `patience` seconds for a group that stands
    still, whether a lost beginning of the topic is accepted, and how many writes a second may go out.
    """

    workers: int | None = None
    patience: float = 5.0
    accept_truncated: bool = False
    writes_per_second: float | None = None


def verify(
    adapters: Adapters,
    reach: Reach,
    group: Group,
    scope: Scope,
    how: How,
    show: Show,
    keys: Callable[[Iterable[bytes]], None] = lambda _: None,
) -> Findings:
    """What differs between the log and the group's read model; `keys` hears of every key that does.

    Raises LogIncomplete, Outage.
    """
    with folder(reach.home) as place:
        # 1 read the read model, 2 then fix the log's ends
        task = prepared(adapters, group, scope, how, place, show)
        # 3 fold, compare, look again
        found = Findings()
        total = sum(end - start for start, end in task.ranges.values())
        with crew(adapters, reach, group, task, crew_size(how, total, len(task.ranges))) as at_work:
            for number, findings in at_work.check(task.ranges, lambda counts: show(reading(counts, total))):
                found.add(findings, scope.samples)
                with closing(FoldFile(fold_path(place, number), anew=False)) as file:
                    for page in file.findings():
                        keys(page)
    return found


def prepared(adapters: Adapters, group: Group, scope: Scope, how: How, place: Path, show: Show) -> Task:
    """The task, once the read model was read and the log's ends are fixed. Raises LogIncomplete, Outage."""
    starts = check_topic(adapters.log, group.topic, accept_truncated=how.accept_truncated)
    held = None
    if scope.keys is None:
        held = place / "held.sqlite3"
        read_held(adapters, group, held, len(starts), show)
    letters = open_letters(adapters.log, group.name)
    keys = (letter_key(group.name, letter) for letter in letters)
    parts = item_key_parts(group.topic)
    return Task(
        group=group.name,
        scope=scope,
        folder=place,
        ranges=_of(scope, ranges(adapters.log, group.topic, starts)),
        open_letters=frozenset(item_key(key, parts) for key in keys if key is not None),
        held=held,
        patience=how.patience,
        writes_per_second=how.writes_per_second,
    )


def read_held(adapters: Adapters, group: Group, path: Path, partitions: int, show: Show) -> None:
    """Reads the group's read model into a file. Raises Outage."""
    partition_of = by_item_key(item_key_parts(group.topic), partitions)
    with closing(adapters.read_model(group)) as read_model:
        documents = counted(read_model.scan(), lambda number: show(Stage("documents read", number, None)))
        HeldFile.read(path, documents, partition_of).close()


def ranges(log: Log, topic: str, starts: Mapping[int, int]) -> dict[int, Range]:
    """From where to where each partition is read, as of now."""
    return {partition: Range(starts.get(partition, 0), end) for partition, end in log.ends(topic).items()}


def _of(scope: Scope, every: dict[int, Range]) -> dict[int, Range]:
    """Those partitions that the scope's keys are in."""
    if scope.keys is None:
        return every
    wanted = {partition_of(key, len(every)) for key in scope.keys}
    return {number: span for number, span in every.items() if number in wanted}


def crew_size(how: How, events: int, partitions: int) -> int:
    """How many processes work on the partitions."""
    if how.workers is not None:
        return max(1, min(how.workers, partitions))
    return min(os.cpu_count() or 1, partitions) if events >= MANY_EVENTS else 1


def reading(counts: Counts, total: int) -> Stage:
    """How far the reading is, or the looking after it."""
    if counts[EVENTS] < total or not counts[LOOKED]:
        return Stage("events read", counts[EVENTS], total)
    return Stage("keys looked at", counts[LOOKED], None)


@contextmanager
def folder(home: Path) -> Iterator[Path]:
    """A folder in the home for what a fold keeps, gone at the end; those of killed commands go at the next start."""
    folds = home / "folds"
    folds.mkdir(parents=True, exist_ok=True)
    for left in folds.iterdir():
        if not _lives(left.name.partition("-")[0]):
            rmtree(left, ignore_errors=True)
    place = Path(mkdtemp(prefix=f"{os.getpid()}-", dir=folds))
    try:
        yield place
    finally:
        rmtree(place, ignore_errors=True)


def _lives(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True


def counted(documents: Iterator[T], tell: Callable[[int], None]) -> Iterator[T]:
    """The same; `tell` hears now and then how many there have been."""
    number = 0
    for number, document in enumerate(documents, 1):
        yield document
        if number % 1000 == 0:
            tell(number)
    tell(number)
