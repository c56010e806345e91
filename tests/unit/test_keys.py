"""Message keys: one text for each item key, and no text for two."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.attribute_values import Item
from schemas.errors import InvalidKey
from schemas.keys import KeyAttribute, KeySchema, key_text, parse_key
from tests.items import NINES, Attribute, binaries, numbers, of_type, texts

_PARTS = {"S": texts | st.text("a|\\", max_size=4), "N": numbers, "B": binaries}
schemas = st.lists(st.sampled_from("SNB"), min_size=1, max_size=2).map(
    lambda letters: tuple(KeyAttribute(name, letter) for name, letter in zip(("Hash", "Range"), letters, strict=False))
)


def keys_of(schema: KeySchema) -> st.SearchStrategy[dict[str, Attribute]]:
    parts = [of_type(kind, _PARTS[kind]) for _, kind in schema]
    return st.tuples(*parts).map(lambda values: dict(zip((name for name, _ in schema), values, strict=True)))


def plain_key(key: dict[str, Any]) -> dict[str, Any]:
    return dict(Item(key))


@given(st.data(), schemas)
def test_a_key_comes_back_from_its_text_but_for_the_spelling_of_its_numbers(
    data: st.DataObject, schema: KeySchema
) -> None:
    key = data.draw(keys_of(schema))
    read = parse_key(key_text(key), schema)
    assert list(read) == [name for name, _ in schema]
    assert plain_key(dict(read)) == plain_key(key)
    assert key_text(read) == key_text(key)


@given(st.data(), schemas)
def test_two_keys_have_the_same_text_exactly_where_they_are_the_same(data: st.DataObject, schema: KeySchema) -> None:
    one, other = data.draw(keys_of(schema)), data.draw(keys_of(schema))
    assert (key_text(one) == key_text(other)) == (plain_key(one) == plain_key(other))


@pytest.mark.parametrize(
    ("spellings", "text"),
    [
        (("1", "1.0", "1E0", "0.1e1", "+1", "001", "1.", "10e-1", "100E-2"), "1"),
        (("0", "-0", "0.00", "0E500", "-0E-500", ".0"), "0"),
        (("100", "1e2", "1E+2", "100.000"), "100"),
        (("-0.5", "-.5", "-5e-1", "-0.50"), "-0.5"),
        ((NINES, NINES + ".0", "9." + NINES[1:] + "E37"), NINES),
        (("0." + NINES, NINES + "E-38"), "0." + NINES),
        (("1E-130",), "0." + "0" * 129 + "1"),
        (("9E125",), "9" + "0" * 125),
    ],
)
def test_equal_numbers_have_one_text(spellings: tuple[str, ...], text: str) -> None:
    assert {key_text({"Id": {"N": spelling}}) for spelling in spellings} == {text}


def test_numbers_that_differ_in_the_38th_digit_have_two_texts() -> None:
    assert key_text({"Id": {"N": NINES}}) != key_text({"Id": {"N": NINES[:-1] + "8"}})


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ({"Id": {"S": "a|b"}}, r"a\|b"),
        ({"Id": {"S": "a\\"}}, "a\\\\"),
        ({"Id": {"S": "new\nline"}}, "new\nline"),
        ({"Id": {"S": "ä ✓"}}, "ä ✓"),
        ({"Id": {"B": "AA+/"}}, "AA+/"),
        ({"Hash": {"S": "a|"}, "Range": {"S": "b"}}, r"a\||b"),
        ({"Hash": {"S": "a"}, "Range": {"S": "|b"}}, r"a|\|b"),
        ({"Hash": {"S": "a\\"}, "Range": {"S": "b"}}, r"a\\|b"),
        ({"Hash": {"S": ""}, "Range": {"N": "1.0"}}, "|1"),
    ],
)
def test_the_text_of_a_key_is_the_same_for_ever(key: dict[str, Attribute], text: str) -> None:
    assert key_text(key) == text


ONE_NUMBER: KeySchema = (KeyAttribute("UserId", "N"),)
TWO_TEXTS: KeySchema = (KeyAttribute("Team", "S"), KeyAttribute("User", "S"))


@pytest.mark.parametrize(
    ("text", "schema", "sentence"),
    [
        ("4|2", ONE_NUMBER, "the key '4|2' has 2 parts, expected 1 (UserId), separated by |"),
        ("a", TWO_TEXTS, "the key 'a' has 1 parts, expected 2 (Team, User), separated by |"),
        ("a|b|c", TWO_TEXTS, "the key 'a|b|c' has 3 parts, expected 2 (Team, User), separated by |"),
        ("a|b\\c", TWO_TEXTS, r"the key 'a|b\\c' has a backslash that escapes nothing; write \\ for a backslash"),
        ("a|b\\", TWO_TEXTS, r"the key 'a|b\\' has a backslash that escapes nothing; write \\ for a backslash"),
        ("forty-two", ONE_NUMBER, "the key 'forty-two' is not one: UserId is 'forty-two', expected a number as text"),
        ("", ONE_NUMBER, "the key '' is not one: UserId is '', expected a number as text"),
        ("a", (KeyAttribute("Id", "B"),), "the key 'a' is not one: Id is 'a', expected binary as base64 text"),
    ],
)
def test_a_text_that_is_no_key_is_refused_in_one_sentence(text: str, schema: KeySchema, sentence: str) -> None:
    with pytest.raises(InvalidKey) as refused:
        parse_key(text, schema)
    assert str(refused.value) == sentence


@given(st.text(), schemas)
def test_any_text_is_a_key_or_refused_as_one(text: str, schema: KeySchema) -> None:
    try:
        key = parse_key(text, schema)
    except InvalidKey as error:
        assert str(error).encode()  # noqa: PT017 - either way out is right
        return
    assert plain_key(dict(parse_key(key_text(key), schema))) == plain_key(dict(key))
