"""Whether a group's topic can be folded, and by this code (design sections 3, 6 and 9)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from consumers.group import Group
from consumers.subscription import Log
from distributary.errors import LogIncomplete, OldMember
from schemas.topics import topic_named


def check_topic(log: Log, name: str, *, accept_truncated: bool = False) -> Mapping[int, int]:
    """By partition, where the topic begins: zero, unless a lost beginning is accepted.

    Raises LogIncomplete where it is compacted, has lost its beginning, or has other partitions than declared.
    """
    ends = log.ends(name)
    declared = topic_named(name).partitions
    if not ends:
        raise LogIncomplete(f"the topic {name} is not there; `distributary prepare` makes it, and a bridge fills it")
    if len(ends) != declared:
        raise LogIncomplete(
            f"the topic {name} has {len(ends)} partitions and {declared} where it is declared (schemas/topics.py): "
            "keys have moved between them, so that no partition has all of an item; declare what is there, or "
            "publish the table anew to a topic of another name with `distributary snapshot`"
        )
    if log.compacted(name):
        raise LogIncomplete(
            f"the topic {name} is compacted, so it forgets changes; set its cleanup.policy to delete, and repair what "
            "is lost from the source table (`distributary verify --source`)"
        )
    beginnings = log.beginnings(name)
    lost = {partition: beginning for partition, beginning in beginnings.items() if beginning > 0}
    if lost and not accept_truncated:
        partition = min(lost)
        raise LogIncomplete(
            f"the topic {name} has lost its beginning: {name}/{partition} begins at offset {lost[partition]}"
            f"{_since(log, name, partition, lost[partition], ends[partition])}; items that were not changed since are "
            "not in it. Set its retention.ms to -1 and repair it from the source table; --accept-truncated goes on "
            "without them"
        )
    return beginnings


def check_members(log: Log, group: Group) -> None:
    """Raises OldMember where somebody runs the group by another version of its projection."""
    for member in log.members(group.name):
        name, at, version = member.rpartition("@")
        if at and name == group.name and version != group.projection_version:
            raise OldMember(
                f"a member of the group {group.name} runs version {version} of its projection, and this code has "
                f"{group.projection_version}: what it writes now would be wrong behind a rebuild; stop it first"
            )


def _since(log: Log, name: str, partition: int, beginning: int, end: int) -> str:
    for delivery in log.read(name, partition, beginning, min(end, beginning + 1)):
        return f", of {datetime.fromtimestamp(delivery.timestamp / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
    return ", and holds nothing"
