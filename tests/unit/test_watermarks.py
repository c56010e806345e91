"""Watermarks: everything below has an outcome, and each delivery has exactly one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.delivery.watermarks import Watermarks
from consumers.subscription import Delivery


def delivery(offset: int, partition: int = 0) -> Delivery:
    return Delivery("t", partition, offset, b"k", b"v")


def test_the_watermark_stops_below_the_first_delivery_without_an_outcome() -> None:
    watermarks = Watermarks()
    watermarks.polled([delivery(offset) for offset in (5, 6, 8)])
    watermarks.finished(delivery(6))
    assert watermarks.advance() == {}
    watermarks.finished(delivery(5))
    assert watermarks.advance() == {0: 7}
    assert watermarks.advance() == {}
    watermarks.finished(delivery(8))
    assert watermarks.advance() == {0: 9}


def test_a_second_outcome_and_one_never_polled_are_errors() -> None:
    watermarks = Watermarks()
    watermarks.polled([delivery(1)])
    watermarks.finished(delivery(1))
    with pytest.raises(ValueError, match="has an outcome already"):
        watermarks.finished(delivery(1))
    with pytest.raises(ValueError, match="never polled"):
        watermarks.finished(delivery(2))


@given(st.permutations([(partition, offset) for partition in (0, 1) for offset in range(6)]))
def test_in_whatever_order_outcomes_come_each_partition_ends_at_its_end(order: list[tuple[int, int]]) -> None:
    watermarks = Watermarks()
    watermarks.polled([delivery(offset, partition) for partition in (0, 1) for offset in range(6)])
    positions: dict[int, int] = {}
    done: set[tuple[int, int]] = set()
    for partition, offset in order:
        watermarks.finished(delivery(offset, partition))
        done.add((partition, offset))
        positions.update(watermarks.advance())
        for moved, position in positions.items():
            assert all((moved, below) in done for below in range(position))
    assert positions == {0: 6, 1: 6}
