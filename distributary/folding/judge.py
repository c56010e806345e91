"""What the log wants under a key, and whether what stands there is that: pure (design section 9)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import NamedTuple

from consumers.read_model import State
from consumers.writes import Fields, Put, Remove, Write
from distributary.folding.digests import digest


class Want(NamedTuple):
    """What the log says shall stand under a key: the write that counts, its version and where its event stands.

    `version` None, of a Remove: nothing in the log speaks of the key. `committed` is epoch seconds, None if unknown.
    `keeps_out` is the highest version that matters to live traffic (`Group.matters`), empty where none does: a removal
    has to be remembered from there on, as live traffic remembers it. `kept_since` is when that one was committed.
    """

    write: Write
    version: str | None
    offset: int = -1
    committed: float | None = None
    keeps_out: str = ""
    kept_since: float | None = None


class Finding(StrEnum):
    """What is wrong under a key."""

    MISSING = "missing"
    DIFFERENT = "different"
    ORPHANED = "orphaned"
    """There is a document of ours, and none should be."""
    UNREMEMBERED = "unremembered"
    """There is none, as it should be, but its removal is not remembered: a late, older write could bring it back."""


def nothing(key: str) -> Want:
    """What is wanted under a key that the log does not speak of."""
    return Want(Remove(key), None)


class Rule(NamedTuple):
    """How strictly it is compared: whether a document's version counts, and whether a removal has to be remembered."""

    due: Callable[[Want], bool]
    versions: bool = True


def judge(want: Want, state: State, given: Fields | None, rule: Rule) -> Finding | None:
    """What is wrong, None where all is well.

    `given` is a Put's document as the store gives it back. A document without a version is somebody else's: left alone
    where none of ours is wanted, replaced where one is.
    """
    found = state.document
    if isinstance(want.write, Put):
        assert given is not None
        if found is None:
            return Finding.MISSING
        same = found.source_version == want.version or not rule.versions
        return None if same and digest(found.document) == digest(given) else Finding.DIFFERENT
    if found is not None:
        return None if found.source_version is None else Finding.ORPHANED
    if not want.keeps_out or not rule.due(want) or (state.removal is not None and state.removal >= want.keeps_out):
        return None
    return Finding.UNREMEMBERED


def moments(base: Want, later: Sequence[Want]) -> list[Want]:
    """What the log wanted at each moment from `base` on, as `later` writes of the key came in, in offset order."""
    wants = [base]
    for want in later:
        before = wants[-1]
        counts = before.version is None or (want.version or "") > before.version
        kept = want if want.keeps_out > before.keeps_out else before
        wanted = want if counts else before
        wants.append(wanted._replace(keeps_out=kept.keeps_out, kept_since=kept.kept_since))
    return wants
