"""How much processor time a process has taken, as Linux says."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def processor_seconds(process_id: int) -> float:
    """Seconds, in user mode and for it in the kernel; its children's are their own."""
    # The second field is the name in parentheses, which may itself hold any.
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND
