"""Keys that seem to differ, looked at again while traffic goes on (design section 9)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple, Protocol

from consumers.read_model import State
from consumers.subscription import Log
from consumers.writes import Fields, Put
from distributary.folding.fold import Fold
from distributary.folding.judge import Finding, Rule, Want, judge, moments, nothing


class Stand(Protocol):
    """What is compared with a log: a read model, or the source table itself."""

    def states(self, keys: Sequence[str]) -> list[State]:
        """See `ReadModel.states`."""
        ...

    def given_back(self, put: Put) -> Fields:
        """See `ReadModel.given_back`."""
        ...


class Looked(NamedTuple):
    """A key as it stood, what the log wanted after that, and what is wrong, if anything is."""

    state: State
    want: Want
    finding: Finding | None
    expected: Fields | None
    """The document that is wanted, as the store gives it back."""


class Look:
    """Looks at keys of one partition of `topic`, whose fold ended at `end`; `keys`: of those message keys alone.
    `goes_on` False: only what the log held up to that end counts.

    What stands there came from an event that is in the log by then, once `published` has returned: at once for a read
    model. So the log's end is looked up after it was read, and the fold goes on up to there: a document is right if the
    log wanted it at any moment since the fold's end.
    """

    def __init__(
        self,
        log: Log,
        topic: str,
        partition: int,
        end: int,
        fold: Fold,
        stand: Stand,
        rule: Rule,
        keys: Collection[bytes] | None = None,
        *,
        goes_on: bool = True,
        published: Callable[[], object] = lambda: None,
    ) -> None:
        self._log = log
        self._topic = topic
        self._partition = partition
        self._end = end
        self._fold = fold
        self._stand = stand
        self._rule = rule
        self._keys = keys
        self._goes_on = goes_on
        self._published = published

    def look(self, keys: Sequence[bytes], lowered: Collection[bytes] = ()) -> list[Looked]:
        """What is wrong under each key now. Raises Outage.

        Those that a replacement has `lowered` (`Replacement.lowers`) may have kept out what came meanwhile, for good:
        only the latest that the log wants is right there.
        """
        # 1 read what stands there
        states = self._stand.states([key.decode() for key in keys])
        self._published()
        # 2 then fix the log's end, and read up to it
        if self._goes_on:
            end = self._log.ends(self._topic)[self._partition]
            self._fold.add_later(self._log.read(self._topic, self._partition, self._end, end), self._keys)
            self._end = end
        # 3 compare
        return [self._compare(key, state, key in lowered) for key, state in zip(keys, states, strict=True)]

    def _compare(self, key: bytes, state: State, strictly: bool) -> Looked:
        base = self._fold.want(key) or nothing(key.decode())
        wants = moments(base, self._fold.later(key))
        expected: Fields | None = None
        finding: Finding | None = None
        # The latest is what counts where none of them is right.
        for want in wants[-1:] if strictly else wants:
            expected = self._stand.given_back(want.write) if isinstance(want.write, Put) else None
            finding = judge(want, state, expected, self._rule)
            if finding is None:
                break
        return Looked(state, wants[-1], finding, expected)
