"""Files of keys: canonical text, JSON lines, and what is neither."""

from __future__ import annotations

import pytest

from distributary.errors import UnreadableKeys
from distributary.key_file import read_keys
from schemas.keys import KeyAttribute

NUMBER = (KeyAttribute("UserId", "N"),)
TEXTS = (KeyAttribute("Name", "S"), KeyAttribute("Part", "S"))


def test_a_key_a_line_comes_out_once_in_its_canonical_text() -> None:
    found = read_keys(b"7\r\n\n0042\n42.0\n-1e2\n", NUMBER, "keys")
    assert list(found) == ["7", "42", "-100"]
    assert found["7"] == {"UserId": {"N": "7"}}


def test_the_lines_of_verify_name_their_keys_and_other_lines_are_passed_over() -> None:
    text = b'{"key": "7", "finding": "missing"}\n{"missing": 1, "different": 0}\n{"key": "8"}\n'
    assert list(read_keys(text, NUMBER, "keys")) == ["7", "8"]


def test_text_may_hold_anything() -> None:
    text = '{"key": "two\\nlines|b"}\n{not json|b\né|\\|\n'.encode()
    assert list(read_keys(text, TEXTS, "keys")) == ["two\nlines|b", "{not json|b", "é|\\|"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"1\nann\n", "keys line 2 is no key: the key 'ann' is not one"),
        (b"1|2\n", "keys line 1 is no key: the key '1|2' has 2 parts, expected 1"),
        (b"1\n\n\xff\n", "keys line 3 is no key: it is no UTF-8"),
        (b'{"key": "x"}', "keys line 1 is no key"),
    ],
)
def test_a_line_that_is_no_key_is_named(text: bytes, said: str) -> None:
    with pytest.raises(UnreadableKeys) as caught:
        read_keys(text, NUMBER, "keys")
    assert str(caught.value).startswith(said)
    assert str(caught.value).endswith("; nothing was done")
