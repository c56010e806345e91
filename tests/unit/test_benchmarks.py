"""The benchmarks run and judge as they say. What they measure is for `make bench`, never for a test."""

from __future__ import annotations

import os
from functools import partial
from itertools import count
from pathlib import Path
from time import process_time
from types import ModuleType

import msgspec
import pytest

from benchmarks.__main__ import MODULES, write
from benchmarks.processor_time import processor_seconds
from benchmarks.rounds import Ratio, in_turn, share, times_faster
from benchmarks.table import line_of, row
from benchmarks.workload import records
from distributary.errors import ToolMissing
from tests.real_servers import skip


@pytest.mark.slow
@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_line_is_measured(module: ModuleType) -> None:
    try:
        lines = module.measured(1)
    except ToolMissing as missing:
        skip(str(missing))
    assert len({line.what for line in lines}) == len(lines)
    assert all(line.figure > 0 and row(line).startswith(line.what) for line in lines)


def test_variants_take_turns_and_another_one_begins_each_round() -> None:
    order: list[str] = []
    took = in_turn({name: partial(order.append, name) for name in "ab"}, rounds=3)
    assert "".join(order) == "ab" + "ab" + "ba" + "ab"
    assert {name: len(each) for name, each in took.items()} == {"a": 3, "b": 3}


def test_a_ratio_is_of_the_same_round_and_its_quartile_is_on_the_bad_side() -> None:
    took = {"ours": [1.0, 2.0, 4.0, 1.0], "other": [4.0, 8.0, 16.0, 2.0]}
    assert times_faster(took, "ours", "other") == Ratio(4.0, 2.5, 4)
    assert share(took, "ours", "other") == Ratio(0.25, 0.4375, 4)


@pytest.mark.parametrize(
    ("goal", "figure", "quartile", "met"),
    [
        ({"at_least": 4.0}, 4.1, 3.3, True),
        ({"at_least": 4.0}, 4.1, 3.1, False),
        ({"at_least": 4.0}, 3.9, 3.9, False),
        ({"at_most": 0.2}, 0.2, 0.24, True),
        ({"at_most": 0.2}, 0.2, 0.26, False),
        ({"at_most": 0.2}, 0.21, 0.2, False),
        ({}, 100.0, 100.0, True),
    ],
)
def test_a_goal_is_met_by_the_median_and_nearly_by_the_quartile(
    goal: dict[str, float], figure: float, quartile: float, met: bool
) -> None:
    line = line_of("x", Ratio(figure, quartile, 13), **goal)
    assert line.met is met
    assert ("MISSED" in row(line)) is not met


def test_what_is_measured_on_servers_and_the_rest_keep_each_other_in_the_results(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    for what, servers in (("old", False), ("bridge", False), ("end to end", True), ("bridge again", False)):
        write([line_of(what, Ratio(2.0, 1.0, 3), at_least=2)], {"load": what}, file, servers=servers)
    found = msgspec.json.decode(file.read_bytes())
    assert [line["what"] for line in found["lines"]] == ["bridge again"]
    assert [line["what"] for line in found["servers"]["lines"]] == ["end to end"]
    assert (found["machine"], found["servers"]["machine"]) == ({"load": "bridge again"}, {"load": "end to end"})


def test_processor_time_is_what_a_process_has_worked() -> None:
    before = processor_seconds(os.getpid())
    while processor_seconds(os.getpid()) < before + 0.05:
        pass
    assert processor_seconds(os.getpid()) == pytest.approx(process_time(), abs=0.05)


def test_the_workload_is_the_same_for_a_seed_and_of_the_size_and_kinds_that_are_asked_for() -> None:
    made = records(2000, image_bytes=10_000)
    assert made == records(2000, image_bytes=10_000)
    shares = {
        kind: sum(one["eventName"] == kind for one in made) / len(made) for kind in ("INSERT", "MODIFY", "REMOVE")
    }
    assert shares == pytest.approx({"INSERT": 0.2, "MODIFY": 0.7, "REMOVE": 0.1}, abs=0.03)
    image = next(one["dynamodb"]["NewImage"] for one in made if one["eventName"] == "INSERT")
    assert len(image) == 16
    assert 9_000 < len(str(image)) < 11_500
    numbers = count(1)
    assert all(int(one["eventID"], 16) == next(numbers) for one in made)


def test_the_smallest_images_have_about_a_hundred_bytes() -> None:
    images = [one["dynamodb"]["NewImage"] for one in records(100, image_bytes=100) if one["eventName"] != "REMOVE"]
    assert all(80 < len(msgspec.json.encode(image)) < 120 for image in images)


def test_keys_are_uniform_or_hot_or_a_single_one() -> None:
    def busiest(keys: str) -> int:
        found = [one["dynamodb"]["Keys"]["UserId"]["N"] for one in records(1000, keys=keys, users=100)]  # type: ignore[arg-type]
        return max(map(found.count, set(found)))

    assert busiest("uniform") < 40 < busiest("zipf") < 1000 == busiest("hot")
