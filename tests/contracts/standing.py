"""What stands under a key of a read model, and what may become of it, for the contracts of `ReadModel.replace`."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count, product
from typing import TypeAlias

import pytest

from consumers.read_model import APPLIED, STALE, ReadModel, Replacement, State, WriteOutcome
from consumers.writes import Put, Remove, VersionedWrite, Write
from tests.contracts.documents import one, put, remove, version

Change: TypeAlias = Callable[[ReadModel, str], object]
"""What may happen to a key."""
Written: TypeAlias = Callable[[str], tuple[Write, str | None]]
"""What a key is replaced by, and in which version."""


def live(*steps: tuple[Callable[..., VersionedWrite], int], **fields: str) -> Change:
    """The puts and removals of live traffic, one after the other."""
    return lambda read_model, key: [
        one(read_model, write(key, number, **(fields if write is put else {}))) for write, number in steps
    ]


def seen(read_model: ReadModel, key: str = "1") -> State:
    """What stands under a key."""
    (state,) = read_model.states([key])
    return state


def known(state: State) -> int:
    """The number of the version that is known of the key, 0 where none is."""
    of_document = state.document and state.document.source_version
    return int(max(of_document or "", state.removal or "").rpartition("#")[2] or 0)


def replaced(read_model: ReadModel, state: State, write: Write, at: str | None) -> WriteOutcome:
    """Replaces one key alone."""
    (outcome,) = read_model.replace([Replacement(state, write, at)])
    return outcome


def forget(read_model: ReadModel, key: str) -> None:
    """Takes away the document, and remembers no removal."""
    assert replaced(read_model, seen(read_model, key), Remove(key), None) == APPLIED


def forget_removal(read_model: ReadModel, key: str) -> None:
    """The same of a key that was removed."""
    document = Put(key, {"UserId": int(key)})
    assert replaced(read_model, seen(read_model, key), document, "0") == APPLIED
    forget(read_model, key)


STANDS: dict[str, Change] = {
    "nothing": live(),
    "older": live((put, 1), Name="seen"),
    "same": live((put, 2), Name="seen"),
    "newer": live((put, 3), Name="seen"),
    "brought back": live((remove, 1), (put, 3), Name="seen"),
    "older removal": live((put, 0), (remove, 1)),
    "same removal": live((remove, 2)),
    "newer removal": live((remove, 3)),
}
"""What is seen before the key is replaced, as against version 2."""
WHATEVER_STANDS = pytest.mark.parametrize("stands", list(STANDS.values()), ids=list(STANDS))
DOCUMENTS = ("older", "same", "newer", "brought back")
REMOVALS = ("older removal", "same removal", "newer removal")
WRITES: dict[str, Written] = {
    "put": lambda key: (Put(key, {"UserId": int(key), "Name": "new"}), version(2)),
    "remove": lambda key: (Remove(key), version(2)),
    "remove what the log does not know": lambda key: (Remove(key), None),
}
MEANWHILE: dict[str, Change] = {
    "put": live((put, 8), Name="live"),
    "removed": live((remove, 8)),
    "put and removed": live((put, 8), (remove, 9)),
    "removed and put": live((remove, 8), (put, 9), Name="live"),
}


def overtaken(read_model: ReadModel, stands: Change, meanwhile: dict[str, Change]) -> None:
    """Asserts that no write replaces what stands once any of that has happened."""
    cases = dict(zip(map(str, count(1)), product(WRITES, meanwhile), strict=False))
    for key in cases:
        stands(read_model, key)
    states = read_model.states(list(cases))
    for key, (_, happening) in cases.items():
        meanwhile[happening](read_model, key)
    now = read_model.states(list(cases))
    writes = [WRITES[written](key) for key, (written, _) in cases.items()]
    asked = [Replacement(state, *write) for state, write in zip(states, writes, strict=True)]
    outcomes = dict(zip(cases.values(), read_model.replace(asked), strict=True))
    assert outcomes == dict.fromkeys(cases.values(), STALE)
    assert read_model.states(list(cases)) == now
