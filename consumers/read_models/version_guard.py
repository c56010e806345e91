"""How a DynamoDB table keeps the read model's guarantee: the steps of a write, without a store (design section 7).

A step is a call on the store. Its parts, and the conditions they hang on, are plain values that the adapter renders
for DynamoDB and a test carries out on a model store, in every interleaving.
"""

from __future__ import annotations

from collections.abc import Generator
from enum import Enum, StrEnum
from typing import NamedTuple, TypeAlias

from consumers.read_model import APPLIED, SOURCE_VERSION, STALE, WriteOutcome
from consumers.writes import Put, VersionedWrite


class Found(NamedTuple):
    """What stood under a key. `version` is None where somebody else wrote it."""

    version: str | None


class Condition(StrEnum):
    """What must stand under a key, as DynamoDB's condition expression; `holds` says the same in Python."""

    PRESENT = "attribute_exists(#key)"
    ABSENT = "attribute_not_exists(#key)"
    OURS_OLDER = f"{SOURCE_VERSION} < :version"
    OLDER = f"(attribute_not_exists({SOURCE_VERSION}) OR {SOURCE_VERSION} < :version)"
    NOT_NEWER = f"(attribute_not_exists({SOURCE_VERSION}) OR {SOURCE_VERSION} <= :version)"

    def holds(self, found: Found | None, version: str) -> bool:
        """Whether what was found (None: nothing) fulfils the condition of a write of that version."""
        stored = None if found is None else found.version
        match self:
            case Condition.PRESENT:
                return found is not None
            case Condition.ABSENT:
                return found is None
            case Condition.OURS_OLDER:
                return stored is not None and stored < version
            case Condition.OLDER:
                return stored is None or stored < version
            case Condition.NOT_NEWER:
                return stored is None or stored <= version


class Action(Enum):
    """What a part does; the value is a transaction's word for it.

    A PUT leaves nothing but the document. An UPDATE sets what the document has and takes away whatever else a document
    of the table may have: to an item of ours that is the same, in somebody else's it would leave what is theirs.
    """

    PUT = "Put"
    UPDATE = "Update"
    DELETE = "Delete"
    CHECK = "ConditionCheck"


class Place(Enum):
    """Where a part does it: the item itself, or the record of its removal."""

    ITEM = "item"
    REMOVAL = "removal"


class Part(NamedTuple):
    """One thing to do, if all its conditions hold."""

    action: Action
    place: Place
    conditions: tuple[Condition, ...]


class Answer(NamedTuple):
    """What the store says of a part: whether its conditions held, and what stood there before.

    `found` is always told where they did not hold, where a removal was recorded and where an item was deleted.
    """

    held: bool
    found: Found | None


UNDONE = (Answer(held=False, found=Found(None)),)
"""The answers to a REVISE that was not carried out for another reason than its condition: the next step tells more."""

Step: TypeAlias = tuple[Part, ...]
"""One part is a conditional write; of several, all happen or none."""
Steps: TypeAlias = Generator[Step, tuple[Answer, ...], WriteOutcome]

REVISE: Step = (Part(Action.UPDATE, Place.ITEM, (Condition.OURS_OLDER,)),)
UPDATE: Step = (Part(Action.PUT, Place.ITEM, (Condition.PRESENT, Condition.OLDER)),)
INSERT: Step = (
    Part(Action.CHECK, Place.REMOVAL, (Condition.OLDER,)),
    Part(Action.PUT, Place.ITEM, (Condition.ABSENT,)),
)
RECORD_REMOVAL: Step = (Part(Action.PUT, Place.REMOVAL, (Condition.NOT_NEWER,)),)
DELETE: Step = (Part(Action.DELETE, Place.ITEM, (Condition.OLDER,)),)
FINISH: Step = (Part(Action.DELETE, Place.ITEM, (Condition.OURS_OLDER,)),)


def steps(write: VersionedWrite, *, revising: bool = False) -> Steps:
    """Yields the steps of a write one by one, takes each one's answers, one a part, and returns the outcome.

    `revising`: a put begins with REVISE, which a store can carry out for many writes in one request.
    """
    return _put(revising) if isinstance(write.write, Put) else _remove(write.version)


def _put(revising: bool) -> Steps:
    there = True
    # 1. An item of ours exists: most writes end here.
    if revising:
        (item,) = yield REVISE
        if item.held:
            return APPLIED
        if item.found is not None and item.found.version is not None:
            return STALE
        # Somebody else's is left to a put of the whole item.
        there = item.found is not None
    while True:
        # 2. The item exists, whoever wrote it.
        if there:
            (item,) = yield UPDATE
            if item.held:
                return APPLIED
            if item.found is not None:
                return STALE
        # 3. It does not: put it unless it was removed at this version or a later one.
        removal, item = yield INSERT
        if not removal.held:
            return STALE
        if item.held:
            return APPLIED
        # 4. An item appeared between the two: start over.
        there = True


def _remove(version: str) -> Steps:
    # 1. Record the removal before the item goes, or an older put could slip in between. An equal record is one whose
    #    writer may have died before it came to step 2.
    (removal,) = yield RECORD_REMOVAL
    if not removal.held:
        # The writer of the later record may have died before it came to step 2, and whoever follows may skip its event,
        # which it had folded others into. So that is done for it.
        yield FINISH
        return STALE
    # 2. Delete the item.
    (item,) = yield DELETE
    if not item.held:
        return STALE
    repeated = removal.found == Found(version) and item.found is None
    return STALE if repeated else APPLIED
