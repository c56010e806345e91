"""`distributary rebuild --until ... --into NAME`: a read model as it once was, in a new place (design section 9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bridge.dynamodb_positions import POSITIONS
from bridge.dynamodb_runs import RUNS
from consumers.generations import FIRST
from consumers.group import Group
from consumers.groups import GROUPS
from consumers.read_model import Table
from consumers.read_models.dynamodb_steps import REMOVALS
from consumers.subscription import Delivery
from distributary.adapters import Adapters
from distributary.errors import PlaceTaken
from distributary.folding.checks import check_topic
from distributary.folding.crew import Reach, crew
from distributary.folding.dynamodb_runs import Intentions
from distributary.folding.findings import Findings
from distributary.folding.partition import Scope
from distributary.folding.worker import Range, Task
from distributary.folding.writing import Written
from distributary.log_moments import checked_offsets, checked_time, offsets_of
from distributary.progress import Show
from distributary.rebuild import Rebuilt, make_place, writing
from distributary.tables import DeclaredTable, create_tables, table_exists
from distributary.verify import How, crew_size, folder, ranges, reading
from schemas.codec import EventDecoder
from schemas.errors import UndecodableEvent, UnknownSchema
from schemas.topics import TOPICS


@dataclass(frozen=True, slots=True)
class Past:
    """A group's read model as it was, built into the place `into`, which nobody ever reads by the group's name."""

    adapters: Adapters
    reach: Reach
    group: Group
    how: How
    show: Show
    into: str

    def run(self, until: str) -> Rebuilt:
        """What was found and written. `until` is a time, by which changes were committed, or offsets.

        Killed or stopped, it goes on where the same command is given again. Raises PlaceTaken, UnusableMoment,
        LogIncomplete, Outage; nothing was changed then.
        """
        log, topic = self.adapters.log, self.group.topic
        # 1 what is asked for can be had
        starts = check_topic(log, topic, accept_truncated=self.how.accept_truncated)
        scope, spans = self._span(until, ranges(log, topic, starts))
        meant = replace(self.group, read_model=replace(self.group.read_model, name=self.into), generation=FIRST)
        intentions = Intentions(self.adapters.stores.dynamodb, f"past:{self.into}")
        what = f"{self.group.name} {self.group.projection_version} until {until}"
        self._check_free(meant, begun=intentions.read() == what)
        # 2 make the place
        intentions.note(what)
        self._make(meant)
        # 3 fold up to that moment, write all of it
        rebuilt = Rebuilt(Findings(), Written())
        total = sum(end - start for start, end in spans.values())
        with folder(self.reach.home) as place:
            task = Task(
                self.group.name, scope, place, spans, writes_per_second=self.how.writes_per_second, into=self.into
            )
            with crew(self.adapters, self.reach, self.group, task, crew_size(self.how, total, len(spans))) as at_work:
                for _, findings in at_work.check(spans, lambda counts: self.show(reading(counts, total))):
                    rebuilt.found.add(findings, scope.samples)
                for _, written in at_work.write(
                    spans, lambda counts: self.show(writing(counts, rebuilt.found.to_write))
                ):
                    rebuilt.written.add(written)
        intentions.forget()
        return rebuilt

    def _span(self, until: str, spans: Mapping[int, Range]) -> tuple[Scope, dict[int, Range]]:
        log, topic = self.adapters.log, self.group.topic
        named = offsets_of(until)
        if named is None:
            committed = checked_time(until, log, topic, self.adapters.clock(), self._committed)
            return Scope(committed_until=committed, of_the_past=True), dict(spans)
        ends = checked_offsets(named, log.ends(topic), log.beginnings(topic), topic)
        limited = {number: Range(start, ends.get(number, end)) for number, (start, end) in spans.items()}
        return Scope(of_the_past=True), limited

    def _committed(self, delivery: Delivery) -> float:
        """When a delivery's event was committed; where it does not say, when the log took it."""
        try:
            committed = (
                None
                if delivery.value is None
                else EventDecoder(self.adapters.registry).decode(delivery.value).committed_at
            )
        except (UndecodableEvent, UnknownSchema):
            committed = None
        return delivery.timestamp / 1000 if committed is None else committed.timestamp()

    def _check_free(self, meant: Group, *, begun: bool) -> None:
        """Raises PlaceTaken where the place is somebody's: there already, unless this has `begun` to fill it."""
        ours = {group.read_model.name for group in GROUPS} | {topic.table for topic in TOPICS}
        if self.into in ours | {RUNS, POSITIONS, REMOVALS.name}:
            raise PlaceTaken(f"{self.into} is a place of the pipeline itself; name a new one with --into")
        if not begun and self._is_there(meant):
            raise PlaceTaken(f"{self.into} is there already; delete it, or name a new place with --into")

    def _is_there(self, meant: Group) -> bool:
        if isinstance(meant.read_model, Table):
            return table_exists(self.adapters.stores.dynamodb, self.into)
        return bool(self.adapters.generations(meant).all())

    def _make(self, meant: Group) -> None:
        if isinstance(meant.read_model, Table):
            create_tables(self.adapters.stores.dynamodb, [DeclaredTable(self.into, meant.read_model.key)])
        else:
            make_place(self.adapters, meant)
