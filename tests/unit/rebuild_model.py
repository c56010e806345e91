"""Every interleaving of a rebuild with live traffic, on one key of a read model.

A log comes in event by event; a live member applies each, or several folded into one, and anybody may deliver any of
them again at any time, as a redelivery or a zombie does; a removal of long ago may be forgotten. A former member of
another projection did the first events and has left. Between all of that a rebuild goes its way, dies, and begins anew.
What is wrong is decided by the product's own `Group.look`, `moments` and `judge`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from consumers.read_model import REMOVALS_KEPT_SECONDS, Document, Replacement, State
from consumers.writes import Put
from distributary.folding.judge import Finding, Rule, judge, moments, nothing
from tests.unit.rebuild_histories import KEY, at
from tests.unit.rebuild_store import Compare, Held, Said, Store
from tests.unit.rebuild_told import NOW, Told, ending_of, fields_of, given_back, held_of, value_of, write_of

RULE = Rule(lambda want: want.kept_since is None or NOW - want.kept_since < REMOVALS_KEPT_SECONDS)
STRANGERS: tuple[Held, ...] = ((None, (0, 0)), ("2000-01-01T00:00:00.000#0", (0, 0)), (at(99), (0, 0)))
"""Documents that the log says nothing of: somebody else's, and ours below and above whatever comes."""


class Rebuilding(NamedTuple):
    """The rebuild, and what may be left out of it.

    A write depends on `compare`. `scans_first`: it scans the read model before it fixes the log's ends; `reads_first`:
    it reads the key before the log's end, when it looks again, and then it `reads_on` up to there. It `remembers`
    removals, `looks_after` a write that lowered the key, and `waits_for_former` members to have left.
    """

    compare: Compare = Compare.ALL
    scans_first: bool = True
    reads_first: bool = True
    remembers: bool = True
    looks_after: bool = True
    waits_for_former: bool = True
    reads_on: bool = True


AS_IT_IS = Rebuilding()


class Step(NamedTuple):
    """What a rebuild does next, and what it knows by then: where the fold ended, what it read of the read model, up to
    where it read the log, what it is to write. `strictly`: only the latest that the log wants is right.
    """

    does: str
    end: int = -1
    store: Store | None = None
    now: int = -1
    said: Said | None = None
    strictly: bool = False


SCAN, FIX, READ, REACH, WRITE, DONE = "scan", "fix the ends", "read", "reach the log's end", "write", "done"
BEGIN, END = Step(SCAN), Step(DONE)


class Moment(NamedTuple):
    """One moment of the model: how much is in the log, how much live traffic has delivered."""

    logged: int
    delivered: int
    store: Store
    rebuild: Step


