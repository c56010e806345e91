"""What Lambda writes to an on-failure destination: of a batch that it gave up, where it was, in S3 the batch itself.

`payload` is then the whole event, as JSON text. Source: "Capturing discarded batches for a DynamoDB event source".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from distributary.errors import UnreadableFeed

_MARK = "DDBStreamBatchInfo"


def on_failure_members(text: bytes) -> Mapping[str, msgspec.Raw] | None:
    """The members of an on-failure object; None where the JSON is anything else."""
    # Nearly every text is a record: it is not taken apart for this.
    if _MARK.encode() not in text:
        return None
    try:
        members = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except (ValueError, RecursionError):
        return None
    return members if _MARK in members else None


def payload_of(members: Mapping[str, msgspec.Raw], name: str) -> bytes:
    """The JSON text of the event in an on-failure object of the file `name`.

    Raises UnreadableFeed where only the place of the batch was kept.
    """
    payload = bytes(members.get("payload", b"null")).strip()
    if payload == b"null":
        raise UnreadableFeed(
            f"{name} holds what Lambda wrote to an on-failure destination about {_batch(members[_MARK])}, but not its "
            "records: only an S3 destination keeps those; read them from the stream while they are there (24 hours); "
            "nothing of it was fed"
        )
    return msgspec.json.decode(payload, type=str).encode() if payload.startswith(b'"') else payload


def _batch(raw: msgspec.Raw) -> str:
    """The batch's stream, shard and sequence numbers, as far as they are told."""
    found: Any = msgspec.json.decode(raw)
    info = found if isinstance(found, dict) else {}
    stream, shard, first, last = (
        info.get(member) or "unknown" for member in ("streamArn", "shardId", "startSequenceNumber", "endSequenceNumber")
    )
    return f"the batch of the stream {stream}, shard {shard}, sequence numbers {first} to {last}"
