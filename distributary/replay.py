"""`distributary replay`: a part of the log read again into the same read model (design section 9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from consumers.group import Group
from distributary.adapters import Adapters
from distributary.folding.checks import check_members, check_topic
from distributary.folding.crew import EVENTS, WRITTEN, Counts, Reach, crew
from distributary.folding.partition import Scope
from distributary.folding.partition_of_key import item_key
from distributary.folding.replaying import Replayed
from distributary.folding.worker import Range, Task, item_key_parts
from distributary.log_moments import CLOCKS_APART, checked_offsets, checked_time, offsets_of
from distributary.progress import Show, Stage
from distributary.rebuild import Rebuild, Rebuilt
from distributary.verify import How, crew_size, folder


@dataclass(frozen=True, slots=True)
class Replay:
    """A replay of a group's topic from a time, or from offsets, on."""

    adapters: Adapters
    reach: Reach
    group: Group
    how: How
    show: Show

    def starts(self, text: str) -> dict[int, int]:
        """From where each partition is read; those that are not named are not. Raises UnusableMoment, Outage."""
        log, topic = self.adapters.log, self.group.topic
        if (named := offsets_of(text)) is not None:
            return checked_offsets(named, log.ends(topic), log.beginnings(topic), topic)
        # A change that was committed then came into the log a little later; what came before does no harm.
        return log.offsets_at(topic, checked_time(text, log, topic, self.adapters.clock()) - CLOCKS_APART)

    def run(self, starts: Mapping[int, int]) -> tuple[Replayed, Rebuilt | None]:
        """What became of the keys of those events, and of those that are too old for it, which are rebuilt.

        Raises LogIncomplete, OldMember, RunInProgress, Outage.
        """
        # 1 what is in the log stays in it: a lost beginning is of no matter, as long as it was not asked for
        check_topic(self.adapters.log, self.group.topic, accept_truncated=True)
        check_members(self.adapters.log, self.group)
        # 2 fold what is to be read again, 3 apply it under the version guard
        replayed = self._apply(starts)
        # 4 what is older than removals are remembered is folded from the beginning, and compared
        if not replayed.old:
            return replayed, None
        parts = item_key_parts(self.group.topic)
        keys = frozenset(item_key(key, parts).encode() for key in replayed.old)
        scope = Scope(keys=keys, every_removal=True)
        rebuild = Rebuild(self.adapters, self.reach, self.group, scope, self.how, self.show, approve=lambda _: None)
        return replayed, rebuild.run()

    def _apply(self, starts: Mapping[int, int]) -> Replayed:
        replayed = Replayed()
        ends = self.adapters.log.ends(self.group.topic)
        spans = {partition: Range(start, ends[partition]) for partition, start in starts.items()}
        total = sum(end - start for start, end in spans.values())
        with folder(self.reach.home) as place:
            task = Task(self.group.name, Scope(), place, spans, writes_per_second=self.how.writes_per_second)
            with crew(self.adapters, self.reach, self.group, task, crew_size(self.how, total, len(spans))) as at_work:
                for _, one in at_work.replay(spans, lambda counts: self.show(_stage(counts, total))):
                    replayed.add(one)
        return replayed


def _stage(counts: Counts, total: int) -> Stage:
    if counts[EVENTS] < total:
        return Stage("events read", counts[EVENTS], total)
    return Stage("keys applied", counts[WRITTEN], None)
