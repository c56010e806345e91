"""The order of changes within one item: `epoch#sequence number`, compared as text (design section 4)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

from schemas.errors import InvalidVersion

VERSION_HEADER = "version"
"""The message header that an event's version travels as."""
SNAPSHOT_VERSION = "0"
"""Below every epoch, so that a snapshot fills holes and nothing else."""

# No year below 1900: the text of every epoch must stand above a repair's `0~`.
_INSTANT = r"(19|2\d)\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)?"
_EPOCH_MILLIS = r"\d{13}"
_EPOCH_SECONDS = r"\d{10}\.\d{1,9}"
_MAX_SEQUENCE = 40


def version(epoch: str, sequence_number: str) -> str:
    """The version of a change. Raises InvalidVersion where the sequence number is not 1 to 40 digits."""
    if not is_sequence_number(sequence_number):
        raise InvalidVersion(f"the sequence number {sequence_number[:60]!r} is not a number of 1 to 40 digits")
    return f"{epoch}#{sequence_number:0>40}"


def is_sequence_number(text: str) -> bool:
    """Whether it is 1 to 40 digits."""
    return len(text) <= _MAX_SEQUENCE and text.isdigit() and text.isascii()


def repair_version(compared_with: str | None) -> str:
    """The version of a repair: right above the one it was compared with (None: none), below any later."""
    return (compared_with or SNAPSHOT_VERSION) + "~"


def is_repair(text: str) -> bool:
    """Whether a version is a repair's."""
    return text.endswith("~")


@lru_cache(maxsize=64)  # every record names its stream
def epoch(stream_label: str) -> str:
    """The epoch that a stream's label names: an ISO instant in UTC without a zone, as DynamoDB writes it.

    Instants compare as text whatever their precision, because `#` stands below every digit and the point. A label of
    13 digits counts as epoch milliseconds, one of 10 digits and a fraction as epoch seconds (dynoxide writes those).
    Raises InvalidVersion for any other label.
    """
    if re.fullmatch(_EPOCH_MILLIS, stream_label, re.ASCII):
        return _written(datetime.fromtimestamp(int(stream_label) / 1000, UTC))
    if re.fullmatch(_EPOCH_SECONDS, stream_label, re.ASCII):
        seconds, fraction = stream_label.split(".")
        whole = datetime.fromtimestamp(int(seconds), UTC)
        return _written(whole.replace(microsecond=int(f"{fraction:0<6}"[:6])))
    if re.fullmatch(_INSTANT, stream_label, re.ASCII):
        try:
            return _written(datetime.fromisoformat(stream_label))
        except ValueError:
            pass
    raise InvalidVersion(f"the stream label {stream_label[:60]!r} is not an ISO instant")


def _written(instant: datetime) -> str:
    if instant.tzinfo is not None:
        instant = instant.astimezone(UTC).replace(tzinfo=None)
    return instant.isoformat(timespec="microseconds" if instant.microsecond % 1000 else "milliseconds")
