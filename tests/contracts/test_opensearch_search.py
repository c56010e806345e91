"""Searching OpenSearch: what the contract cannot ask of every store."""

from __future__ import annotations

from tests.contracts.documents import put
from tests.contracts.opensearch_places import Place


def test_a_beginning_that_many_names_have_finds_them_all(place: Place) -> None:
    place.open().apply([put(str(number), 1, name=f"Ann{number:03}") for number in range(120)])
    assert len(place.open().search("ann", 1000)) == 120


def test_a_beginning_longer_than_the_index_holds_ready_is_found(place: Place) -> None:
    place.open().apply([put(str(number), 1, name=f"{'x' * 30}{number}") for number in range(60)])
    assert len(place.open().search("x" * 25, 1000)) == 60


def test_the_text_counts_up_to_its_256th_character(place: Place) -> None:
    place.open().apply([put("1", 1, title=" ".join("a" * length for length in range(1, 22)))])
    text = " ".join("a" * length for length in range(1, 22))
    assert [found.key for found in place.open().search(f"{text} {'b' * 300}", 10)] == []
    assert [found.key for found in place.open().search(f"{text}{' ' * 50}b", 10)] == ["1"]


def test_as_many_words_as_the_text_may_have_are_no_error(place: Place) -> None:
    text = " ".join(chr(0x4E00 + number) for number in range(1000))
    place.open().apply([put("1", 1, name=text)])
    assert [found.key for found in place.open().search(text, 10)] == ["1"]
    assert [found.key for found in place.open().search("-".join(text.split()), 10)] == ["1"]


def test_a_name_of_several_parts_is_found_by_the_beginning_of_its_last_alone(place: Place) -> None:
    place.open().apply([put("1", 1, name="Lee O'Hara"), put("2", 1, name="Olga Hara")])
    assert [found.key for found in place.open().search("o'har", 10)] == ["1"]
    assert place.open().search("o'ha le'o", 10) == []


def test_any_number_may_be_asked_for(place: Place) -> None:
    place.open().apply([put("1", 1, name="Ann")])
    assert len(place.open().search("ann", 10**9)) == 1
