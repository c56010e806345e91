"""Attribute values: what is refused, and what a projection sees of the rest."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.attribute_checks import MAX_DEPTH, check, check_attributes
from schemas.attribute_values import Item, attribute_value, number, plain, shown
from schemas.errors import InvalidAttributeValue
from tests.items import NINES, ODD_NUMBERS, Attribute, items, numbers, values

arbitrary_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS")), inner, max_size=2
        )
        | st.dictionaries(st.text(), inner, max_size=2)
    ),
    max_leaves=10,
)


def nested(depth: int, letter: str = "L") -> Attribute:
    """A text inside `depth - 1` lists or maps."""
    value: Attribute = {"S": "innermost"}
    for _ in range(depth - 1):
        value = {"L": [value]} if letter == "L" else {"M": {"in": value}}
    return value


def refusal_of(value: object) -> InvalidAttributeValue | None:
    try:
        check(value, "here")
    except InvalidAttributeValue as error:
        return error
    return None


@given(values)
def test_every_value_that_dynamodb_can_hold_is_taken(value: Attribute) -> None:
    check(value, "here")


@given(arbitrary_json | values)
def test_a_value_is_refused_alike_alone_and_beside_a_null_which_takes_the_long_way(value: Any) -> None:
    alone, beside = refusal_of(value), refusal_of({"L": [{"NULL": True}, value]})
    assert (alone and (alone.found, alone.expected)) == (beside and (beside.found, beside.expected))


@given(items)
def test_every_item_that_dynamodb_can_hold_is_taken_as_it_is(item: dict[str, Attribute]) -> None:
    assert check_attributes(item, "NewImage") is item


@given(arbitrary_json)
def test_any_json_value_is_an_attribute_value_or_refused_as_one(value: Any) -> None:
    refused = refusal_of(value)
    if refused is None:
        plain(value)
    else:
        assert refused.path.startswith("here")
        assert str(refused) == f"{refused.path} is {refused.found}, expected {refused.expected}"
        assert str(refused).encode()


@pytest.mark.parametrize(
    ("value", "path", "found", "expected"),
    [
        (None, "x", "None", "an attribute value with one type, like {'S': 'text'}"),
        ({}, "x", "{}", "an attribute value with one type, like {'S': 'text'}"),
        ({"S": "a", "N": "1"}, "x", "{'N': '1', 'S': 'a'}", "an attribute value with one type, like {'S': 'text'}"),
        ("text", "x", "'text'", "an attribute value with one type, like {'S': 'text'}"),
        ({"X": "a"}, "x", "of type 'X'", "one of B, BOOL, BS, L, M, N, NS, NULL, S, SS"),
        ({"S": 1}, "x", "1", "text"),
        ({"S": "half \ud83d"}, "x", "text with half of a surrogate pair", "Unicode text"),
        ({"N": 1}, "x", "1", "a number as text"),
        ({"N": ""}, "x", "''", "a number as text"),
        ({"N": "."}, "x", "'.'", "a number as text"),
        ({"N": "0x10"}, "x", "'0x10'", "a number as text"),
        ({"N": "1_000"}, "x", "'1_000'", "a number as text"),
        ({"N": " 1"}, "x", "' 1'", "a number as text"),
        ({"N": "1\n"}, "x", "'1\\n'", "a number as text"),
        ({"N": "٣"}, "x", "'٣'", "a number as text"),
        ({"N": "NaN"}, "x", "'NaN'", "a number as text"),
        ({"N": "Infinity"}, "x", "'Infinity'", "a number as text"),
        ({"N": "1e9999999999"}, "x", "'1e9999999999'", "a number as text"),
        ({"N": "1" + NINES}, "x", "a number of 39 digits", "at most 38"),
        ({"N": "1." + NINES}, "x", "a number of 39 digits", "at most 38"),
        ({"N": "1e126"}, "x", "'1e126'", "a number between 1E-130 and 9.99E+125"),
        ({"N": "9e-131"}, "x", "'9e-131'", "a number between 1E-130 and 9.99E+125"),
        ({"B": "a"}, "x", "'a'", "binary as base64 text"),
        ({"B": "YQ"}, "x", "'YQ'", "binary as base64 text"),
        ({"B": "Y Q="}, "x", "'Y Q='", "binary as base64 text"),
        ({"B": "Y-_="}, "x", "'Y-_='", "binary as base64 text"),
        ({"B": "é==="}, "x", "'é==='", "binary as base64 text"),
        ({"B": "YR=="}, "x", "'YR=='", "binary as base64 text"),
        ({"B": None}, "x", "None", "binary as base64 text"),
        ({"BOOL": "true"}, "x", "'true'", "true or false"),
        ({"BOOL": 1}, "x", "1", "true or false"),
        ({"NULL": False}, "x", "False", "true, as in {'NULL': true}"),
        ({"NULL": 1}, "x", "1", "true, as in {'NULL': true}"),
        ({"M": []}, "x", "[]", "a map of attribute values"),
        ({"M": {"y": {"N": "z"}}}, "x.y", "'z'", "a number as text"),
        ({"L": {}}, "x", "{}", "a list of attribute values"),
        ({"L": [{"S": "a"}, {"S": None}]}, "x[1]", "None", "text"),
        ({"SS": []}, "x", "[]", "a set with at least one member"),
        ({"SS": "a"}, "x", "'a'", "a set with at least one member"),
        ({"SS": ["a", 1]}, "x[1]", "1", "text"),
        ({"SS": ["a", "b", "a"]}, "x", "['a', 'b', 'a']", "a set without duplicates"),
        ({"NS": ["1", "a"]}, "x[1]", "'a'", "a number as text"),
        ({"NS": ["10", "1e1"]}, "x", "['10', '1e1']", "a set without duplicates"),
        ({"BS": ["YQ==", "?"]}, "x[1]", "'?'", "binary as base64 text"),
        ({"BS": ["YQ==", "YQ=="]}, "x", "['YQ==', 'YQ==']", "a set without duplicates"),
    ],
)
def test_what_dynamodb_cannot_hold_is_refused_with_path_found_and_expected(
    value: object, path: str, found: str, expected: str
) -> None:
    with pytest.raises(InvalidAttributeValue) as refused:
        check(value, "x")
    assert (refused.value.path, refused.value.found, refused.value.expected) == (path, found, expected)


def test_a_name_with_half_of_a_surrogate_pair_is_refused_in_a_sentence_that_utf8_can_spell() -> None:
    with pytest.raises(InvalidAttributeValue, match="a name in it") as refused:
        check_attributes({"a": {"M": {"\ud800": {"S": ""}}}}, "NewImage")
    str(refused.value).encode()


@pytest.mark.parametrize("image", [None, [], "text", 1, {"a": "text"}])
def test_an_image_that_is_no_map_of_attribute_values_is_refused(image: object) -> None:
    with pytest.raises(InvalidAttributeValue):
        check_attributes(image, "NewImage")


@pytest.mark.parametrize("letter", ["L", "M"])
def test_a_value_nested_as_deep_as_dynamodb_allows_is_taken_and_one_that_attacks_the_stack_is_refused(
    letter: str,
) -> None:
    check(nested(33, letter), "here")
    check(nested(MAX_DEPTH, letter), "here")
    with pytest.raises(InvalidAttributeValue, match="nested more than 64 deep, expected at most 32 levels"):
        check(nested(MAX_DEPTH + 1, letter), "here")


def test_json_nested_deeper_than_the_stack_is_refused_where_a_text_should_stand() -> None:
    hostile: Any = json.loads("[" * 900 + "]" * 900)
    for _ in range(10_000):
        hostile = [hostile]
    with pytest.raises(InvalidAttributeValue):
        check({"S": hostile}, "here")
    with pytest.raises(InvalidAttributeValue):
        check(hostile, "here")


@pytest.mark.parametrize("text", ["1" * 30_000 + "x", "1." + "1" * 30_000 + "x", "1" * 400_000])
def test_a_number_as_long_as_an_item_is_refused_without_delay(text: str) -> None:
    begun = time.monotonic()
    with pytest.raises(InvalidAttributeValue):
        check({"N": text}, "here")
    assert time.monotonic() - begun < 5, "a pattern that backtracks takes half a minute"


def test_a_set_of_numbers_may_share_a_hash_here_and_there_and_no_more() -> None:
    """Numbers have a hash that anybody can work out; a set of them that share one takes for ever to make."""
    shared = [str((2**61 - 1) * at) for at in range(1, 100_001)]
    check({"NS": [*shared[:50], "1", "2"]}, "x")
    with pytest.raises(InvalidAttributeValue, match="expected a set without duplicates"):
        check({"NS": shared}, "x")


def test_an_error_shows_no_more_than_the_beginning_of_a_long_value() -> None:
    assert len(shown("x" * 400_000)) <= 60
    assert len(shown([["x" * 50] * 50] * 50)) <= 60


@pytest.mark.parametrize("text", ODD_NUMBERS)
def test_numbers_at_the_limits_are_taken_and_keep_their_value(text: str) -> None:
    check({"N": text}, "here")
    assert number(text) == Decimal(text)


@given(numbers)
def test_a_number_is_an_int_exactly_where_it_is_whole_and_fits_64_bits(text: str) -> None:
    value = number(text)
    exact = Fraction(Decimal(text))
    assert value == exact
    assert isinstance(value, int) == (exact.denominator == 1 and -(2**63) <= exact < 2**63)


@given(values)
def test_plain_values_become_attribute_values_of_the_same_meaning(value: Attribute) -> None:
    written = attribute_value(plain(value))
    check(written, "here")
    assert list(written) == list(value)
    assert plain(written) == plain(value)


def test_every_type_has_its_plain_value() -> None:
    item = Item(
        {
            "S": {"S": ""},
            "N": {"N": "1.0"},
            "fraction": {"N": "-1.5e-3"},
            "B": {"B": "AAE="},
            "BOOL": {"BOOL": False},
            "NULL": {"NULL": True},
            "M": {"M": {"x": {"L": [{"N": "9223372036854775808"}]}}},
            "SS": {"SS": ["b", "a"]},
            "NS": {"NS": ["1e1", "0.5"]},
            "BS": {"BS": ["", "YQ=="]},
        }
    )
    assert dict(item) == {
        "S": "",
        "N": 1,
        "fraction": Decimal("-0.0015"),
        "B": b"\0\1",
        "BOOL": False,
        "NULL": None,
        "M": {"x": [Decimal(2**63)]},
        "SS": frozenset({"a", "b"}),
        "NS": frozenset({10, Decimal("0.5")}),
        "BS": frozenset({b"", b"a"}),
    }
    assert type(item["N"]) is int
    assert item["BOOL"] is False


def test_a_set_is_written_in_the_order_of_its_values() -> None:
    assert attribute_value(frozenset({10, 9, Decimal("-0.5")})) == {"NS": ["-0.5", "9", "10"]}
    assert attribute_value(frozenset({"b", "a"})) == {"SS": ["a", "b"]}
    assert attribute_value(frozenset({b"b", b"a"})) == {"BS": ["YQ==", "Yg=="]}


@pytest.mark.parametrize(
    "value", [1.5, frozenset(), frozenset({"a", 1}), frozenset({None}), frozenset({True}), object()]
)
def test_a_value_without_a_dynamodb_type_is_a_type_error(value: Any) -> None:
    with pytest.raises(TypeError, match="has no DynamoDB type"):
        attribute_value(value)
    with pytest.raises(TypeError, match="has no DynamoDB type"):
        attribute_value({"inside": [value]})


def test_items_are_equal_where_their_attribute_values_are() -> None:
    one, same = Item({"a": {"N": "1"}, "b": {"S": ""}}), Item({"b": {"S": ""}, "a": {"N": "1"}})
    assert one == same
    assert hash(one) == hash(same)
    assert one != Item({"a": {"N": "2"}, "b": {"S": ""}})
    assert one != {"a": 1, "b": ""}
    assert (len(one), sorted(one), "c" in one) == (2, ["a", "b"], False)
    assert "'N': '1'" in repr(one)


def test_the_text_of_an_attribute_is_none_where_it_is_absent_or_no_string() -> None:
    item = Item({"text": {"S": "a"}, "empty": {"S": ""}, "number": {"N": "1"}, "null": {"NULL": True}})
    assert [item.text(name) for name in ("text", "empty", "number", "null", "absent")] == ["a", "", None, None, None]
