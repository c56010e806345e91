"""What the log alone tells of a pipeline that runs somewhere else: its accounts are its processes' own."""

from __future__ import annotations

from typing import Any

from consumers.delivery.lag import lag
from consumers.groups import GROUPS
from consumers.subscription import Log
from distributary.letters import open_letters, owners


def log_status(log: Log, now: float) -> dict[str, Any]:
    """A row a group: its positions by partition and its lag (None: its topic is not there); and by owner, how many
    dead letters are open. `now` is in epoch seconds.

    Raises Outage.
    """
    groups = [
        {
            "group": group.name,
            "topic": group.topic,
            "positions": log.positions(group.name, group.topic),
            "lag": lag(log, group.name, group.topic, now)._asdict() if log.ends(group.topic) else None,
        }
        for group in GROUPS
    ]
    letters = {owner: sum(1 for _ in open_letters(log, owner)) for owner in owners()}
    return {"on": "servers", "groups": groups, "dead_letters": letters}
