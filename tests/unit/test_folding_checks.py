"""A topic that cannot be folded, and a group that is still run otherwise, are refused with one sentence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from consumers.delivery.memory import MemoryLog
from consumers.groups import GROUPS
from distributary.errors import LogIncomplete, OldMember
from distributary.folding.checks import check_members, check_topic
from distributary.folding.worker import delivered

GROUP = GROUPS[1]
TOPIC, PARTITIONS = GROUP.topic, 6


@dataclass
class Told:
    """A log that says what it is told to."""

    log: MemoryLog
    said: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        if name in self.said:
            return lambda *_: self.said[name]
        return getattr(self.log, name)


@pytest.fixture
def log() -> MemoryLog:
    log = MemoryLog(lambda: 1_767_225_600.0)
    log.create_topic(TOPIC, PARTITIONS)
    for _ in range(3):
        log.append(TOPIC, b"1", b"value")
    return log


def test_a_whole_topic_begins_at_zero(log: MemoryLog) -> None:
    assert check_topic(log, TOPIC) == dict.fromkeys(range(PARTITIONS), 0)


def test_a_topic_that_is_not_there_is_refused() -> None:
    with pytest.raises(LogIncomplete, match=r"the topic users.changes is not there; `distributary prepare` makes it"):
        check_topic(MemoryLog(), TOPIC)


def test_a_topic_of_another_number_of_partitions_is_refused() -> None:
    log = MemoryLog()
    log.create_topic(TOPIC, 3)
    with pytest.raises(LogIncomplete, match=r"has 3 partitions and 6 where it is declared"):
        check_topic(log, TOPIC)


def test_a_compacted_topic_is_refused(log: MemoryLog) -> None:
    with pytest.raises(LogIncomplete, match=r"is compacted, so it forgets changes; set its cleanup\.policy to delete"):
        check_topic(Told(log, {"compacted": True}), TOPIC)


def test_a_lost_beginning_is_refused_with_since_when_unless_it_is_accepted(log: MemoryLog) -> None:
    partition = next(number for number, end in log.ends(TOPIC).items() if end)
    beginnings = dict.fromkeys(range(PARTITIONS), 0) | {partition: 2}
    told: Any = Told(log, {"beginnings": beginnings})
    with pytest.raises(LogIncomplete) as refused:
        check_topic(told, TOPIC)
    assert f"{TOPIC}/{partition} begins at offset 2, of 2026-01-01 00:00:00 UTC" in str(refused.value)
    assert "--accept-truncated" in str(refused.value)
    assert check_topic(told, TOPIC, accept_truncated=True) == beginnings


@pytest.mark.parametrize(
    "members",
    [[], [f"{GROUP.name}@{GROUP.projection_version}"], ["some-client"], ["other@1-00000000"], [""]],
)
def test_members_of_this_version_and_those_who_do_not_say_are_borne(log: MemoryLog, members: list[str]) -> None:
    check_members(Told(log, {"members": members}), GROUP)


def test_a_member_of_another_projection_version_is_refused_by_its_version(log: MemoryLog) -> None:
    newer = replace(GROUP, projection=replace(GROUP.projection, version=2))
    told: Any = Told(log, {"members": [f"{GROUP.name}@{GROUP.projection_version}"]})
    with pytest.raises(OldMember) as refused:
        check_members(told, newer)
    assert f"runs version {GROUP.projection_version}" in str(refused.value)
    assert f"this code has {newer.projection_version}" in str(refused.value)


def test_a_group_is_waited_for_until_it_has_had_everything_or_stands_still(log: MemoryLog) -> None:
    partition = next(number for number, end in log.ends(TOPIC).items() if end)
    assert delivered(log, GROUP, partition, 3, patience=0.0) == 0
    log.commit(GROUP.name, TOPIC, {partition: 3})
    assert delivered(log, GROUP, partition, 3, patience=30.0) == 3
