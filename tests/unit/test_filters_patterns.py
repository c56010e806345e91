"""What is a pattern and what is not, and what the refusal says."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.filters import AWS, PatternError, compile_pattern
from schemas.filters.language import Language
from schemas.filters.place import Place
from tests.filter_patterns import broken_patterns, patterns, values


def refusal(pattern: Any) -> PatternError:
    with pytest.raises(PatternError) as refused:
        compile_pattern(pattern)
    return refused.value


@pytest.mark.parametrize(
    ("pattern", "path", "found"),
    [
        ({}, "$", "an empty object"),
        ("", "$", "a text that is no JSON (line 1, column 1: Expecting value)"),
        ('{"a": [1]} x', "$", "a text that is no JSON (line 1, column 12: Extra data)"),
        ("[1]", "$", "a list"),
        ("null", "$", "null"),
        ('{"a": [NaN]}', "$", "NaN, which is no JSON"),
        ('{"a": ["\ud800"]}', "$", "half a surrogate pair, which is no Unicode"),
        ('{"a": {"b": [1], "b": [2]}}', "$.a.b", "this key a second time"),
        ({"a": "x"}, "$.a", 'the text "x"'),
        ({"a": {"b": 1}}, "$.a.b", "the number 1"),
        ({"a": []}, "$.a", "an empty list"),
        ({"a": {}}, "$.a", "an empty object"),
        ({"a": [["x"]]}, "$.a[0]", "a list"),
        ({"a": [{}]}, "$.a[0]", "an empty object"),
        ({"a": ["x", {"prefix": "a", "suffix": "b"}]}, "$.a[1]", 'an object with "prefix" and "suffix"'),
        ({"a": [{"like": "x"}]}, "$.a[0]", 'the operator "like"'),
        ({"a b": [{"prefix": 1}]}, '$["a b"][0].prefix', "the number 1"),
        ({"a": [{"suffix": {"prefix": "x"}}]}, "$.a[0].suffix", 'the operator "prefix"'),
        ({"a": [{"wildcard": "a**b"}]}, "$.a[0].wildcard", "two stars side by side at character 1"),
        ({"a": [{"wildcard": "a\\b"}]}, "$.a[0].wildcard", "a backslash before b at character 1"),
        ({"a": [{"wildcard": "a\\"}]}, "$.a[0].wildcard", "a backslash before the end at character 1"),
        ({"a": [{"exists": 1}]}, "$.a[0].exists", "the number 1"),
        ({"a": [{"numeric": []}]}, "$.a[0].numeric", "an empty list"),
        ({"a": [{"numeric": ["<", 1, ">", 0]}]}, "$.a[0].numeric", 'the comparisons the text "<" and the text ">"'),
        ({"a": [{"numeric": [">", 5, "<", 5]}]}, "$.a[0].numeric", "a lower bound that is not below the upper"),
        ({"a": [{"numeric": ["=", "1"]}]}, "$.a[0].numeric[1]", 'the text "1"'),
        ({"a": [{"numeric": ["=", 2**63 + 1]}]}, "$.a[0].numeric[1]", f"the number {2**63 + 1}"),
        ({"a": [{"cidr": "10.0.0.1"}]}, "$.a[0].cidr", "a text without one /"),
        ({"a": [{"cidr": "10.0.0/8"}]}, "$.a[0].cidr", "a text that begins with no IP address"),
        ({"a": [{"cidr": "10.0.0.0/x"}]}, "$.a[0].cidr", "a mask that is no whole number"),
        ({"a": [{"cidr": "10.0.0.0/32"}]}, "$.a[0].cidr", "a mask of 32 bits, where the address has 32"),
        ({"a": [{"anything-but": []}]}, "$.a[0].anything-but", "an empty list"),
        ({"a": [{"anything-but": ["x", 1]}]}, "$.a[0].anything-but", "a list"),
        ({"a": [{"anything-but": True}]}, "$.a[0].anything-but", "true"),
        ({"a": [{"anything-but": {"cidr": "::/8"}}]}, "$.a[0].anything-but", 'the operator "cidr"'),
        ({"a": [{"anything-but": {"prefix": ["x", ""]}}]}, "$.a[0].anything-but.prefix[1]", "an empty text"),
        ({"a": [{"anything-but": {"suffix": []}}]}, "$.a[0].anything-but.suffix", "an empty list"),
        ({"a": [{"wildcard": "*a" * 60}]}, "$.a", "wildcards that are too complex together"),
        ({"$or": [{"a": [1]}]}, "$.$or", "a list"),
        ({"$or": {"a": [1], "b": [1]}}, "$.$or", 'an object with "a" and "b"'),
        ({"$or": [{"a": [1]}, [1]]}, "$.$or[1]", "a list"),
        ({"$or": [{"a": [1]}, {"b": {"prefix": ["x"]}}]}, "$.$or[1].b.prefix", "the name of an operator"),
        ({"a": {"b": [1]}, "a.b": [1]}, '$["a.b"]', "the field a.b a second time"),
        ({"a": [1], "$or": [{"b": [1]}, {"a": [2]}]}, "$.$or[1].a", "the field a a second time"),
        ({"a": [{1: "x"}]}, "$.a[0]", "a key of type int"),
        ({"a": [b"x"]}, "$.a[0]", "a value of type bytes that JSON cannot write"),
        ({"a": [float("nan")]}, "$.a[0]", "a value of type float that JSON cannot write"),
        ({"a": [10**5000]}, "$.a[0]", "a number of thousands of digits"),
        (7, "$", "the number 7"),
    ],
)
def test_what_is_no_pattern_is_refused_with_its_place_what_was_found_and_what_was_expected(
    pattern: Any, path: str, found: str
) -> None:
    error = refusal(pattern)
    assert (error.path, error.found) == (path, found) or (error.path == path and error.found.startswith(f"{found},"))
    assert str(error) == f"{path}: found {error.found}, expected {error.expected}"


def test_a_pattern_has_at_most_as_many_characters_as_lambda_takes() -> None:
    longest = '{"a":["' + "x" * (4096 - len('{"a":[""]}')) + '"]}'
    assert compile_pattern(longest).text == longest
    assert refusal(longest.replace("x", "xx", 1)).found == "a pattern of 4097 characters"
    assert refusal({"a": ["x" * 5000]}).found == "a pattern of 5010 characters"


def test_fields_combinations_and_steps_have_a_limit() -> None:
    names = [f"{number:x}" for number in range(257)]
    compile_pattern({name: [1] for name in names[:256]})
    assert refusal({name: [1] for name in names}).found == "more than 256 fields"
    alternatives = {"$or": [{"a": [1]}, {"b": [1]}]}
    compile_pattern({str(number): alternatives for number in range(9)})
    assert refusal({str(number): alternatives for number in range(10)}).found.startswith("more than 1000 combinations")
    compile_pattern({".".join("a" * 100): [1]})
    assert refusal({".".join("a" * 101): [1]}).found == "a path of more than 100 steps"


@pytest.mark.parametrize("depth", [101, 1_300, 100_000])
def test_nesting_has_a_limit_and_no_depth_is_too_deep_to_say_so(depth: int) -> None:
    deep: Any = [1]
    for _ in range(depth):
        deep = {"a": deep}
    assert "deep" in refusal(deep).found
    assert "deep" in refusal('{"":' * min(depth, 1_000)).found


def test_brackets_within_a_text_are_not_nesting() -> None:
    assert compile_pattern({"a": ['[{\\"' * 200]}).matches({"a": '[{\\"' * 200})
    assert refusal('{"a": ["' + '\\"[' * 200).found.startswith("a text that is no JSON")


def test_an_object_that_holds_itself_is_refused() -> None:
    loop: dict[str, Any] = {}
    loop["a"] = loop
    assert "deep" in refusal(loop).found


@given(patterns())
def test_a_pattern_has_one_canonical_text_which_is_that_pattern_and_no_longer_than_it(pattern: dict[str, Any]) -> None:
    given_text = json.dumps(pattern, separators=(",", ":"), ensure_ascii=False)
    compiled = compile_pattern(given_text)
    again = compile_pattern(compiled.text)
    assert again == compiled == compile_pattern(pattern)
    assert (again.text, hash(again)) == (compiled.text, hash(compiled))
    assert len(compiled.text) <= len(given_text)
    assert json.loads(compiled.text) == json.loads(given_text)


def test_patterns_are_equal_whatever_the_order_of_their_keys_the_blanks_and_the_spelling_of_numbers() -> None:
    one = compile_pattern('{"b": [300.0, 1e-7], "a": ["\\u0061"]}')
    assert one == compile_pattern('{"a":["a"],"b":[3e2,0.0000001]}')
    assert one.text == '{"a":["a"],"b":[300,1e-7]}'
    assert repr(one) == f"Filter({one.text})"
    assert one != compile_pattern('{"a":["a"],"b":[1e-7,300]}')
    assert one != one.text


@given(st.text() | st.from_regex(r'\{("a":)?[\[{}\]",a*\\0-9:]*', fullmatch=True))
def test_no_text_does_anything_but_compile_or_be_refused(text: str) -> None:
    try:
        compile_pattern(text).matches({"a": "a"})
    except PatternError as error:
        assert error.path.startswith("$")  # noqa: PT017 - most texts are refused, some are not


@given(broken_patterns(), values())
def test_no_object_does_anything_but_compile_or_be_refused(pattern: Any, value: Any) -> None:
    try:
        compile_pattern(pattern).matches(value)
    except PatternError as error:
        assert error.path.startswith("$")  # noqa: PT017 - many are refused, some are not


def test_a_larger_table_of_operators_is_a_larger_language_and_the_text_alone_tells_whether_it_is_aws() -> None:
    class Longer:
        def __init__(self, than: int) -> None:
            self.than = than

        def matches(self, value: Any) -> bool:
            return isinstance(value, str) and len(value) > self.than

    def parse(operand: Any, place: Place) -> Longer:
        return Longer(int(operand.text))

    ours = compile_pattern({"a": [{"longer": 3}]}, language=Language({**AWS.operators, "longer": parse}))
    assert ours.matches({"a": "abcd"})
    assert not ours.matches({"a": "abc"})
    assert refusal(ours.text).found == 'the operator "longer"'


def test_a_pattern_may_be_given_as_python_has_it() -> None:
    compiled = compile_pattern({"a": [Decimal("1.50"), 2, 2.5, True, None, "x"]})
    assert compiled.text == '{"a":[1.5,2,2.5,true,null,"x"]}'
