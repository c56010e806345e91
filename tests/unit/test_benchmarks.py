"""The benchmarks run. What they measure is for `make bench` to judge, never for a test."""

from __future__ import annotations

from benchmarks import codec, filters


def test_the_benchmark_of_filters_measures_every_line() -> None:
    lines = filters.measured(rounds=1)
    assert len({line.what for line in lines}) == len(lines)
    assert all(line.figure > 0 for line in lines)


def test_the_benchmark_of_the_codec_measures_every_line() -> None:
    lines = codec.measured(rounds=1)
    assert len({line.what for line in lines}) == len(lines)
    assert all(line.figure > 0 for line in lines)
