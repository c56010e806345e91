"""A moment as a person types it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_AGO = re.compile(r"(\d{1,6})([smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def moment(text: str, now: float) -> float:
    """The epoch seconds of an ISO instant (UTC where it names no zone), or of so long ago: `90s`, `15m`, `2h`, `3d`.

    Raises ValueError with a sentence.
    """
    if ago := _AGO.fullmatch(text):
        return now - int(ago[1]) * _SECONDS[ago[2]]
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is neither an ISO instant nor a time ago such as 15m, 2h or 3d") from None
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()
