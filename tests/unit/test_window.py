"""A group that waits for a turn's deliveries to gather."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from consumers.delivery.loop import Pace
from tests.bench import TOPIC, Bench
from tests.events import event


class Meanwhile(Bench):
    """A group with a window of a minute. Something happens at each look at the clock; after the last, time is up."""

    def __init__(self, *happenings: Callable[[Bench], Any], batch: int = 1000) -> None:
        self._happenings: Iterator[Callable[[Bench], Any]] = iter(happenings)
        super().__init__(pace=Pace(batch=batch, window=60.0), partitions=2)

    def timer(self) -> float:
        happening = next(self._happenings, None)
        if happening is None:
            self.now += 61.0
        else:
            happening(self)
        return self.now


def arrives(user_id: int) -> Callable[[Bench], Any]:
    return lambda bench: bench.append(event(user_id=user_id, after={}))


def nothing(_bench: Bench) -> None:
    pass


def test_what_comes_within_the_window_is_of_the_same_turn() -> None:
    bench = Meanwhile(nothing, arrives(2), arrives(3))
    bench.append(event(user_id=1, after={}))
    bench.consumer.step(0.0)
    assert bench.documents().keys() == {"1", "2", "3"}
    assert bench.consumer.outcomes.polled == 3


def test_a_turn_that_is_full_begins_at_once() -> None:
    bench = Meanwhile(nothing, arrives(3), batch=2)
    bench.append(event(user_id=1, after={}), event(user_id=2, after={}))
    bench.consumer.step(0.0)
    assert bench.consumer.outcomes.polled == 2


def test_what_is_lost_while_it_gathers_is_left_to_others_and_the_rest_is_done() -> None:
    bench = Meanwhile(nothing, lambda each: each.subscription.lose(0), arrives(7))
    bench.append(*(event(user_id=number, after={}) for number in range(1, 7)))
    bench.consumer.step(0.0)
    for _ in range(3):
        bench.consumer.step(0.0)
    assert bench.documents().keys() == {str(number) for number in range(1, 8)}
    assert bench.consumer.unaccounted == 0
    assert bench.log.positions("copy", TOPIC) == {
        partition: end for partition, end in bench.log.ends(TOPIC).items() if end
    }