class Search:
    """Visits every moment that a log can lead to.

    `wrong` tells the shortest way to one in which the rebuild is done, all is delivered, and the read model is not as
    the log says, or in which it lowered a key that nobody but live traffic wrote; None if there is none. `visited` is
    how many moments were looked at. With `strangers`, their documents may stand there before all of it: not where
    events are lost, which live traffic alone does not see.
    """

    def __init__(
        self, told: Told, rebuilding: Rebuilding = AS_IT_IS, *, two_rows: bool = True, strangers: bool = True
    ) -> None:
        self._told = told
        self._rebuilding = rebuilding
        self._strangers = strangers and told.former is None and told.told and not told.old
        self._looked = cache(self._look)
        self._suspected = cache(self._suspects)
        self._last = len(told.live)
        self._before: dict[Moment, Moment | None] = dict.fromkeys(self._beginnings(Store(two_rows)))
        self.wrong = self._search()
        self.visited = len(self._before)

    def _beginnings(self, empty: Store) -> Iterator[Moment]:
        """A former member, or the live one, has delivered the first events; strangers' documents stand there before."""
        told, logged = self._told, 0 if self._told.told else self._last
        done = told.former or told.live
        for delivered in range(told.old, (self._last if told.former else told.old) + 1):
            store = empty
            for said in filter(None, done[:delivered]):
                *_, store = store.apply(said)
            yield Moment(max(logged, delivered), delivered, store, BEGIN)
        if self._strangers:
            # Where a dead writer's removal may stay recorded, for events that whoever follows skips, somebody else's
            # document under it goes with the next removal only, and until then any put takes it over.
            strangers = STRANGERS if told.folded is None else STRANGERS[1:]
            yield from (Moment(logged, 0, empty._replace(held=stranger), BEGIN) for stranger in strangers)

    def _search(self) -> str | None:
        waiting = deque(self._before)
        while waiting:
            moment = waiting.popleft()
            if self._is_wrong(moment):
                return self._way_to(moment)
            for after in self._moves(moment):
                if after not in self._before:
                    self._before[after] = moment
                    waiting.append(after)
        return None

    def _is_wrong(self, moment: Moment) -> bool:
        if moment.rebuild.strictly and self._told.former is None and not self._strangers:
            return True
        if moment.rebuild.does != DONE or not moment.logged == moment.delivered == self._last:
            return False
        held = moment.store.held
        left_alone = held is not None and held[0] is None and self._told.ending.value is None
        return held != held_of(self._told.ending) and not left_alone

    def _way_to(self, moment: Moment) -> str:
        moments: list[Moment | None] = [moment]
        while moments[-1] is not None:
            moments.append(self._before[moments[-1]])
        return "\n".join([str(self._told), *(str(each) for each in reversed(moments[:-1]))])

    def _moves(self, moment: Moment) -> Iterator[Moment]:
        logged, delivered, store, rebuild = moment
        if logged < self._last:
            yield Moment(logged + 1, delivered, store, rebuild)
        for so_far, said in self._deliveries(logged, delivered):
            after = store
            for after in (store,) if said is None else store.apply(said):
                yield Moment(logged, delivered, after, rebuild)
            # Only what was done to its end is committed.
            yield Moment(logged, so_far, after, rebuild)
        if store.removal in self._told.gone:
            yield Moment(logged, delivered, store._replace(removal=None), rebuild)
        if rebuild.does != DONE:
            yield Moment(logged, delivered, store, BEGIN)
            store, rebuild = self._rebuild(logged, store, rebuild)
            yield Moment(logged, delivered, store, rebuild)

    def _deliveries(self, logged: int, delivered: int) -> Iterator[tuple[int, Said | None]]:
        """What may be delivered: how far live traffic has come by that, and the write."""
        told = self._told
        if delivered < logged:
            yield delivered + 1, told.live[delivered]
        again = [told.live]
        if not self._rebuilding.waits_for_former and told.former is not None:
            again.append(told.former)
        if told.folded is not None:
            again.append(told.folded)
            for end in range(delivered + 2, logged + 1):
                yield end, ending_of(told.folded[delivered:end])
        for said in again:
            yield from ((delivered, each) for each in said[told.old : logged] if each is not None)

    def _rebuild(self, logged: int, store: Store, step: Step) -> tuple[Store, Step]:
        """The rebuild's next step."""
        way, does, end = self._rebuilding, step.does, step.end
        if does == SCAN and way.scans_first:
            return store, Step(FIX, store=store._replace(removal=None))
        if does == SCAN and end < 0:
            return store, Step(SCAN, logged)
        if does in (SCAN, FIX):
            end, scanned = (logged, step.store or store) if does == FIX else (end, store)
            return store, Step(READ, end) if self._suspected(end, scanned.held) else END
        if does == READ:
            return store, step._replace(does=REACH, **({"store": store} if way.reads_first else {"now": logged}))
        if does == REACH:
            seen, now = (step.store or store, logged) if way.reads_first else (store, step.now)
            said = self._looked(end, now, seen, step.strictly)
            return store, END if said is None else Step(WRITE, end, seen, said=said, strictly=step.strictly)
        assert step.store is not None
        assert step.said is not None
        after = store.replace(step.store, step.said, way.compare, remembers=way.remembers)
        if after is None and way.compare in (Compare.ALL, Compare.DOCUMENT):
            return store, Step(READ, end, strictly=step.strictly)
        if after is None:
            return store, END
        lowers = Replacement(state_of(step.store), write_of(step.said), step.said.version).lowers
        return after, Step(READ, end, strictly=True) if lowers and way.looks_after else END

    def _suspects(self, end: int, held: Held | None) -> bool:
        """Whether the key seems to differ from what was scanned; see `Partition.compare`."""
        want = moments(nothing(KEY), self._told.wants(0, end))[-1]
        if isinstance(want.write, Put):
            return held != (want.version, value_of(want.write))
        return (want.version is not None and RULE.due(want)) or (held is not None and held[0] is not None)

    def _look(self, end: int, now: int, store: Store, strictly: bool) -> Said | None:
        """What is to be written, None where all is well; see `Look.look`."""
        base = moments(nothing(KEY), self._told.wants(0, end))[-1]
        wants = moments(base, self._told.wants(end, now) if self._rebuilding.reads_on else [])
        finding: Finding | None = None
        for want in wants[-1:] if strictly else wants:
            finding = judge(want, state_of(store), given_back(want.write), RULE)
            if finding is None:
                return None
        want = wants[-1]
        return Said(want.version, value_of(want.write) if isinstance(want.write, Put) else None)


def state_of(store: Store) -> State:
    """What the product would read of the store."""
    held = store.held
    document = None if held is None else Document(KEY, held[0], fields_of(held[1]))
    return State(KEY, document, store.removal)
