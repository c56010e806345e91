"""Every interleaving of the version guard's steps on one key: its owner, zombies, crashes and redelivery.

A worker goes through a history of changes, version 1 upwards. It may fold several of them into one write, as a batch
does, and a step may reach the store twice, as when an answer is lost and the client asks again. The owner may die at
any step and its successor goes on from any earlier change, which is more than redelivery from a committed position
can do. A zombie is a worker that begins at any change, is overtaken by anything, and may never come to its end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import combinations_with_replacement, product
from typing import Literal, NamedTuple, TypeAlias

from consumers.read_model import WriteOutcome
from consumers.read_models.version_guard import REVISE, UNDONE, Action, Answer, Found, Part, Place, Step, steps
from consumers.writes import Put, Remove, VersionedWrite

FOREIGN = Found(None)
"""An item that somebody else wrote."""
MIXED = Found("mixed")
"""An item that holds what somebody else wrote beside our document: no history ends so, and no version is higher."""
Answers: TypeAlias = tuple[Answer, ...]


class Change(NamedTuple):
    """One change of the item: a put or a removal."""

    kind: Literal["put", "remove"]
    version: str

    @property
    def write(self) -> VersionedWrite:
        """What a projection makes of it."""
        return VersionedWrite(Put("key", {}) if self.kind == "put" else Remove("key"), self.version)


History: TypeAlias = tuple[Change, ...]


class Store(NamedTuple):
    """What stands in the two tables under the one key."""

    item: Found | None
    removal: Found | None

    def carry_out(self, step: Step, version: str) -> tuple[Store, Answers]:
        """The store after the step, all of it or nothing, and the answers."""
        answers = tuple(self._answer(part, version) for part in step)
        store = self
        if all(answer.held for answer in answers):
            for part in step:
                store = store._after(part, version)
        return store, answers

    def _answer(self, part: Part, version: str) -> Answer:
        found = self.item if part.place is Place.ITEM else self.removal
        return Answer(all(condition.holds(found, version) for condition in part.conditions), found)

    def _after(self, part: Part, version: str) -> Store:
        if part.action is Action.CHECK:
            return self
        row = None if part.action is Action.DELETE else Found(version)
        if part.action is Action.UPDATE and self.item == FOREIGN:
            row = MIXED
        return self._replace(**{part.place.value: row})


class Worker(NamedTuple):
    """Who goes through the history: `at` is the change that comes next, `doing` the one it is applying, if any.

    `answers` are those of that change's steps so far, `partial` those of a step that is carried out part by part.
    """

    at: int
    doing: int | None = None
    answers: tuple[Answers, ...] = ()
    partial: Answers = ()


class State(NamedTuple):
    """One moment of the model."""

    store: Store
    owner: Worker
    zombies: tuple[Worker, ...]


class Variant(NamedTuple):
    """The protocol with something taken out: steps that are replaced, transactions that are not.

    `revising`: a put begins with a statement of a batch, which may be answered without having been carried out.
    """

    replaced: Mapping[Step, Step] = {}
    transactions: bool = True
    revising: bool = False


AS_IT_IS = Variant()


class Search:
    """Visits every state that a history can lead to.

    `wrong` tells the shortest way to a moment in which the owner has finished and the item is not as the history says;
    None if there is no such way. `visited` is how many states were looked at.
    """

    def __init__(self, history: History, variant: Variant = AS_IT_IS, zombies: int = 1) -> None:
        self._history = history
        self._variant = variant
        self._turns = cache(self._all_turns)
        self._before: dict[State, State | None] = {}
        last = history[-1]
        self._ending = Found(last.version) if last.kind == "put" else None
        self.wrong = self._search(zombies)
        self.visited = len(self._before)

    def _search(self, zombies: int) -> str | None:
        waiting: deque[State] = deque()
        for item in (None, FOREIGN):
            for begins in combinations_with_replacement(range(len(self._history)), zombies):
                waiting.append(State(Store(item, None), Worker(0), tuple(map(Worker, begins))))
        self._before.update(dict.fromkeys(waiting))
        while waiting:
            state = waiting.popleft()
            if state.owner == Worker(len(self._history)) and state.store.item != self._ending:
                return self._way_to(state)
            for after in self._moves(state):
                if after not in self._before:
                    self._before[after] = state
                    waiting.append(after)
        return None

    def _way_to(self, state: State) -> str:
        moments: list[State | None] = [state]
        while moments[-1] is not None:
            moments.append(self._before[moments[-1]])
        changes = " ".join(f"{change.kind} {change.version}," for change in self._history)
        return "\n".join([changes, *(str(moment) for moment in reversed(moments[:-1]))])

    def _moves(self, state: State) -> Iterator[State]:
        store, owner, zombies = state
        for earlier in range(owner.at + 1):
            yield State(store, Worker(earlier), zombies)
        for store_after, owner_after in self._turns(store, owner):
            yield State(store_after, owner_after, zombies)
        for number, zombie in enumerate(zombies):
            for store_after, zombie_after in self._turns(store, zombie):
                yield State(store_after, owner, (*zombies[:number], zombie_after, *zombies[number + 1 :]))

    def _all_turns(self, store: Store, worker: Worker) -> list[tuple[Store, Worker]]:
        choices = range(worker.at, len(self._history)) if worker.doing is None else (worker.doing,)
        return [turn for number in choices for turn in self._turn(store, worker, number)]

    def _turn(self, store: Store, worker: Worker, number: int) -> Iterator[tuple[Store, Worker]]:
        change = self._history[number]
        step = _next(change, worker.answers, self._variant.revising)
        assert not isinstance(step, WriteOutcome)
        if step == REVISE:
            yield store, Worker(worker.at, number, (UNDONE,))
        step = self._variant.replaced.get(step, step)
        if self._variant.transactions:
            store, answers = store.carry_out(step, change.version)
        else:
            store, answers = store.carry_out(step[len(worker.partial) :][:1], change.version)
            answers = worker.partial + answers
            if answers[-1].held and len(answers) < len(step):
                yield store, worker._replace(doing=number, partial=answers)
                return
            answers += (Answer(held=False, found=None),) * (len(step) - len(answers))
        # The answer may be lost, and the step taken again.
        yield store, worker
        log = (*worker.answers, answers)
        if isinstance(_next(change, log, self._variant.revising), WriteOutcome):
            yield store, Worker(number + 1)
        else:
            yield store, Worker(worker.at, number, log)


@cache
def _next(change: Change, answers: tuple[Answers, ...], revising: bool) -> Step | WriteOutcome:
    """What the adapter's own generator says after those answers."""
    run = steps(change.write, revising=revising)
    try:
        step = next(run)
        for answer in answers:
            step = run.send(answer)
    except StopIteration as end:
        outcome: WriteOutcome = end.value
        return outcome
    return step


def histories(longest: int) -> Iterator[History]:
    """Every sequence of puts and removals up to that length, the shorter ones first."""
    kinds: tuple[Literal["put", "remove"], ...] = ("put", "remove")
    for length in range(1, longest + 1):
        for chosen in product(kinds, repeat=length):
            yield tuple(Change(kind, str(number)) for number, kind in enumerate(chosen, 1))
