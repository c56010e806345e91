"""What the log behind every subscription does, as tests: subclass `LogContract` and give `log`."""

from __future__ import annotations

from uuid import uuid4

from schemas.partitions import partition_of
from tests.contracts.subscription import GROUP, NOW, PARTITIONS, LogUnderTest, everything, key_in, offsets


class LogContract:
    """A subclass gives the fixture `log`, a LogUnderTest of the test's own."""

    def test_the_ends_tell_of_every_partition_the_empty_ones_too(self, log: LogUnderTest) -> None:
        for _ in range(4):
            log.append(key_in(1), b"value")
        assert log.log.ends(log.topic) == {0: 0, 1: 4, 2: 0}

    def test_a_topic_that_keeps_everything_begins_at_zero_and_is_not_compacted(self, log: LogUnderTest) -> None:
        log.append(key_in(1), b"value")
        assert log.log.beginnings(log.topic) == {0: 0, 1: 0, 2: 0}
        assert not log.log.compacted(log.topic)

    def test_an_unknown_topic_has_no_ends(self, log: LogUnderTest) -> None:
        assert log.log.ends("nobody.changes") == {}

    def test_positions_are_those_last_committed_and_only_of_partitions_that_have_one(self, log: LogUnderTest) -> None:
        for _ in range(4):
            log.append(key_in(0), b"value")
            log.append(key_in(2), b"value")
        subscription = log.subscribe()
        everything(subscription, 8)
        assert log.log.positions(GROUP, log.topic) == {}
        subscription.commit({0: 1, 2: 2})
        subscription.commit({2: 4})
        assert log.log.positions(GROUP, log.topic) == {0: 1, 2: 4}

    def test_the_offsets_of_a_moment_are_the_first_that_came_then_or_later_and_the_ends_where_none_did(
        self, log: LogUnderTest
    ) -> None:
        begun = 1_770_000_000
        for second in range(3):
            log.now = begun + second
            log.append(key_in(0), b"value")
            log.append(key_in(0), b"another of the same moment")
            if second < 2:
                log.append(key_in(1), b"value")
        moments = (0, begun, begun + 0.001, begun + 1, begun + 2, begun + 2.001)
        assert [log.log.offsets_at(log.topic, moment) for moment in moments] == [
            {0: 0, 1: 0, 2: 0},
            {0: 0, 1: 0, 2: 0},
            {0: 2, 1: 1, 2: 0},
            {0: 2, 1: 1, 2: 0},
            {0: 4, 1: 2, 2: 0},
            {0: 6, 1: 2, 2: 0},
        ]
        assert log.log.offsets_at("nobody.changes", NOW) == {}

    def test_the_positions_of_a_group_that_never_was_can_be_set_and_it_begins_there(self, log: LogUnderTest) -> None:
        for n in range(4):
            log.append(key_in(0), b"%d" % n)
            log.append(key_in(2), b"%d" % n)
        group = uuid4().hex
        log.log.set_positions(group, log.topic, {0: 3, 2: 4})
        assert log.log.positions(group, log.topic) == {0: 3, 2: 4}
        assert [(each.partition, each.offset) for each in everything(log.subscribe(group), 1)] == [(0, 3)]

    def test_positions_are_set_of_a_group_that_everybody_has_left_and_others_stay(self, log: LogUnderTest) -> None:
        for partition in (0, 2):
            for _ in range(3):
                log.append(key_in(partition), b"value")
        group = uuid4().hex
        member = log.subscribe(group)
        everything(member, 6)
        member.commit({0: 3, 2: 3})
        member.close()
        log.log.set_positions(group, log.topic, {0: 1})
        log.log.set_positions(group, log.topic, {})
        assert log.log.positions(group, log.topic) == {0: 1, 2: 3}
        assert [(each.partition, each.offset) for each in everything(log.subscribe(group), 2)] == [(0, 1), (0, 2)]

    def test_a_group_that_nobody_knows_has_no_members(self, log: LogUnderTest) -> None:
        assert log.log.members(uuid4().hex) == []

    def test_reading_gives_one_partition_from_the_start_up_to_the_end(self, log: LogUnderTest) -> None:
        for n in range(10):
            log.append(key_in(1), b"%d" % n, (("n", b"%d" % n),))
            log.append(key_in(2), b"other")
        assert offsets(log.log.read(log.topic, 1, 3, 7)) == [3, 4, 5, 6]
        assert offsets(log.log.read(log.topic, 1, 4, 4)) == []
        assert list(log.log.read(log.topic, 1, 0, 10)) == [
            d for d in everything(log.subscribe(), 20) if d.partition == 1
        ]

    def test_reading_moves_no_group(self, log: LogUnderTest) -> None:
        log.append(b"1", b"value")
        subscription = log.subscribe()
        assert offsets(log.log.read(log.topic, partition_of(b"1", PARTITIONS), 0, 1)) == [0]
        assert len(everything(subscription, 1)) == 1
