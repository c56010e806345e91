"""What `matches` takes: RE2's regular expressions, in time that grows with the text and no faster."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.filters import AWS, PatternError, compile_pattern
from tests.filter_patterns import odd, values


def takes(expression: str, value: Any) -> bool:
    return compile_pattern({"a": [{"matches": expression}]}).matches({"a": value})


@pytest.mark.parametrize(
    ("expression", "taken", "refused"),
    [
        ("b", ["b", "abc"], ["", "ac", "B", 1, None, True]),
        ("", ["", "x"], [1, None]),
        ("^b", ["bc"], ["ab", "a\nb"]),
        ("^[a-z]+@example\\.(com|org)$", ["ada@example.org"], ["ada@example.organ", "ada@exampleXcom"]),
        ("(?i)éCO", ["ÉCO", "éco"], ["eco"]),
        ("^.$", ["é", "😀"], ["ab", "\n"]),
        ("(?s)a.b", ["a\nb"], ["ab"]),
        ("\\bcat\\b", ["a cat."], ["concat"]),
        ("\\pL{2}", ["éß"], ["1é"]),
        ("a\x00b", ["a\x00b"], ["ab"]),
    ],
)
def test_a_text_is_taken_where_the_expression_is_found_in_it(
    expression: str, taken: list[Any], refused: list[Any]
) -> None:
    assert [value for value in taken if not takes(expression, value)] == []
    assert [value for value in refused if takes(expression, value)] == []


@pytest.mark.parametrize(
    ("operand", "found"),
    [
        (1, "the number 1"),
        (["a"], "a list"),
        ("(", 'an expression that RE2 does not take ("missing ): (")'),
        ("*a", 'an expression that RE2 does not take ("no argument for repetition operator: *")'),
        ("(?=a)", 'an expression that RE2 does not take ("invalid perl operator: (?=")'),
        ("(a)\\1", 'an expression that RE2 does not take ("invalid escape sequence: \\\\1")'),
        ("((a{100}){100}){100}", 'an expression that RE2 does not take ("invalid repetition size: {100}")'),
        ("(?i)" + "\\pL{1000}" * 9, 'an expression that RE2 does not take ("pattern too large - compile failed")'),
        ("[\n", 'an expression that RE2 does not take ("missing ]: [\\n")'),
        ("é\ud800", "half a surrogate pair, which is in no text"),
    ],
)
def test_what_is_no_expression_is_refused_with_what_the_engine_says(operand: Any, found: str) -> None:
    with pytest.raises(PatternError) as refused:
        compile_pattern({"a": ["x", {"matches": operand}]})
    assert (refused.value.path, refused.value.found) == ("$.a[1].matches", found)


def test_aws_has_no_expressions() -> None:
    with pytest.raises(PatternError, match='the operator "matches"'):
        compile_pattern({"a": [{"matches": "x"}]}, language=AWS)


@pytest.mark.parametrize("expression", ["", ".", ".*", "^", "\\C", "[^a]"])
def test_half_a_surrogate_pair_is_in_no_text(expression: str) -> None:
    assert not takes(expression, "a\ud800b")
    assert not takes(expression, "\udc00")


def seconds(expression: str, size: int) -> float:
    """Of the processor, at best, to find that the expression is not in so many letters."""
    asked = compile_pattern({"a": [{"matches": expression}]})
    value = {"a": "a" * size}
    rounds = []
    for _ in range(5):
        begun = time.thread_time()
        assert not asked.matches(value)
        rounds.append(time.thread_time() - begun)
    return min(rounds)


@pytest.mark.parametrize(
    "expression", ["(a+)+$b", "(a|aa)*b.", "^(a*)*b", "a*a*a*a*b", "a.*a.*a.*b", "(.*)(.*)(.*)[^a]", "(a?){50}b"]
)
def test_a_text_sixteen_times_as_long_takes_about_sixteen_times_as_long_and_not_its_square(expression: str) -> None:
    small, large = seconds(expression, 50_000), seconds(expression, 16 * 50_000)
    assert large < 64 * small


@given(st.text("ab", max_size=6), st.sampled_from(["a+b", "^a", "b$", "(ab)*$", "a{2,3}", "[^a]b?$", "^(a|bb)+$"]))
def test_it_answers_as_python_does_where_both_mean_the_same(value: str, expression: str) -> None:
    assert takes(expression, value) is (re.search(expression, value) is not None)


@given(st.text(), st.text() | odd | values() | st.text(st.characters(categories=["Cs"])))
def test_no_expression_and_no_value_make_it_do_anything_but_answer_or_refuse(expression: str, value: Any) -> None:
    try:
        answer = takes(expression, value)
    except PatternError as error:
        assert error.path.startswith("$")  # noqa: PT017 - some are refused, most are not
    else:
        assert answer in (True, False)
