"""A filter as an event source mapping takes it, or what in it no mapping evaluates."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.filters import AWS, PatternError, compile_pattern
from schemas.filters.export import MAX_FILTERS, filter_criteria
from tests.filter_patterns import patterns, values

REMOVED, STATUS = {"eventName": ["REMOVE"]}, {"dynamodb": {"NewImage": {"Status": {"S": ["active"]}}}}


def texts(pattern: Any) -> list[str]:
    """The patterns of the criteria."""
    criteria = filter_criteria(compile_pattern(pattern, named={"removed": compile_pattern(REMOVED)}))
    assert criteria.keys() == {"Filters"}
    assert all(each.keys() == {"Pattern"} for each in criteria["Filters"])
    return [each["Pattern"] for each in criteria["Filters"]]


def refusal(pattern: Any) -> tuple[str, str]:
    with pytest.raises(PatternError) as refused:
        texts(pattern)
    return refused.value.path, refused.value.found


images = patterns().map(lambda pattern: {"dynamodb": pattern})


@given(images, values(with_odd=False))
def test_a_pattern_of_aws_comes_out_as_one_that_compiles_there_and_matches_the_same(pattern: Any, value: Any) -> None:
    (text,) = texts(pattern)
    exported = compile_pattern(text, language=AWS)
    assert exported == compile_pattern(pattern)
    assert exported.matches({"dynamodb": value}) is compile_pattern(pattern).matches({"dynamodb": value})


@given(st.lists(images, min_size=1, max_size=MAX_FILTERS), values(with_odd=False))
def test_any_of_comes_out_as_several_filters_of_which_one_is_enough(several: list[Any], value: Any) -> None:
    exported = [compile_pattern(text, language=AWS) for text in texts({"any_of": several})]
    assert exported == [compile_pattern(each) for each in several]
    whole = compile_pattern({"any_of": several}).matches({"dynamodb": value})
    assert whole is any(each.matches({"dynamodb": value}) for each in exported)


def test_a_named_filter_comes_out_in_full() -> None:
    assert texts({"any_of": ["removed", STATUS]}) == [compile_pattern(each).text for each in (REMOVED, STATUS)]
    assert texts({"any_of": ["removed"]}) == [compile_pattern(REMOVED).text]


@pytest.mark.parametrize(
    "text",
    [
        '{"eventName":[12345678901234567890.123456789,1e400,0.1,1e-7]}',
        '{"$or":[{"eventName":["REMOVE"]},{"dynamodb":{"$or":[{"Keys":{"a":["x"]}},{"SizeBytes":[{"numeric":[">",5]}]}]}}]}',
        '{"dynamodb.NewImage.Status.S":["active"]}',
        '{"userIdentity":{"type":["Service"]}}',
        '{"dynamodb":{"NewImage":{"changed":{"M":{"matches":{"S":[{"prefix":"a"}]}}},"time":{"S":["number"]}}}}',
        '{"dynamodb":{"NewImage":{"all_of":{"L":["any_of",{"exists":true}]},"source":{"S":["none_of"]}}}}',
        '{"$or":[{"dynamodb":{"time":["x"]}},{"dynamodb":{"changed":[true],"metadata":["x"]}}]}',
    ],
)
def test_whatever_aws_has_comes_out_as_it_stands_fields_named_like_our_operators_too(text: str) -> None:
    assert texts(text) == [text]


@pytest.mark.parametrize(
    ("pattern", "path", "found"),
    [
        ({"eventName": ["x", {"matches": "^R"}]}, "$.eventName[1].matches", "the operator matches"),
        ({"dynamodb": {"SizeBytes": [{"number": [">", 5]}]}}, "$.dynamodb.SizeBytes[0].number", "the operator number"),
        ({"dynamodb": {"a": [{"time": ["before", "now"]}]}}, "$.dynamodb.a[0].time", "the operator time"),
        ({"dynamodb": {"NewImage": [{"changed": True}]}}, "$.dynamodb.NewImage[0].changed", "the operator changed"),
        (
            {"dynamodb": {"$or": [{"a": [1]}, {"b": {"time": [{"matches": "x"}]}}]}},
            "$.dynamodb.$or[1].b.time[0].matches",
            "the operator matches",
        ),
        (
            {"any_of": [REMOVED, {"dynamodb": {"a": [{"matches": "x"}]}}]},
            "$.any_of[1].dynamodb.a[0].matches",
            "the operator matches",
        ),
        ({"all_of": [REMOVED, STATUS]}, "$.all_of", "the operator all_of"),
        ({"none_of": [REMOVED]}, "$.none_of", "the operator none_of"),
        ({"any_of": [REMOVED, {"any_of": [STATUS]}]}, "$.any_of[1].any_of", "the operator any_of"),
        ({"source": {"table": ["Users"]}}, "$.source", "a field that no record of a stream has"),
        ({"metadata": {"x": ["a"]}, **REMOVED}, "$.metadata", "a field that no record of a stream has"),
        ({"source.table": ["Users"]}, '$["source.table"]', "a field that no record of a stream has"),
        ({"any_of": [STATUS, {"a": [1]}]}, "$.any_of[1].a", "a field that no record of a stream has"),
        (
            {"$or": [REMOVED, {"$or": [STATUS, {"metadata": {"x": ["a"]}}]}]},
            "$.$or[1].$or[1].metadata",
            "a field that no record of a stream has",
        ),
        ({"any_of": [REMOVED] * 6}, "$.any_of", "6 filters"),
    ],
)
def test_what_a_mapping_does_not_evaluate_is_refused_by_its_name_and_path(pattern: Any, path: str, found: str) -> None:
    assert refusal(pattern) == (path, found)


def test_the_refusal_says_where_it_is_evaluated() -> None:
    with pytest.raises(PatternError, match="time is evaluated at the bridge and in groups alone"):
        texts({"dynamodb": {"a": [{"time": ["before", "now"]}]}})


def test_a_field_of_aws_is_no_word_of_ours() -> None:
    as_aws_reads_it = compile_pattern({"any_of": ["REMOVE"]}, language=AWS)
    with pytest.raises(PatternError, match=r"^\$\.any_of: found a field that no record of a stream has"):
        filter_criteria(as_aws_reads_it)
