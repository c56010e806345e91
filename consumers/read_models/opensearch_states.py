"""What stands under many keys of an index, and how it is replaced if nobody wrote it since.

Every write to a document has a number in its index (`_seq_no`) and the term of the primary that gave it: a write that
names both counts only if it is the next one. One that shall be the first is a `create`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from consumers.errors import Outage, RefusedDocument
from consumers.read_model import APPLIED, SOURCE_VERSION, STALE, Replacement, State, WriteOutcome, WriteStatus
from consumers.read_models.json_document import decode, encode
from consumers.read_models.opensearch_answers import BulkItem, Got
from consumers.read_models.opensearch_bulk import SideBySide, delete_line, outcome_of
from consumers.read_models.opensearch_documents import document_id, document_of, source_of
from consumers.writes import Fields, Put, VersionedWrite
from schemas.errors import InvalidKey

_DONE = frozenset({"created", "updated", "deleted"})
_CONFLICT = 409


class Mark(NamedTuple):
    """The write that what was read comes from."""

    seq_no: int
    primary_term: int


class States:
    """The states of an index. `ask` reads what stands under ids, in their order, or raises Outage; `clock` gives epoch
    seconds.
    """

    def __init__(
        self, ask: Callable[[Sequence[str]], list[Got]], writer: SideBySide, clock: Callable[[], float]
    ) -> None:
        self._ask = ask
        self._writer = writer
        self._clock = clock

    def of(self, keys: Sequence[str]) -> list[State]:
        """See `ReadModel.states`."""
        ids = [document_id(key) for key in keys]
        return [_state(key, each, got) for key, each, got in zip(keys, ids, self._ask(ids), strict=True)]

    def replace(self, replacements: Sequence[Replacement]) -> list[WriteOutcome]:
        """See `ReadModel.replace`."""
        now = self._clock()
        outcomes: list[WriteOutcome | None] = [None] * len(replacements)
        lines: dict[int, bytes] = {}
        for number, replacement in enumerate(replacements):
            try:
                if _writes(replacement):
                    lines[number] = _line(replacement, now)
            except (RefusedDocument, InvalidKey) as error:
                outcomes[number] = WriteOutcome(WriteStatus.REFUSED, str(error))
        # 1. What is written is compared by the store.
        for number, outcome in zip(lines, self._writer.write([*lines.values()], _outcome_of), strict=True):
            outcomes[number] = outcome
        # 2. Where there is nothing to write, it is enough to look again.
        left = [number for number, outcome in enumerate(outcomes) if outcome is None]
        looked_at = self._look_again([replacements[number].seen for number in left])
        for number, outcome in zip(left, looked_at, strict=True):
            outcomes[number] = outcome
        return [outcome for outcome in outcomes if outcome is not None]

    def _look_again(self, seen: Sequence[State]) -> list[WriteOutcome]:
        try:
            now = self.of([state.key for state in seen])
        except Outage as outage:
            return [WriteOutcome(WriteStatus.FAILED, outage.reason)] * len(seen)
        return [APPLIED if state.mark == before.mark else STALE for state, before in zip(now, seen, strict=True)]


def given_back(put: Put) -> Fields:
    """See `ReadModel.given_back`."""
    found = document_of("", decode(encode(source_of(VersionedWrite(put, ""), 0.0))))
    assert found is not None  # it is no marker's
    return found.document


def _state(key: str, document_id: str, got: Got) -> State:
    if not got.found:
        return State(key, None)
    mark = Mark(got.seq_no, got.primary_term)
    document = document_of(document_id, got.source)
    removal = got.source.get(SOURCE_VERSION) if document is None else None
    return State(key, document, removal if isinstance(removal, str) else None, mark)


def _writes(replacement: Replacement) -> bool:
    return isinstance(replacement.write, Put) or not (replacement.version is None and replacement.seen.document is None)


def _line(replacement: Replacement, now: float) -> bytes:
    """The lines of a bulk request. Raises RefusedDocument, InvalidKey."""
    wanted, mark = document_id(replacement.write.key), replacement.seen.mark
    if not isinstance(mark, Mark):
        action: Fields = {"create": {"_id": wanted}}
    elif replacement.version is None and not isinstance(replacement.write, Put):
        return delete_line(wanted, *mark)
    else:
        action = {"index": {"_id": wanted, "if_seq_no": mark.seq_no, "if_primary_term": mark.primary_term}}
    source = source_of(VersionedWrite(replacement.write, replacement.stamp), now)
    return b"%b\n%b\n" % (encode(action), encode(source))


def _outcome_of(item: BulkItem) -> WriteOutcome:
    if item.status == _CONFLICT:
        return STALE
    return APPLIED if item.error is None and item.result in _DONE else outcome_of(item)
