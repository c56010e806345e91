"""Sequence numbers for records that have none at all, as in abridged samples: in file order, going on per stream."""

from __future__ import annotations

import fcntl
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from bridge.errors import UnconvertibleRecord
from bridge.stream_record import RawRecord, locate, parse
from distributary.errors import UnreadableFeed


class Numbering:
    """Numbers records within one home; the numbers given last are kept in a file there."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def number(self, records: Iterable[RawRecord]) -> tuple[list[RawRecord], int]:
        """The records, those without a sequence number now with one, and how many those were.

        The numbers are stored before they are given away, so none is given twice, to another process neither. Raises
        UnreadableFeed where the file of numbers is damaged.
        """
        with self._file.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            last = self._last()
            numbered, count = [], 0
            for raw in records:
                found = _numbered(raw, last)
                count += found is not raw
                numbered.append(found)
            if count:
                temporary = self._file.with_suffix(".new")
                temporary.write_bytes(msgspec.json.encode(last))
                temporary.replace(self._file)
        return numbered, count

    def _last(self) -> dict[str, int]:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=dict[str, int]) if self._file.exists() else {}
        except msgspec.DecodeError as error:
            raise UnreadableFeed(f"{self._file} is damaged ({error}); restore it, or give a new --home") from None


def _numbered(raw: RawRecord, last: dict[str, int]) -> RawRecord:
    try:
        record = parse(raw)
    except UnconvertibleRecord:
        return raw
    change: Any = record.get("dynamodb")
    arn = locate(record).arn
    if arn is None or not isinstance(change, dict) or "SequenceNumber" in change:
        return raw
    last[arn] = last.get(arn, 0) + 1
    return {**record, "dynamodb": {**change, "SequenceNumber": str(last[arn])}}
