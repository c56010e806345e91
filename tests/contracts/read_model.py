"""What every read model keeps to: the guarantee of `consumers.read_model.ReadModel`, as tests.

A subclass says how its store is made.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any, ClassVar, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumers.read_model import APPLIED, STALE, Document, ReadModel, WriteStatus
from consumers.writes import Fields, Put, Remove, VersionedWrite
from schemas.keys import KeySchema, key_text
from tests.contracts.documents import COMPOSITE_KEY, EVERY_TYPE, NUMBER_KEY, exactly, named, one, put, remove, version

Store: TypeAlias = Callable[[], ReadModel]
"""Opens another adapter on one and the same store."""


class ReadModelContract:
    """The tests; `as_given_back` is what a document of every type becomes where a store has fewer types."""

    as_given_back: ClassVar[Fields] = EVERY_TYPE
    examples: ClassVar[int] = 60

    @pytest.fixture
    def make_store(self) -> Callable[[KeySchema], Store]:
        """Makes an empty store whose keys are of that schema: a subclass's."""
        pytest.fail("a subclass gives the store")

    @pytest.fixture
    def store(self, make_store: Callable[[KeySchema], Store]) -> Store:
        """An empty store."""
        return make_store(NUMBER_KEY)

    @pytest.fixture
    def read_model(self, store: Store) -> ReadModel:
        """An adapter on an empty store."""
        return store()

    def test_a_put_is_found_under_its_key_with_its_version(self, read_model: ReadModel) -> None:
        assert one(read_model, put("1", 1, Name="Ann")) == APPLIED
        assert read_model.get("1") == Document("1", version(1), {"UserId": 1, "Name": "Ann"})

    def test_a_key_that_was_never_written_has_no_document(self, read_model: ReadModel) -> None:
        assert read_model.get("1") is None

    def test_a_newer_put_replaces_the_whole_document(self, read_model: ReadModel) -> None:
        one(read_model, put("1", 1, Name="Ann", Phone="1"))
        assert one(read_model, put("1", 2, Name="Anna")) == APPLIED
        assert read_model.get("1") == Document("1", version(2), {"UserId": 1, "Name": "Anna"})

    @pytest.mark.parametrize("number", [1, 2])
    def test_a_put_of_the_same_or_an_older_version_is_stale(self, read_model: ReadModel, number: int) -> None:
        one(read_model, put("1", 2, Name="Ann"))
        assert one(read_model, put("1", number, Name="Old")) == STALE
        assert read_model.get("1") == Document("1", version(2), {"UserId": 1, "Name": "Ann"})

    def test_a_snapshot_fills_a_hole_and_replaces_nothing(self, read_model: ReadModel) -> None:
        def snapshot(key: str) -> VersionedWrite:
            return VersionedWrite(Put(key, {"UserId": int(key), "Name": "snapshot"}), "0")

        read_model.apply([put("1", 1), remove("2", 1)])
        assert read_model.apply([snapshot("1"), snapshot("2"), snapshot("3")]) == [STALE, STALE, APPLIED]
        assert {document.key for document in read_model.scan()} == {"1", "3"}

    def test_a_repair_is_above_the_version_it_was_compared_with_and_below_the_next(self, read_model: ReadModel) -> None:
        one(read_model, put("1", 1))
        repair = VersionedWrite(Put("1", {"UserId": 1, "Name": "repaired"}), version(1) + "~")
        assert [one(read_model, write) for write in (repair, repair, put("1", 2))] == [APPLIED, STALE, APPLIED]

    def test_a_removed_document_is_gone(self, read_model: ReadModel) -> None:
        read_model.apply([put("1", 1), put("2", 1)])
        assert one(read_model, remove("1", 2)) == APPLIED
        assert read_model.get("1") is None
        assert [document.key for document in read_model.scan()] == ["2"]

    @pytest.mark.parametrize("number", [1, 2])
    def test_a_put_not_newer_than_the_removal_does_not_bring_the_document_back(
        self, read_model: ReadModel, number: int
    ) -> None:
        one(read_model, put("1", 1))
        one(read_model, remove("1", 2))
        assert one(read_model, put("1", number)) == STALE
        assert read_model.get("1") is None

    def test_a_put_newer_than_the_removal_brings_the_document_back(self, read_model: ReadModel) -> None:
        one(read_model, put("1", 1))
        one(read_model, remove("1", 2))
        assert one(read_model, put("1", 3)) == APPLIED
        assert read_model.get("1") == Document("1", version(3), {"UserId": 1})

    @pytest.mark.parametrize("number", [1, 2])
    def test_a_removal_not_newer_than_the_document_is_stale(self, read_model: ReadModel, number: int) -> None:
        one(read_model, put("1", 2))
        assert one(read_model, remove("1", number)) == STALE
        assert read_model.get("1") == Document("1", version(2), {"UserId": 1})

    def test_the_removal_of_a_document_that_never_came_is_remembered(self, read_model: ReadModel) -> None:
        assert one(read_model, remove("1", 2)) == APPLIED
        assert one(read_model, put("1", 1)) == STALE
        assert read_model.get("1") is None

    @pytest.mark.parametrize("number", [1, 2])
    def test_a_repeated_or_an_older_removal_is_stale(self, read_model: ReadModel, number: int) -> None:
        one(read_model, remove("1", 2))
        assert one(read_model, remove("1", number)) == STALE

    def test_a_newer_removal_of_what_is_already_removed_is_remembered(self, read_model: ReadModel) -> None:
        one(read_model, remove("1", 1))
        assert one(read_model, remove("1", 3)) == APPLIED
        assert one(read_model, put("1", 2)) == STALE

    def test_the_version_known_of_a_key_is_the_highest_that_was_put_or_removed(self, read_model: ReadModel) -> None:
        found = [read_model.version("1")]
        for write in (put("1", 2), put("1", 1), remove("1", 3), put("1", 2), put("1", 4), remove("1", 3)):
            one(read_model, write)
            found.append(read_model.version("1"))
        assert found == [None, *(version(number) for number in (2, 2, 3, 3, 4, 4))]

    def test_the_removal_of_a_document_that_never_came_is_a_known_version(self, read_model: ReadModel) -> None:
        one(read_model, remove("1", 2))
        assert (read_model.version("1"), read_model.version("2")) == (version(2), None)

    def test_outcomes_come_in_the_order_of_the_writes(self, read_model: ReadModel) -> None:
        read_model.apply([put("1", 5), put("3", 5)])
        writes = [put("3", 6), put("2", 1), put("1", 4), remove("4", 1), put("5", 1, Bad=0.5)]
        outcomes = read_model.apply(writes)
        assert outcomes[:4] == [APPLIED, APPLIED, STALE, APPLIED]
        assert outcomes[4].status is WriteStatus.REFUSED

    def test_no_writes_have_no_outcomes(self, read_model: ReadModel) -> None:
        assert read_model.apply([]) == []

    def test_a_document_of_a_type_no_store_holds_is_refused_with_a_reason_and_changes_nothing(
        self, read_model: ReadModel
    ) -> None:
        one(read_model, put("1", 1, Name="Ann"))
        outcome = one(read_model, put("1", 2, Share=0.5))
        assert outcome.status is WriteStatus.REFUSED
        assert "0.5" in outcome.reason
        assert read_model.get("1") == Document("1", version(1), {"UserId": 1, "Name": "Ann"})
        assert one(read_model, put("1", 2, Name="Anna")) == APPLIED

    def test_a_document_comes_back_exactly(self, read_model: ReadModel) -> None:
        assert one(read_model, VersionedWrite(Put("1", EVERY_TYPE), version(1))) == APPLIED
        found = read_model.get("1")
        assert found is not None
        assert exactly(found.document) == exactly(self.as_given_back)
        assert [exactly(document) for document in read_model.scan()] == [exactly(found)]

    def test_what_becomes_of_a_document_once_it_is_written_does_not_matter(self, read_model: ReadModel) -> None:
        skills: Any = ["a"]
        one(read_model, put("1", 1, Skills=skills))
        skills.append("b")
        found = read_model.get("1")
        assert found is not None
        assert found.document["Skills"] == ["a"]

    def test_a_scan_gives_every_document_once_however_many(self, read_model: ReadModel) -> None:
        # 1.5 MB: more than DynamoDB gives in one page.
        keys = [str(number) for number in range(60)]
        read_model.apply([put(key, 1, Text="x" * 25_000) for key in keys])
        read_model.apply([remove(key, 2) for key in keys[:10]])
        assert sorted(document.key for document in read_model.scan()) == sorted(keys[10:])

    def test_a_composite_key_is_found_by_its_text(self, make_store: Callable[[KeySchema], Store]) -> None:
        read_model = make_store(COMPOSITE_KEY)()
        keys = [
            key_text({"Tenant": {"S": tenant}, "Name": {"S": name}}) for tenant, name in (("a|b", "c"), ("a", "b|c"))
        ]
        for number, key in enumerate(keys, 1):
            assert one(read_model, VersionedWrite(Put(key, named(key)), version(number))) == APPLIED
        assert [read_model.get(key) for key in keys] == [
            Document(key, version(number), named(key)) for number, key in enumerate(keys, 1)
        ]
        assert one(read_model, VersionedWrite(Remove(keys[0]), version(3))) == APPLIED
        assert [document.key for document in read_model.scan()] == [keys[1]]

    def test_long_keys_that_differ_at_their_end_are_different_keys(
        self, make_store: Callable[[KeySchema], Store]
    ) -> None:
        read_model = make_store(COMPOSITE_KEY)()
        first, second = (f"{'t' * 2048}|{'ä' * 511}{end}" for end in ("x", "y"))
        read_model.apply([VersionedWrite(Put(key, named(key)), version(1)) for key in (first, second)])
        one(read_model, VersionedWrite(Remove(first), version(2)))
        outcomes = read_model.apply([VersionedWrite(Put(key, named(key)), version(2)) for key in (first, second)])
        assert outcomes == [STALE, APPLIED]
        assert [document.key for document in read_model.scan()] == [second]

    def test_writers_at_the_same_time_leave_the_highest_version_of_each_key(self, store: Store) -> None:
        chance = random.Random(7)
        newest = {"1": put("1", 20), "2": remove("2", 20), "3": put("3", 20)}
        older = [
            chance.choice((put, remove))(key, number) for key in newest for number in range(1, 20)
        ]  # fmt: skip
        writes = [*older, *newest.values()]

        def write_all(seed: int) -> None:
            read_model = store()
            for write in random.Random(seed).sample(writes, len(writes)):
                read_model.apply([write])

        with ThreadPoolExecutor(2) as threads:
            list(threads.map(write_all, range(2)))
        assert {document.key: document.source_version for document in store().scan()} == {
            "1": version(20),
            "3": version(20),
        }

    def test_any_sequence_of_batches_ends_as_in_a_dictionary(self, read_model: ReadModel) -> None:
        keys = count(1)
        writes = st.tuples(st.integers(0, 2), st.booleans(), st.integers(1, 6))
        batches = st.lists(st.lists(writes, max_size=3, unique_by=lambda write: write[0]), max_size=8)

        @settings(max_examples=self.examples, suppress_health_check=list(HealthCheck))
        @given(batches)
        def ends_as_in_a_dictionary(batches: list[list[tuple[int, bool, int]]]) -> None:
            own_keys = [str(next(keys)) for _ in range(3)]
            versions: dict[str, int] = {}
            documents: dict[str, Document] = {}
            for turn, batch in enumerate(batches):
                expected = []
                for number, putting, at in batch:
                    key = own_keys[number]
                    expected.append(APPLIED if at > versions.get(key, 0) else STALE)
                    if expected[-1] is STALE:
                        continue
                    versions[key] = at
                    documents.pop(key, None)
                    if putting:
                        documents[key] = Document(key, version(at), {"UserId": int(key), "Turn": turn})
                outcomes = read_model.apply(
                    [
                        put(own_keys[number], at, Turn=turn) if putting else remove(own_keys[number], at)
                        for number, putting, at in batch
                    ]
                )
                assert outcomes == expected
                assert [read_model.get(key) for key in own_keys] == [documents.get(key) for key in own_keys]

        ends_as_in_a_dictionary()
