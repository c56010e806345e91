"""Of several deliveries of one item the latest stands for the others, which nobody decodes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from consumers.groups import GROUPS
from consumers.projection import Projection
from consumers.writes import Put
from schemas.change_event import ChangeEvent
from schemas.versions import version
from tests.bench import COPY, TOPIC, Bench
from tests.events import encoded, event
from tests.records import LABEL

IN: dict[str, Any] = {"WorkplaceId": "acme"}
OUT: dict[str, Any] = {"WorkplaceId": ""}


def arrives(bench: Bench, value: bytes, sequence: int) -> None:
    """Bytes under the key of user 1, with the version of that sequence number as their header."""
    bench.log.append(TOPIC, b"1", value, (("version", version(LABEL, str(sequence)).encode()),))


def test_what_is_folded_away_is_stale_whatever_its_bytes_are() -> None:
    bench = Bench()
    arrives(bench, b"no event", 1)
    assert bench.turn(event("MODIFY", 2, before={}, after={"x": 2})) == {"applied": 1, "stale": 1}
    assert bench.documents() == {"1": {"UserId": 1, "x": 2}}
    assert bench.dead_letters.letters == []


def test_if_the_latest_is_poison_the_next_one_stands_for_the_rest() -> None:
    bench = Bench()
    arrives(bench, b"no event", 9)
    outcomes = bench.turn(event(sequence=1, after={"x": 1}), event("MODIFY", 2, before={"x": 1}, after={"x": 2}))
    assert outcomes == {"applied": 1, "stale": 1, "dead_lettered": 1}
    assert bench.documents() == {"1": {"UserId": 1, "x": 2}}


def test_a_header_that_lies_folds_nothing_away() -> None:
    bench = Bench()
    arrives(bench, encoded(event(sequence=1, after={"x": 1})), 9)
    assert bench.turn(event("MODIFY", 2, before={"x": 1}, after={"x": 2})) == {"applied": 1, "stale": 1}
    assert bench.documents() == {"1": {"UserId": 1, "x": 2}}


def test_one_that_stands_for_others_is_not_skipped_for_what_it_says_of_before() -> None:
    bench = Bench(GROUPS[1])
    bench.turn(event(sequence=1, after=IN))
    leaves = event("MODIFY", 2, before=IN, after=OUT)
    bench.turn(leaves, event("MODIFY", 3, before=OUT, after={**OUT, "x": 1}))
    assert bench.documents() == {}


def test_a_group_with_a_filter_looks_at_each() -> None:
    def not_the_last(change: ChangeEvent) -> bool:
        return change.version != version(LABEL, "3")

    bench = Bench(replace(COPY, filter=not_the_last))
    history = [event("MODIFY", number, before={"x": 0}, after={"x": number}) for number in (1, 2, 3)]
    assert bench.turn(*history) == {"applied": 1, "stale": 1, "filtered": 1}
    assert bench.documents() == {"1": {"UserId": 1, "x": 2}}


def test_a_projection_of_several_documents_sees_each() -> None:
    def by_version(change: ChangeEvent) -> list[Put]:
        return [Put(f"{change.key_text}|{change.version[-1]}", {})]

    bench = Bench(replace(COPY, projection=Projection("by-version", version=1, project=by_version)))
    assert bench.turn(event(sequence=1, after={}), event("MODIFY", 2, before={}, after={})) == {"applied": 2}
