"""The consumer loop: one outcome a delivery, the highest version wins, and poison costs no neighbour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, pairwise
from threading import Event
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.delivery.memory import MemoryDeadLetters
from consumers.errors import GroupStopped
from consumers.group import Group
from consumers.groups import GROUPS
from consumers.projection import Projection, one_document
from consumers.read_model import WriteOutcome, WriteStatus
from consumers.read_models.memory import MemoryReadModel
from consumers.writes import Put, VersionedWrite
from schemas.attribute_values import Item
from schemas.change_event import ChangeEvent
from tests.bench import COPY, NOW, TOPIC, Bench
from tests.events import encoded, event


def test_an_event_becomes_a_document_and_the_position_moves_past_it() -> None:
    bench = Bench()
    assert bench.turn(event(after={"Username": "ann"})) == {"applied": 1}
    assert bench.documents() == {"1": {"UserId": 1, "Username": "ann"}}
    assert bench.log.positions("copy", TOPIC) == {0: 1}


def test_a_filtered_delivery_still_advances_the_watermark() -> None:
    bench = Bench(replace(COPY, filter=lambda _: False))
    assert bench.turn(event("MODIFY", before={}, after={"x": 1})) == {"filtered": 1}
    assert bench.log.positions("copy", TOPIC) == {0: 1}


def test_writes_to_one_key_fold_to_the_highest_version_and_the_rest_is_stale() -> None:
    bench = Bench()
    old, new = event(sequence=1, after={"x": 1}), event("MODIFY", 2, before={"x": 1}, after={"x": 2})
    assert bench.turn(new, old, new) == {"applied": 1, "stale": 2}
    assert bench.documents() == {"1": {"UserId": 1, "x": 2}}


def test_a_removal_is_not_undone_by_an_older_event() -> None:
    bench = Bench()
    insert, remove = event(sequence=1, after={}), event("REMOVE", 2, before={})
    assert bench.turn(insert, remove) == {"applied": 1, "stale": 1}
    assert bench.turn(insert) == {"applied": 1, "stale": 2}
    assert bench.documents() == {}


@pytest.mark.parametrize(
    ("poison", "stage", "reason"),
    [
        (None, "decode", "no value"),
        (b"", "decode", "starts with nothing"),
        (b"{}", "decode", "starts with 7b 7d"),
        (b"\x00\x00\x00\x00\x07abc", "decode", "schema id 7"),
        (encoded(event(after={}))[:-1], "decode", "does not decode"),
        (encoded(event(after={})) + b"\x00", "decode", "after its end"),
        (encoded(event("MODIFY", 2)), "filter", "carries no after"),
    ],
)
def test_poison_is_dead_lettered_whole_and_its_neighbours_are_applied(
    poison: bytes | None, stage: str, reason: str
) -> None:
    bench = Bench()
    first, last = event(user_id=1, after={}), event(user_id=2, after={})
    assert bench.turn(first, poison, last) == {"applied": 2, "dead_lettered": 1}
    (letter,) = bench.dead_letters.letters
    assert (letter.place, letter.value, letter.stage) == (f"{TOPIC}/0/1", poison, stage)
    assert reason in letter.message
    assert (letter.topic, letter.partition, letter.offset, letter.attempts) == (TOPIC, 0, 1, 1)
    assert letter.first_seen == NOW * 1000
    assert bench.log.positions("copy", TOPIC) == {0: 3}


def raises(_item: Item) -> dict[str, Any]:
    raise KeyError("Username")


def test_a_projection_that_raises_is_poison() -> None:
    bench = Bench(replace(COPY, projection=Projection("bad", version=1, project=one_document(raises))))
    assert bench.turn(event(after={})) == {"dead_lettered": 1}
    assert (bench.dead_letters.letters[0].stage, bench.dead_letters.letters[0].error) == ("project", "KeyError")


def test_a_projection_that_writes_under_another_key_is_poison() -> None:
    elsewhere = Projection("bad", version=1, project=lambda seen: [Put("9" + seen.key_text, {})])
    bench = Bench(replace(COPY, projection=elsewhere))
    assert bench.turn(event(after={})) == {"dead_lettered": 1}
    assert "wrote under '91', expected the item's key '1'" in bench.dead_letters.letters[0].message


def test_a_projection_may_write_under_keys_that_contain_the_items() -> None:
    two = Projection("two", version=1, project=lambda seen: [Put(f"{seen.key_text}|{name}", {}) for name in "ab"])
    bench = Bench(replace(COPY, projection=two))
    assert bench.turn(event(after={})) == {"applied": 1}
    assert set(bench.documents()) == {"1|a", "1|b"}


class Picky(MemoryReadModel):
    """Refuses documents that hold `large`."""

    def apply(self, writes: Sequence[VersionedWrite]) -> list[WriteOutcome]:
        def refused(write: VersionedWrite) -> bool:
            return isinstance(write.write, Put) and "large" in write.write.document

        rest = iter(super().apply([write for write in writes if not refused(write)]))
        return [WriteOutcome(WriteStatus.REFUSED, "too large") if refused(write) else next(rest) for write in writes]


def test_a_survivor_that_the_store_refuses_is_dead_lettered_and_its_key_folded_again() -> None:
    bench = Bench(read_model=Picky("copy"))
    history = [
        event(sequence=1, after={"x": 1}),
        event("MODIFY", 2, before={"x": 1}, after={"x": 2}),
        event("MODIFY", 3, before={"x": 2}, after={"large": 3}),
        event("MODIFY", 4, before={"large": 3}, after={"large": 4}),
    ]
    assert bench.turn(*history) == {"applied": 1, "stale": 1, "dead_lettered": 2}
    assert bench.documents() == {"1": {"UserId": 1, "x": 2}}
    assert {letter.offset for letter in bench.dead_letters.letters} == {2, 3}


def test_a_dead_letter_that_cannot_be_written_stops_the_group(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(MemoryDeadLetters):
        def record(self, letter: Any) -> None:
            raise OSError("disk full")

    bench = Bench()
    monkeypatch.setattr(bench.consumer, "_dead_letters", Full())
    bench.append(b"poison")
    with pytest.raises(GroupStopped, match="disk full"):
        bench.consumer.run(Event())
    assert not any(bench.log.positions("copy", TOPIC).values())


ACME, NONE = {"WorkplaceId": "acme"}, {"WorkplaceId": ""}
STATES: list[dict[str, Any] | None] = [None, ACME, {**ACME, "LastLoginAt": 1}, {**ACME, "Username": "ann"}, NONE]


def change(sequence: int, before: dict[str, Any] | None, after: dict[str, Any] | None) -> ChangeEvent | None:
    if before is None and after is None:
        return None
    operation = "INSERT" if before is None else "REMOVE" if after is None else "MODIFY"
    return event(operation, sequence, before=before, after=after)


def histories(length: int) -> list[list[ChangeEvent]]:
    """Every history of one item in so many steps; a step from absent to absent is none."""
    paths: list[list[dict[str, Any] | None]] = [[None]]
    for _ in range(length):
        paths = [[*path, state] for path in paths for state in STATES if path[-1] is not None or state is not None]
    return [
        [found for number, (before, after) in enumerate(pairwise(path)) if (found := change(number, before, after))]
        for path in paths
    ]


def cuts(length: int) -> list[list[slice]]:
    """Every way to cut so many deliveries into batches."""
    ways = []
    for mask in range(2 ** max(length - 1, 0)):
        edges = [0, *(at + 1 for at in range(length - 1) if mask >> at & 1), length]
        ways.append([slice(start, end) for start, end in pairwise(edges)])
    return ways


@pytest.mark.parametrize("group", [GROUPS[0], GROUPS[1]], ids=lambda group: group.name)
@pytest.mark.parametrize("length", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_however_a_history_with_resent_runs_is_cut_into_batches_the_end_is_the_same(group: Group, length: int) -> None:
    checked = 0
    for history in histories(length):
        final = history[-1].after
        holds_it = final is not None and (group.where is None or group.where(final, history[-1].committed_at))
        runs = [history[start:end] for start, end in combinations(range(len(history) + 1), 2)]
        for resent in runs:
            deliveries = [*history, *resent]
            for cut in cuts(len(deliveries)):
                bench = Bench(group)
                for batch in cut:
                    bench.turn(*deliveries[batch])
                assert set(bench.documents()) == ({"1"} if holds_it else set()), (deliveries, cut)
                if holds_it:
                    ((write),) = group.projection.project(history[-1])
                    assert isinstance(write, Put)
                    assert bench.documents()["1"] == write.document
                checked += 1
    assert checked > {2: 100, 3: 3_000}[length]


@given(st.data())
def test_outcomes_add_up_to_deliveries(data: st.DataObject) -> None:
    bench = Bench(GROUPS[1], partitions=3)
    changes = data.draw(
        st.lists(
            st.one_of(
                st.just(b"poison"),
                st.builds(
                    lambda user_id, sequence, after: event("MODIFY", sequence, user_id=user_id, before={}, after=after),
                    st.integers(1, 4),
                    st.integers(1, 9),
                    st.sampled_from([ACME, NONE]),
                ),
            ),
            max_size=20,
        )
    )
    bench.append(*changes)
    finished = bench.consumer.step(0.0)
    assert finished == len(changes) == sum(bench.consumer.outcomes.as_counts().values())
    assert bench.consumer.outcomes.dead_lettered == changes.count(b"poison") == len(bench.dead_letters.letters)
    assert sum(bench.log.positions(GROUPS[1].name, TOPIC).values()) == len(changes)


def test_a_group_that_dies_in_its_first_turn_has_a_position() -> None:
    class Dying(MemoryReadModel):
        def apply(self, writes: Sequence[VersionedWrite]) -> list[WriteOutcome]:
            super().apply(writes)
            raise SystemExit

    bench = Bench(read_model=Dying("copy"))
    with pytest.raises(SystemExit):
        bench.turn(event(after={}))
    assert bench.documents()
    assert bench.log.positions("copy", TOPIC) == {0: 0}
