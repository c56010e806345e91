"""The records of a file: a Lambda event, a JSON list of records, or JSON lines of records; or the same of objects that
Lambda wrote to an on-failure destination in S3, each with an event in it.

Each record keeps its own bytes, so that a dead letter holds what the file held.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from distributary.errors import UnreadableFeed
from distributary.feed.on_failure import on_failure_members, payload_of
from schemas.topics import MAX_DEAD_LETTER_BYTES

MAX_RECORD_BYTES = MAX_DEAD_LETTER_BYTES - 64 * 1024
"""The largest record that can be kept whole, with a dead letter's headers."""

_BOM = b"\xef\xbb\xbf"
# What begins one JSON document: a list, an event, or an object that goes on in the next line.
_DOCUMENT = re.compile(rb'\s*(\[|\{\s*"Records"\s*:|\{[ \t]*\r?\n)')
_RECORD_FIELDS = ("dynamodb", "eventName", "eventID", "eventSourceARN", "eventSource")
_EXPECTED = "expected a Lambda event, a JSON list of records or JSON lines of records; nothing of it was fed"


def read_records(data: bytes, name: str) -> list[bytes]:
    """The records in the bytes of the file `name`, in order. Raises UnreadableFeed for a document that is none.

    A line of JSON lines that is not JSON is a record all the same: the bridge makes a dead letter of it.
    """
    records = _split(data.removeprefix(_BOM), name)
    for number, record in enumerate(records, start=1):
        if len(record) > MAX_RECORD_BYTES:
            raise UnreadableFeed(
                f"{name}, record {number}: {len(record)} bytes are more than the {MAX_RECORD_BYTES} that even a dead "
                "letter can hold, and no stream has such a record; take it out; nothing of it was fed"
            )
    return records


def _split(data: bytes, name: str) -> list[bytes]:
    if not data.strip():
        return []
    try:
        whole = msgspec.json.decode(data, type=msgspec.Raw)
    except (ValueError, RecursionError) as error:
        return _lines(data, name, error)
    return _document(bytes(whole).strip(), name)


def _document(text: bytes, name: str) -> list[bytes]:
    if text.startswith(b"["):
        return _flat(_listed(text), name)
    if text.startswith(b"{"):
        if (failed := on_failure_members(text)) is not None:
            return _event(payload_of(failed, name), name)
        members = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        if "Records" in members:
            return _records(members["Records"], name)
        if any(field in members for field in _RECORD_FIELDS):
            return [text]
        raise UnreadableFeed(f"{name} holds an object that has no Records, {_EXPECTED}")
    raise UnreadableFeed(f"{name} holds {_shown(text)}, {_EXPECTED}")


def _flat(texts: Iterable[bytes], name: str) -> list[bytes]:
    """The records, those of on-failure objects among them."""
    records: list[bytes] = []
    for text in texts:
        failed = on_failure_members(text)
        records += [text] if failed is None else _event(payload_of(failed, name), name)
    return records


def _event(payload: bytes, name: str) -> list[bytes]:
    """The records of the event in an on-failure object."""
    try:
        members = msgspec.json.decode(payload, type=dict[str, msgspec.Raw])
    except (ValueError, RecursionError):
        members = {}
    if "Records" not in members:
        raise UnreadableFeed(f"{name}: the payload of an on-failure object is {_shown(payload)}, {_EXPECTED}")
    return _records(members["Records"], name)


def _records(raw: msgspec.Raw, name: str) -> list[bytes]:
    records = bytes(raw).strip()
    if not records.startswith(b"["):
        raise UnreadableFeed(f"{name}: Records is {_shown(records)}, {_EXPECTED}")
    return _listed(records)


def _lines(data: bytes, name: str, error: Exception) -> list[bytes]:
    lines = [line.removesuffix(b"\r") for line in data.split(b"\n") if line.strip()]
    if _DOCUMENT.match(data) or not any(_is_object(line) for line in lines):
        reason = "nested too deep" if isinstance(error, RecursionError) else str(error)
        raise UnreadableFeed(f"{name} is not readable JSON ({reason}), {_EXPECTED}") from None
    return _flat(lines, name)


def _listed(text: bytes) -> list[bytes]:
    return [bytes(record) for record in msgspec.json.decode(text, type=list[msgspec.Raw])]


def _is_object(line: bytes) -> bool:
    try:
        return line.lstrip().startswith(b"{") and bool(msgspec.json.decode(line, type=msgspec.Raw))
    except (ValueError, RecursionError):
        return False


def _shown(text: bytes) -> str:
    return text[:40].decode(errors="replace") + ("..." if len(text) > 40 else "")
