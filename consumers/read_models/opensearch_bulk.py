"""Many writes in one request to OpenSearch, and what became of each.

Poison is a closed list: what OpenSearch says of a document itself. Everything else that goes wrong is an outage.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeAlias

import msgspec

from consumers.read_model import APPLIED, STALE, WriteOutcome, WriteStatus
from consumers.read_models.json_document import encode
from consumers.read_models.opensearch_answers import BulkItem
from consumers.writes import Fields

MOST_WRITES, MOST_BYTES = 5000, 10_000_000
"""What goes into one request, at most; a single larger write goes alone."""
WORTH_TWO = 500
"""Writes that are sent in two requests; fewer go in one."""

# The guard. One text, so that it is compiled once, and a short one, for it goes along with every write. A document
# without a version is somebody else's.
_REPLACE_IF_NEWER = (
    "def o=ctx._source,v=o.source_version;"
    "if(v instanceof String&&v.compareTo(params.n.source_version)>=0){ctx.op='none'}"
    "else{o.clear();o.putAll(params.n)}"
)
_TAKEN_AGAIN = 5
"""How often OpenSearch takes a write again that lost a race, before it says so."""

# A write's two lines around its id and its document, which are all that differs.
_TEXT = msgspec.json.Encoder()
_ACTION = b'{"update":{"retry_on_conflict":%d,"_id":' % _TAKEN_AGAIN
_SCRIPT = b'}}\n{"script":{"source":%b,"params":{"n":' % _TEXT.encode(_REPLACE_IF_NEWER)
_END = b'}},"scripted_upsert":true,"upsert":{}}\n'

_OUTCOMES = {"created": APPLIED, "updated": APPLIED, "noop": STALE}
_POISON = frozenset({"mapper_parsing_exception", "strict_dynamic_mapping_exception"})
_POISON_AMONG_ILLEGAL_ARGUMENTS = re.compile(r"immense term")
# Said of the whole request, where one of its documents is JSON beyond what OpenSearch reads (a name of 50,000 letters).
_UNREADABLE_DOCUMENT = re.compile(r"failed to parse field \[params\]")
_NO_INDEX = re.compile(r"soft-deletes disabled|no such index")
_TOO_MUCH = frozenset({408, 413, 429, 503})


Reading: TypeAlias = Callable[[BulkItem], WriteOutcome]
"""What became of a write, by what its item in the answer says."""


class Answer(NamedTuple):
    """What came back for one bulk request: the items, or why there are none. `status` is 0 where nothing came back."""

    items: Sequence[BulkItem]
    status: int = 200
    reason: str = ""


def outcome_of(item: BulkItem) -> WriteOutcome:
    """What became of a write, by what its item in the answer says."""
    if item.error is None:
        return _OUTCOMES.get(item.result) or WriteOutcome(WriteStatus.FAILED, f"an unknown result: {item.result!r}")
    kind, reason = item.error.type, item.error.reason or ""
    illegal = kind == "illegal_argument_exception" and _POISON_AMONG_ILLEGAL_ARGUMENTS.search(reason)
    if item.status == 400 and (kind in _POISON or illegal):
        return WriteOutcome(WriteStatus.REFUSED, str(item.error))
    if _NO_INDEX.search(reason):
        return WriteOutcome(WriteStatus.FAILED, "the index is missing, and no write makes one; restore or rebuild it")
    return WriteOutcome(WriteStatus.FAILED, str(item.error))


class BulkWriter:
    """Sends writes in requests that get smaller where the store says too much, and grow again by and by.

    `send` takes the body of a request and never raises for what the store does.
    """

    def __init__(self, send: Callable[[bytes], Answer]) -> None:
        self._send = send
        self.most_writes = MOST_WRITES

    def write(
        self, lines: Sequence[bytes], read: Callable[[BulkItem], WriteOutcome] = outcome_of
    ) -> list[WriteOutcome]:
        """The outcome of each write, in their order: made by `write_lines`, unless `read` says what an item means."""
        outcomes: list[WriteOutcome] = []
        while len(outcomes) < len(lines):
            batch = self._cut(lines, len(outcomes))
            answer = self._send(b"".join(batch))
            too_much = not _TOO_MUCH.isdisjoint([answer.status, *(item.status for item in answer.items)])
            # 1. A request that is too large, or holds what cannot be read, goes in halves until it is one write.
            if answer.status == 413 or (answer.status == 400 and _UNREADABLE_DOCUMENT.search(answer.reason)):
                self._shrink(len(batch))
                if len(batch) == 1:
                    outcomes.append(WriteOutcome(WriteStatus.REFUSED, answer.reason))
                continue
            if too_much:
                self._shrink(len(batch))
            # 2. Nothing is known of these writes, and it is no use to send the others now.
            if answer.reason or len(answer.items) != len(batch):
                failed = WriteOutcome(WriteStatus.FAILED, answer.reason or "the answer has not one item a write")
                return outcomes + [failed] * (len(lines) - len(outcomes))
            # 3. Each write has its own answer.
            outcomes += map(read, answer.items)
            if not too_much:
                self._grow()
        return outcomes

    def _cut(self, lines: Sequence[bytes], start: int) -> list[bytes]:
        batch, size = [lines[start]], len(lines[start])
        for line in lines[start + 1 : start + self.most_writes]:
            size += len(line)
            if size > MOST_BYTES:
                break
            batch.append(line)
        return batch

    def _shrink(self, sent: int) -> None:
        self.most_writes = max(1, sent // 2)

    def _grow(self) -> None:
        self.most_writes = min(MOST_WRITES, self.most_writes + max(1, self.most_writes // 10))


class SideBySide:
    """Sends half of the writes beside the other: a shard takes up a request in one thread.

    So they come in no order; give it at most one a document. What becomes of one half is nothing to the other.
    """

    def __init__(self, send: Callable[[bytes], Answer]) -> None:
        self.halves = BulkWriter(send), BulkWriter(send)
        self._thread = ThreadPoolExecutor(1, "opensearch")

    def write(
        self, lines: Sequence[bytes], read: Callable[[BulkItem], WriteOutcome] = outcome_of
    ) -> list[WriteOutcome]:
        """See `BulkWriter.write`."""
        first, second = self.halves
        if len(lines) < WORTH_TWO:
            return first.write(lines, read)
        middle = len(lines) // 2
        beside = self._thread.submit(second.write, lines[middle:], read)
        return first.write(lines[:middle], read) + beside.result()

    def close(self) -> None:
        """Lets go of its thread."""
        self._thread.shutdown()


def write_lines(document_id: str, source: Fields) -> bytes:
    """The lines of a bulk request that replace a document by `source` if its version is higher.

    Raises RefusedDocument for text that is not Unicode.
    """
    return b"".join((_ACTION, _TEXT.encode(document_id), _SCRIPT, encode(source), _END))


def delete_line(document_id: str, seq_no: int, primary_term: int) -> bytes:
    """The line of a bulk request that deletes a document if nobody wrote it since."""
    action: Fields = {"_id": document_id, "if_seq_no": seq_no, "if_primary_term": primary_term}
    return encode({"delete": action}) + b"\n"
