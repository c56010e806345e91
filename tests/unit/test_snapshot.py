"""A snapshot: every item is stated, whatever stops it in between, and what is acknowledged is not read again."""

from __future__ import annotations

from threading import Event

import pytest

from bridge import snapshot as module
from bridge.errors import NotAcknowledged, SnapshotUnfinished
from bridge.items import ItemPage, Segment
from bridge.memory import MemoryPublisher
from bridge.memory_items import MemoryItems, MemorySnapshotProgress
from bridge.publisher import Message, Receipt, Status
from bridge.snapshot import FAILURES, Progress, Snapshot, begin
from bridge.statements import Statements
from bridge.throttle import Throttle
from schemas.attribute_values import Attributes
from tests.records import arn, image
from tests.unit.test_statements import LINES, STREAM

KEY = LINES[0].encoder.item_record.key_schema
USERS = 25
PAGE = 4


class Killed(BaseException):
    """The process ends here."""


class Pages(MemoryItems):
    """A table of small pages; `read` are the users that were read."""

    def __init__(self) -> None:
        super().__init__("Users", KEY)
        self.read: list[str] = []
        for user_id in range(USERS):
            self.put(image(UserId=user_id, Username=f"u{user_id}"))

    def scan(self, table: str, segment: Segment, start: Attributes | None, limit: int = PAGE) -> ItemPage:
        page = super().scan(table, segment, start, PAGE)
        self.read += [item["UserId"]["N"] for item in page.items]
        return page


class Bench:
    """A table, a log, and how far snapshots have come. The `kill_at`th message ends the process, before or after it
    was acknowledged.
    """

    def __init__(self) -> None:
        self.items = Pages()
        self.kept = MemorySnapshotProgress()
        self.publisher = MemoryPublisher(self._fate)
        self.kill_at: int | None = None
        self.refusals: list[Receipt] = []
        self.observed: list[Progress] = []
        self.stop = Event()
        self.throttle = Throttle(None, lambda: 0.0)

    def _fate(self, message: Message) -> Receipt | None:
        if len(self.publisher.messages) == self.kill_at:
            raise Killed
        return self.refusals.pop() if self.refusals else None

    def run(self, segments: int | None = None, *, anew: bool = False) -> bool:
        run = Snapshot(
            "Users",
            self.items,
            self.kept,
            lambda: Statements(LINES[0], STREAM, self.publisher, lambda: 0.0),
            self.throttle,
            clock=lambda: 0.0,
            chance=lambda: 0.0,
            observe=self.observed.append,
        )
        return run.run(begin(self.kept, "Users", STREAM.arn, segments, anew=anew), self.stop)

    def stated(self) -> list[int]:
        return sorted(int(message.key) for message in self.publisher.messages)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_RETRY", 0.0)


@pytest.mark.parametrize("segments", [1, 3, 40])
def test_every_item_is_stated_once_and_how_far_it_came_is_forgotten(segments: int) -> None:
    bench = Bench()
    assert bench.run(segments)
    assert bench.stated() == list(range(USERS))
    assert bench.kept.load("Users") == []
    latest = {progress.segment: progress for progress in bench.observed}
    assert sum(progress.items for progress in latest.values()) == USERS
    assert sum(progress.consumed for progress in latest.values()) == USERS


@pytest.mark.parametrize("kill_at", range(USERS))
def test_one_that_is_killed_goes_on_behind_the_last_page_that_was_acknowledged(kill_at: int) -> None:
    bench = Bench()
    bench.kill_at = kill_at
    with pytest.raises(Killed):
        bench.run(1)
    (left,) = bench.kept.load("Users")
    assert left.items == kill_at // PAGE * PAGE
    bench.kill_at, bench.items.read, bench.stop = None, [], Event()
    assert bench.run()
    assert len(bench.items.read) == USERS - left.items
    assert sorted(set(bench.stated())) == list(range(USERS))
    assert bench.observed[-1].items == USERS


def test_one_that_was_killed_while_it_forgot_begins_anew() -> None:
    bench = Bench()
    begin(bench.kept, "Users", STREAM.arn, 2)
    bench.kept.store("Users", Progress(1, 2, STREAM.arn, ended=True))
    (first, second) = bench.kept.load("Users")
    bench.kept.clear("Users")
    bench.kept.store("Users", second)
    assert begin(bench.kept, "Users", STREAM.arn, None) == [
        Progress(number, module.SEGMENTS, STREAM.arn) for number in range(module.SEGMENTS)
    ]
    assert first.segment == 0


def test_one_that_was_killed_while_it_began_has_all_its_segments() -> None:
    bench = Bench()
    bench.kept.store("Users", Progress(0, 3, STREAM.arn))
    assert bench.run()
    assert bench.stated() == list(range(USERS))


def test_another_number_of_segments_or_another_stream_is_refused_until_it_starts_over() -> None:
    bench = Bench()
    begin(bench.kept, "Users", STREAM.arn, 3)
    with pytest.raises(SnapshotUnfinished, match="has 3 segments, not 5; go on with --segments 3, or start over"):
        begin(bench.kept, "Users", STREAM.arn, 5)
    other = arn(label="2027-01-01T00:00:00.000")
    with pytest.raises(SnapshotUnfinished, match="while another stream captured"):
        begin(bench.kept, "Users", other, 3)
    assert begin(bench.kept, "Users", other, 5, anew=True) == [Progress(number, 5, other) for number in range(5)]
    assert len(bench.kept.load("Users")) == 5


def test_one_that_is_told_to_stop_ends_after_its_page_and_goes_on_later() -> None:
    bench = Bench()
    bench.stop.set()
    assert not bench.run(2)
    assert len(bench.kept.load("Users")) == 2
    bench.stop.clear()
    assert bench.run()
    assert bench.stated() == list(range(USERS))


def test_outages_of_table_log_and_positions_are_waited_for() -> None:
    bench = Bench()
    begin(bench.kept, "Users", STREAM.arn, 1)
    bench.items.outages = 2
    bench.refusals = [Receipt(Status.FAILED, "no broker")]
    assert bench.run(1)
    assert sorted(set(bench.stated())) == list(range(USERS))


def test_an_outage_that_does_not_end_stops_every_segment_and_nothing_is_lost() -> None:
    bench = Bench()
    bench.refusals = [Receipt(Status.FAILED, "no broker")] * (PAGE * 2 * (FAILURES + 1))
    with pytest.raises(NotAcknowledged, match="no broker; what was stated stays, the same command goes on"):
        bench.run(2)
    assert bench.stop.is_set()
    bench.stop.clear()
    bench.refusals = []
    assert bench.run()
    assert sorted(set(bench.stated())) == list(range(USERS))


def test_what_was_read_is_paid_for_before_more_is() -> None:
    now, waited = [0.0], Event()
    throttle = Throttle(10.0, lambda: now[0])
    assert throttle.owed() == 0.0
    throttle.took(5.0)
    throttle.took(20.0)
    assert throttle.owed() == pytest.approx(2.5)
    now[0] = 2.0
    assert throttle.owed() == pytest.approx(0.5)
    now[0] = 60.0
    throttle.took(10.0)
    assert throttle.owed() == pytest.approx(1.0)  # what was not taken is not saved up
    waited.set()
    throttle.wait(waited)
    now[0] = 61.0
    throttle.wait(Event())


def test_without_a_rate_nothing_is_waited_for() -> None:
    throttle = Throttle(None, lambda: 0.0)
    throttle.took(1e9)
    assert throttle.owed() == 0.0
