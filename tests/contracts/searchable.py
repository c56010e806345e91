"""What every read model that can be searched keeps to: `consumers.read_model.Searchable`, as tests."""

from __future__ import annotations

import pytest

from consumers.read_model import APPLIED, Index, ReadModel, Replacement, Searchable
from consumers.writes import Fields, Put, Remove
from tests.contracts.documents import put, remove, version

INDEX = Index("users", names=("name", "username"), words=("title", "skills", "email"))
PEOPLE: dict[str, Fields] = {
    "1": {"name": "Ann Baker", "username": "anni", "title": "Head of Research", "email": "ann@example.com"},
    "2": {"name": "Zoë Müller", "username": "zoe_m", "title": "Baker", "skills": ["Machine Learning", "Go"]},
    "3": {"name": "Annabel Lee O'Hara", "username": "bel", "title": "Köchin", "email": "lee.ohara@mail.example.com"},
    "4": {"name": "Игорь Ильин", "title": "R&D 🎉", "skills": ["Go", "C++"], "age": 42},
}
HOSTILE = [
    *("", " ", "\x00", '"', '""', "'", "*", "(", ")", "^", ":", "-", "+", "{", "🎉", "\ud800", "\ue000", "\u0301", "%"),
    *(
        "AND",
        "OR",
        "NOT",
        "NEAR",
        "ann AND",
        'ann"*',
        "ann + baker",
        "^ann",
        "ann*",
        "\\",
        "ann\x00baker",
        "ann\ud800",
        "; DROP TABLE",
    ),
    *("a" * 100_000, "a " * 2_000, '"' * 1_000, "( " * 1_000),
]


class SearchableContract:
    """The tests; a subclass's `read_model` is an empty one of `INDEX`."""

    @pytest.fixture
    def people(self, read_model: ReadModel) -> Searchable:
        """A read model with some people in it."""
        read_model.apply([put(key, 1, **fields) for key, fields in PEOPLE.items()])
        assert isinstance(read_model, Searchable)
        return read_model

    @pytest.mark.parametrize(
        ("text", "keys"),
        [
            ("annabel", "3"),
            ("ANNABEL", "3"),
            ("annab", "3"),
            ("ann", "13"),
            ("lee ann", "3"),
            ("baker ann", "1"),
            ("ann zoë", ""),
            ("zoe", "2"),
            ("ZOË", "2"),
            ("mulle", "2"),
            ("Mu\u0308ller", "2"),
            ("игор", "4"),
            ("o'hara", "3"),
            ("hara", "3"),
            ('baker"ann', "1"),
        ],
    )
    def test_names_are_found_by_the_beginning_of_every_word(self, people: Searchable, text: str, keys: str) -> None:
        assert {document.key for document in people.search(text, 10)} == set(keys)

    @pytest.mark.parametrize(
        ("text", "keys"),
        [
            ("research", "1"),
            ("researc", ""),
            ("kochin", "3"),
            ("koch", ""),
            ("learning", "2"),
            ("go machine", "2"),
            ("go", "24"),
            ("zoë research", ""),
            ("r&d", "4"),
            ("R & D", "4"),
        ],
    )
    def test_words_are_found_whole_in_any_element(self, people: Searchable, text: str, keys: str) -> None:
        assert {document.key for document in people.search(text, 10)} == set(keys)

    @pytest.mark.parametrize(
        ("text", "keys"),
        [
            ("ann@example.com", "1"),
            ("Ann@Example.com", "1"),
            ("lee.ohara@mail.example.com", "3"),
            ("example.com", "13"),
            ("ohara", "3"),
            ("com@example", ""),
            ("zoe@example.com", ""),
        ],
    )
    def test_an_e_mail_address_is_found_whole_and_by_its_parts(self, people: Searchable, text: str, keys: str) -> None:
        assert {document.key for document in people.search(text, 10)} == set(keys)

    def test_other_fields_are_not_searched(self, people: Searchable) -> None:
        assert people.search("42", 10) == []

    def test_a_word_is_not_found_across_two_elements(self, people: Searchable) -> None:
        assert people.search("learning-go", 10) == []
        assert people.search("machine-learning", 10) != []

    def test_a_whole_word_comes_before_a_beginning(self, people: Searchable, read_model: ReadModel) -> None:
        read_model.apply([put("5", 1, name="Marta"), put("6", 1, name="Maria del Mar y de los Dolores de Todos")])
        assert [document.key for document in people.search("mar", 10)] == ["6", "5"]

    def test_a_document_that_says_it_more_often_comes_first(self, people: Searchable, read_model: ReadModel) -> None:
        read_model.apply([put("5", 1, title="clerk and driver"), put("6", 1, title="clerk clerk clerk")])
        assert [document.key for document in people.search("clerk", 10)] == ["6", "5"]

    def test_at_most_as_many_are_found_as_were_asked_for(self, people: Searchable) -> None:
        assert len(people.search("go", 1)) == 1

    def test_a_document_that_is_found_is_the_whole_document(self, people: Searchable, read_model: ReadModel) -> None:
        assert people.search("игорь", 10) == [read_model.get("4")]

    def test_a_document_is_found_by_what_it_says_now(self, people: Searchable, read_model: ReadModel) -> None:
        read_model.apply([put("1", 2, name="Berta Smith")])
        assert [document.key for document in people.search("smith", 10)] == ["1"]
        assert people.search("research", 10) == []

    def test_a_stale_put_is_not_found(self, people: Searchable, read_model: ReadModel) -> None:
        read_model.apply([put("1", 1, name="Berta Smith")])
        assert people.search("smith", 10) == []

    def test_a_removed_document_is_not_found(self, people: Searchable, read_model: ReadModel) -> None:
        read_model.apply([remove("1", 2)])
        assert [document.key for document in people.search("baker", 10)] == ["2"]

    def test_what_was_replaced_is_found_by_what_it_says_now(self, people: Searchable, read_model: ReadModel) -> None:
        first, second, third = read_model.states(["1", "2", "3"])
        asked = [
            Replacement(first, Put("1", {"UserId": 1, "name": "Berta Baker"}), "0"),
            Replacement(second, Remove("2"), version(1)),
            Replacement(third, Remove("3"), None),
        ]
        assert read_model.replace(asked) == [APPLIED] * 3
        assert [document.key for document in people.search("baker", 10)] == ["1"]
        assert [people.search(text, 10) for text in ("ann", "zoe")] == [[], []]

    @pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
    def test_no_text_is_an_error(self, people: Searchable, text: str) -> None:
        assert len(people.search(text, 10)) < len(PEOPLE)

    @pytest.mark.parametrize("text", ["ann OR zoë", "NOT zoë", "NEAR(ann baker, 2)", "name:ann", "{name title} : ann"])
    def test_an_operator_is_a_word_like_any_other(self, people: Searchable, text: str) -> None:
        assert people.search(text, 10) == []
