"""A poller on streams in memory, and how to ask it things."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from threading import Thread
from typing import Any

from bridge.accounts import WHOLE_BATCH, BatchResult
from bridge.memory_streams import MemoryShardPositions, MemoryStreams
from bridge.poller import Pace, Poller
from schemas.topics import Topic
from tests.records import arn, record

USERS = Topic("Users", "users.changes", item_record="users")
PACE = Pace(listing=10.0, first_retry=1.0, longest_retry=8.0)


def records(*numbers: int) -> list[dict[str, Any]]:
    """Records with these sequence numbers."""
    return [record("INSERT", number) for number in numbers]


class Bench:
    """A poller of streams in memory, at a clock that stands until it is moved.

    `done` are the sequence numbers that the relay reported done; `returns` are those that it returns, once each.
    """

    def __init__(self, streams: MemoryStreams | None = None, pace: Pace = PACE) -> None:
        self.streams = streams or MemoryStreams("Users", arn())
        self.positions = MemoryShardPositions()
        self.pace = pace
        self.now = 0.0
        self.done: list[int] = []
        self.batches: list[int] = []
        self.returns: list[int] = []
        self.whole_batch = False
        self.poller = self.start()

    def start(self) -> Poller:
        """A poller as a new process has it: only the positions are left."""
        self.poller = Poller(
            USERS,
            self.streams,
            self.positions,
            self.relay,
            clock=lambda: self.now,
            chance=Random(1).random,
            pace=self.pace,
        )
        return self.poller

    def relay(self, batch: Sequence[Mapping[str, Any]]) -> BatchResult:
        numbers = [int(each["dynamodb"]["SequenceNumber"]) for each in batch]
        self.batches.append(len(numbers))
        for at, number in enumerate(numbers):
            if number in self.returns:
                self.returns.remove(number)
                if self.whole_batch:
                    return BatchResult({}, WHOLE_BATCH)
                self.done += numbers[:at]
                return BatchResult({}, str(number), "queue full")
        self.done += numbers
        return BatchResult({})

    def poll(self, passes: int = 1, seconds: float = 0.0) -> list[int]:
        """What is done after so many more passes, so many seconds apart."""
        for _ in range(passes):
            self.now += seconds
            self.poller.poll_once()
        return self.done


def ask(bench: Bench, timeout: float, before_each_pass: Callable[[], object] = lambda: None) -> bool:
    """What `wait_for_empty_pass` answers while passes go on."""
    return _while_polling(bench, lambda: bench.poller.wait_for_empty_pass(timeout), before_each_pass)


def ask_whether_passed(bench: Bench, timeout: float, before_each_pass: Callable[[], object] = lambda: None) -> bool:
    """What `wait_until_passed` answers while passes go on."""
    return _while_polling(bench, lambda: bench.poller.wait_until_passed(timeout), before_each_pass)


def _while_polling(bench: Bench, question: Callable[[], bool], before_each_pass: Callable[[], object]) -> bool:
    answers: list[bool] = []
    thread = Thread(target=lambda: answers.append(question()))
    thread.start()
    while thread.is_alive():
        before_each_pass()
        bench.poll()
    return answers[0]
