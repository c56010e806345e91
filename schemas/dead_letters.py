"""What stands in a dead letter, whoever wrote it: the original bytes, and why, where and when (design section 8).

The header names are Kafka Connect's (`ConnectHeaders`, `DeadLetterQueueReporter`) where it has one, and ours beside.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

MAX_ERROR_BYTES = 4096

Headers = tuple[tuple[str, bytes], ...]

_CONNECT = "__connect.errors."
_OURS = "distributary."
_NO_VALUE = f"{_OURS}no_value"
_WHOLE = r"\d{1,19}"


class DeadLetter(msgspec.Struct, frozen=True):
    """A delivery or a stream record that could not be applied, kept whole.

    `place` is where it came from and the letter's message key: `topic/partition/offset` of a delivery, stream ARN and
    sequence number (or the SHA-256 of the bytes) of a stream record. `first_seen` is epoch milliseconds.
    """

    place: str
    value: bytes | None
    stage: str
    error: str
    message: str
    first_seen: int
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None
    version: str | None = None
    attempts: int = 1
    original_key: bytes | None = None

    @property
    def body(self) -> bytes:
        """The letter's message value: the original bytes. Never null, which would resolve the letter it is of."""
        return b"" if self.value is None else self.value

    @property
    def key(self) -> bytes:
        """The letter's message key."""
        return _bytes(self.place)

    def headers(self) -> Headers:
        """The letter's headers; what is None is left out, the message is cut at 4 KiB."""
        texts = {
            f"{_CONNECT}topic": self.topic,
            f"{_CONNECT}partition": self.partition,
            f"{_CONNECT}offset": self.offset,
            f"{_CONNECT}stage": self.stage,
            f"{_CONNECT}exception.class.name": self.error,
            f"{_CONNECT}exception.message": _bytes(self.message)[:MAX_ERROR_BYTES].decode(errors="ignore"),
            f"{_OURS}version": self.version,
            f"{_OURS}attempts": self.attempts,
            f"{_OURS}first_seen": self.first_seen,
        }
        written = [(name, _bytes(str(text))) for name, text in texts.items() if text is not None]
        if self.original_key is not None:
            written.append((f"{_OURS}key", self.original_key))
        if self.value is None:
            written.append((_NO_VALUE, b"true"))
        return tuple(written)


def read_dead_letter(key: bytes, value: bytes | None, headers: Sequence[tuple[str, bytes]]) -> DeadLetter:
    """The dead letter that a message of a dead-letter topic holds; a header it lacks reads as None or empty."""
    found: Mapping[str, bytes] = dict(headers)

    def text(name: str) -> str | None:
        return found[name].decode(errors="replace") if name in found else None

    def whole(name: str) -> int | None:
        written = text(name)
        return int(written) if written is not None and re.fullmatch(_WHOLE, written, re.ASCII) else None

    return DeadLetter(
        place=key.decode(errors="replace"),
        value=None if _NO_VALUE in found else value,
        stage=text(f"{_CONNECT}stage") or "",
        error=text(f"{_CONNECT}exception.class.name") or "",
        message=text(f"{_CONNECT}exception.message") or "",
        first_seen=whole(f"{_OURS}first_seen") or 0,
        topic=text(f"{_CONNECT}topic"),
        partition=whole(f"{_CONNECT}partition"),
        offset=whole(f"{_CONNECT}offset"),
        version=text(f"{_OURS}version"),
        attempts=whole(f"{_OURS}attempts") or 1,
        original_key=found.get(f"{_OURS}key"),
    )


def _bytes(text: str) -> bytes:
    # A reason may quote what UTF-8 cannot spell (half of a surrogate pair); the letter must be written all the same.
    return text.encode(errors="backslashreplace")
