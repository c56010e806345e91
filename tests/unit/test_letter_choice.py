"""Choosing dead letters: by place, reason, key and time."""

from __future__ import annotations

import pytest

from distributary.errors import UnknownName
from distributary.letter_choice import Choice
from distributary.moments import moment
from schemas.dead_letters import DeadLetter
from tests.records import record, written

NOW = 1_770_000_000.0


def letter(place: str, **fields: object) -> DeadLetter:
    values = {"stage": "decode", "error": "UndecodableEvent", "message": "cut short", "first_seen": int(NOW * 1000)}
    return DeadLetter(place, **{"value": b"", **values, **fields})  # type: ignore[arg-type]


LETTERS = [
    letter("users.changes/0/1", original_key=b"1"),
    letter("users.changes/0/12", original_key=b"2", error="KeyError", message="'Username'"),
    letter("users.changes/1/1", original_key=b"1", first_seen=int((NOW - 7200) * 1000)),
]


def chosen(choice: Choice, owner: str = "app-users") -> list[str]:
    return [found.place.removeprefix("users.changes/") for found in choice.of(LETTERS, owner)]


@pytest.mark.parametrize(
    ("choice", "places"),
    [
        (Choice(), ["0/1", "0/12", "1/1"]),
        (Choice(("users.changes/1",)), ["1/1"]),
        (Choice(("users.changes/0/1", "users.changes/0/12")), ["0/1", "0/12"]),
        (Choice(error="keyerror"), ["0/12"]),
        (Choice(error="username"), ["0/12"]),
        (Choice(key="1"), ["0/1", "1/1"]),
        (Choice(since=NOW - 3600), ["0/1", "0/12"]),
        (Choice(until=NOW - 3600), ["1/1"]),
        (Choice(key="1", since=NOW), ["0/1"]),
        (Choice(("users.changes/1/1",), key="2"), []),
    ],
    ids=str,
)
def test_each_filter_narrows_the_choice(choice: Choice, places: list[str]) -> None:
    assert chosen(choice) == places
    assert choice.is_all == (choice == Choice())


@pytest.mark.parametrize(
    ("place", "said"), [("users.changes/0/", "2 places begin so; give more of it"), ("users.changes/7", "see `distr")]
)
def test_a_place_that_is_not_one_letters_is_an_error(place: str, said: str) -> None:
    with pytest.raises(UnknownName, match=said):
        chosen(Choice((place,)))


def test_a_letter_of_the_bridge_is_chosen_by_the_key_in_its_record() -> None:
    bridges = [
        letter("a", value=written(record("UPSERT", user_id=7, after={}))),
        *(letter("b", value=value) for value in (b"nonsense", b"{}", b'{"dynamodb": {"Keys": {"Id": {"S": "7"}}}}')),
    ]
    assert Choice(key="7").of(bridges, "bridge:Users") == bridges[:1]
    assert Choice(key="7").of(bridges, "bridge:-") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", NOW - 90),
        ("15m", NOW - 900),
        ("2h", NOW - 7200),
        ("3d", NOW - 3 * 86400),
        ("2026-02-02T02:40:00", NOW),
        ("2026-02-02T02:40:00Z", NOW),
        ("2026-02-02T03:40:00+01:00", NOW),
        ("2026-02-02", NOW - 9600),
    ],
)
def test_a_moment_is_an_instant_or_so_long_ago(text: str, expected: float) -> None:
    assert moment(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "h", "2 h", "yesterday", "2w", "-1h", "²h"])
def test_what_is_no_moment_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="is neither an ISO instant nor a time ago such as"):
        moment(text, NOW)
