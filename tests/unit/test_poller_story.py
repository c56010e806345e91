"""The poller through whatever a stream can do to it."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from bridge.streams import SHARD_END
from tests.poller_bench import Bench, records
from tests.records import arn


@given(st.integers(0, 2**32))
def test_whatever_happens_every_record_is_done_once_and_after_those_before_it(seed: int) -> None:
    story = Story(Random(seed))
    for _ in range(60):
        story.chapter()
    story.end()
    assert sorted(story.bench.done) == list(range(story.written)), f"seed {seed}"
    for number, before in story.before.items():
        place = story.bench.done.index(number)
        assert before <= set(story.bench.done[:place]), f"seed {seed}: {number} came too early"


class Story:
    """A stream that rolls and splits, read through returns, outages, expiry, lagging lists and new processes."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.bench = Bench()
        self.bench.streams.page_records = chance.randint(1, 4)
        self.written = 0
        self.before: dict[int, set[int]] = {}
        self.lineage: dict[str, set[int]] = {"s0": set()}
        self.bench.streams.open("s0")

    def chapter(self) -> None:
        """One thing happens, and some passes go by."""
        events = [self.write, self.write, self.roll, self.fail, self.fail, self.hide, self.restart]
        self.chance.choice(events)()
        self.bench.poll(self.chance.randint(0, 2), seconds=self.chance.choice((0.0, 1.0, 10.0)))

    def write(self) -> None:
        for name in self.open_shards():
            for _ in range(self.chance.randint(0, 5)):
                self.bench.streams.shards_by_id[name].records += records(self.written)
                self.before[self.written] = set(self.lineage[name])
                self.lineage[name].add(self.written)
                self.written += 1

    def roll(self) -> None:
        name = self.chance.choice(self.open_shards())
        for child in range(self.chance.randint(1, 2)):
            self.lineage[f"{name}.{child}"] = set(self.lineage[name])
            self.bench.streams.open(f"{name}.{child}", name)

    def fail(self) -> None:
        self.bench.streams.outages = self.chance.randint(0, 2)
        self.bench.returns = [self.chance.randint(0, self.written) for _ in range(self.chance.randint(0, 3))]
        self.bench.whole_batch = self.chance.random() < 0.3
        if self.chance.random() < 0.5:
            self.bench.streams.expire()

    def hide(self) -> None:
        """The listing drops a finished shard, or has one again that it dropped."""
        shard_id = self.chance.choice(list(self.bench.streams.shards_by_id))
        shard = self.bench.streams.shards_by_id[shard_id]
        shard.listed = not shard.listed or self.bench.positions.get(arn(), shard_id) != SHARD_END

    def restart(self) -> None:
        self.bench.start()

    def open_shards(self) -> list[str]:
        return [name for name, shard in self.bench.streams.shards_by_id.items() if not shard.ended]

    def end(self) -> None:
        """No more trouble, and as many passes as it takes."""
        self.bench.streams.outages = 0
        self.bench.returns = []
        for _ in range(5000):
            if len(self.bench.poll(seconds=10)) >= self.written:
                break
        self.bench.poll(5, seconds=10)
