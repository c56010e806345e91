"""What every read model keeps to when a key is replaced by compare-and-set: `ReadModel.states` and `replace`, as tests.

A subclass says how its store is made, as for `ReadModelContract`.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumers.errors import RefusedDocument
from consumers.read_model import APPLIED, STALE, Document, ReadModel, Replacement, WriteOutcome, WriteStatus
from consumers.writes import Put, Remove, VersionedWrite
from schemas.attribute_values import plain
from tests import items
from tests.contracts.documents import EVERY_TYPE, exactly, one, put, remove, version
from tests.contracts.read_model import Store
from tests.contracts.standing import (
    DOCUMENTS,
    MEANWHILE,
    REMOVALS,
    STANDS,
    WHATEVER_STANDS,
    WRITES,
    Change,
    forget,
    forget_removal,
    known,
    overtaken,
    replaced,
    seen,
)


class ReplacingContract:
    """The tests, for what stands under a key by way of the read model itself."""

    replacing_examples: ClassVar[int] = 40

    @WHATEVER_STANDS
    def test_a_state_is_the_document_and_the_removal_that_is_remembered(
        self, read_model: ReadModel, stands: Change
    ) -> None:
        stands(read_model, "1")
        state = seen(read_model)
        assert (state.key, state.document) == ("1", read_model.get("1"))
        known = [state.removal or "", (state.document and state.document.source_version) or ""]
        assert max(known) == (read_model.version("1") or "")

    def test_states_come_in_the_order_of_their_keys_however_many(self, read_model: ReadModel) -> None:
        keys = [str(number) for number in range(1, 331)]
        read_model.apply([put(key, 1) if int(key) % 3 else remove(key, 1) for key in keys[:240]])
        asked = [*reversed(keys), "7"]
        found = {state.key: state for state in read_model.states(asked)}
        assert [state.key for state in read_model.states(asked)] == asked
        assert [found[key].document for key in keys] == [read_model.get(key) for key in keys]
        assert {key for key in keys if found[key].removal} == {key for key in keys[:240] if int(key) % 3 == 0}

    def test_no_keys_have_no_states_and_no_replacements_no_outcomes(self, read_model: ReadModel) -> None:
        assert (read_model.states([]), read_model.replace([])) == ([], [])

    @WHATEVER_STANDS
    def test_what_is_still_as_it_was_seen_is_replaced_whatever_the_versions_say(
        self, read_model: ReadModel, stands: Change
    ) -> None:
        for key, written in zip("123", WRITES.values(), strict=True):
            stands(read_model, key)
            state, (write, at) = seen(read_model, key), written(key)
            assert replaced(read_model, state, write, at) == APPLIED
            if isinstance(write, Put):
                assert read_model.get(key) == Document(key, at, write.document)
                assert read_model.version(key) == at
            else:
                removal = state.removal if at is None else max(at, state.removal or "")
                assert seen(read_model, key)[:3] == (key, None, removal)
                assert (read_model.get(key), read_model.version(key)) == (None, removal)

    @WHATEVER_STANDS
    def test_what_is_no_longer_as_it_was_seen_is_left_as_it_is(self, read_model: ReadModel, stands: Change) -> None:
        overtaken(read_model, stands, MEANWHILE)

    @pytest.mark.parametrize("stands", DOCUMENTS)
    def test_a_document_that_went_without_a_removal_is_no_longer_as_it_was_seen(
        self, read_model: ReadModel, stands: str
    ) -> None:
        overtaken(read_model, STANDS[stands], {"forgotten": forget})

    @pytest.mark.parametrize("stands", REMOVALS)
    def test_a_removal_that_was_forgotten_is_no_longer_as_it_was_seen(self, read_model: ReadModel, stands: str) -> None:
        overtaken(read_model, STANDS[stands], {"forgotten": forget_removal})

    @WHATEVER_STANDS
    def test_the_guard_goes_on_from_a_put_that_replaced(self, read_model: ReadModel, stands: Change) -> None:
        stands(read_model, "1")
        replaced(read_model, seen(read_model), *WRITES["put"]("1"))
        writes = [put("1", 1), put("1", 2), remove("1", 2), put("1", 3, Name="live"), remove("1", 4), put("1", 3)]
        assert [one(read_model, write) for write in writes] == [STALE, STALE, STALE, APPLIED, APPLIED, STALE]

    @WHATEVER_STANDS
    def test_a_removal_that_replaced_keeps_an_older_put_out(self, read_model: ReadModel, stands: Change) -> None:
        stands(read_model, "1")
        replaced(read_model, seen(read_model), *WRITES["remove"]("1"))
        assert [one(read_model, put("1", number)) for number in (1, 2, 4)] == [STALE, STALE, APPLIED]

    def test_a_document_that_the_log_does_not_know_goes_and_any_put_may_come(self, read_model: ReadModel) -> None:
        one(read_model, put("1", 5))
        forget(read_model, "1")
        assert list(read_model.scan()) == []
        assert one(read_model, put("1", 1)) == APPLIED

    @WHATEVER_STANDS
    def test_of_two_that_saw_the_same_at_once_exactly_one_replaces_it(self, store: Store, stands: Change) -> None:
        stands(store(), "1")
        state, both = seen(store()), Barrier(2)

        def replace(number: int) -> WriteOutcome:
            read_model = store()
            write = Put("1", {"UserId": 1, "Turn": number}) if number == 6 else Remove("1")
            both.wait()
            return replaced(read_model, state, write, version(number))

        with ThreadPoolExecutor(2) as threads:
            outcomes = dict(zip((6, 7), threads.map(replace, (6, 7)), strict=True))
        statuses = sorted(outcome.status.value for outcome in outcomes.values())
        assert statuses == ["applied", "stale"]
        assert [store().version("1")] == [version(number) for number in outcomes if outcomes[number] == APPLIED]

    def test_of_writers_at_the_same_time_every_one_that_came_through_counts(self, store: Store) -> None:
        def count_up(replacing: bool) -> None:
            read_model, left = store(), 8
            while left:
                state = seen(read_model)
                number = known(state) + 1
                write = Put("1", {"UserId": 1, "Turn": number}) if number % 3 else Remove("1")
                live = put("1", number)
                outcome = replaced(read_model, state, write, version(number)) if replacing else one(read_model, live)
                assert outcome in (APPLIED, STALE)
                left -= outcome == APPLIED

        with ThreadPoolExecutor(3) as threads:
            list(threads.map(count_up, (True, True, False)))
        assert known(seen(store())) == 3 * 8

    def test_each_of_many_has_an_outcome_of_its_own_in_their_order(self, read_model: ReadModel) -> None:
        keys = [str(number) for number in range(1, 161)]
        read_model.apply([put(key, 3) for key in keys[:120]])
        states = read_model.states(keys)
        read_model.apply([put(key, 4, Name="live") for key in keys if int(key) % 7 == 0])
        asked = [
            Replacement(state, Put(state.key, {"UserId": int(state.key), "Name": "new"}), version(2))
            if int(state.key) % 2
            else Replacement(state, Remove(state.key), version(2))
            for state in states
        ]
        outcomes = dict(zip(keys, read_model.replace(asked), strict=True))
        assert {key for key in keys if outcomes[key] == STALE} == {key for key in keys if int(key) % 7 == 0}
        assert {key for key in keys if outcomes[key] == APPLIED} == {key for key in keys if int(key) % 7}
        found = {document.key: document.document.get("Name") for document in read_model.scan()}
        assert found == {
            key: "live" if int(key) % 7 == 0 else "new" for key in keys if int(key) % 7 == 0 or int(key) % 2
        }

    def test_a_document_that_no_store_holds_is_refused_and_its_neighbours_are_replaced(
        self, read_model: ReadModel
    ) -> None:
        one(read_model, put("2", 1, Name="Ann"))
        puts = [Put(key, {"UserId": int(key), "Share": 0.5 if key == "2" else "x"}) for key in ("1", "2", "3")]  # type: ignore[dict-item]
        asked = [Replacement(seen(read_model, put.key), put, version(2)) for put in puts]
        outcomes = read_model.replace(asked)
        assert [outcome.status for outcome in outcomes] == [
            WriteStatus.APPLIED,
            WriteStatus.REFUSED,
            WriteStatus.APPLIED,
        ]
        assert "0.5" in outcomes[1].reason
        assert read_model.get("2") == Document("2", version(1), {"UserId": 2, "Name": "Ann"})
        with pytest.raises(RefusedDocument, match=r"0\.5"):
            read_model.given_back(puts[1])

    def test_a_document_of_every_type_is_replaced_exactly(self, read_model: ReadModel) -> None:
        for write in (Put("1", EVERY_TYPE), Put("1", {**EVERY_TYPE, "Text": "again"})):
            assert replaced(read_model, seen(read_model), write, version(1)) == APPLIED
            found = read_model.get("1")
            assert found is not None
            assert exactly(found.document) == exactly(read_model.given_back(write))
            assert exactly(seen(read_model).document) == exactly(found)

    def test_what_a_document_becomes_is_known_beforehand(self, read_model: ReadModel) -> None:
        @settings(max_examples=self.replacing_examples, suppress_health_check=list(HealthCheck))
        @given(st.lists(items.values.map(plain), max_size=5), st.booleans())
        def is_known(value: list[Any], replacing: bool) -> None:
            state = seen(read_model)
            write = Put("1", {"UserId": 1, "Text": value})
            at = version(known(state) + 1)
            if replacing:
                assert replaced(read_model, state, write, at) == APPLIED
            else:
                assert one(read_model, VersionedWrite(write, at)) == APPLIED
            found = read_model.get("1")
            assert found is not None
            assert exactly(found.document) == exactly(read_model.given_back(write))

        is_known()


class SharedContract:
    """The tests for a store in which somebody else's documents may stand."""

    @pytest.fixture
    def somebody_else(self, store: Store) -> Callable[[str], None]:
        """Leaves a document of a user without a version: a subclass's."""
        pytest.fail("a subclass leaves the document")

    def test_a_document_of_somebody_else_is_replaced(
        self, read_model: ReadModel, somebody_else: Callable[[str], None]
    ) -> None:
        for key, written in zip("123", WRITES.values(), strict=True):
            somebody_else(key)
            state, (write, at) = seen(read_model, key), written(key)
            assert state.document == read_model.get(key)
            assert state.document is not None
            assert state.document.source_version is None
            assert replaced(read_model, state, write, at) == APPLIED
            assert read_model.version(key) == at
            assert (read_model.get(key) is not None) is isinstance(write, Put)

    def test_a_document_of_somebody_else_that_changed_or_went_is_left_as_it_is(
        self, read_model: ReadModel, somebody_else: Callable[[str], None]
    ) -> None:
        overtaken(read_model, lambda _, key: somebody_else(key), {**MEANWHILE, "forgotten": forget})

    @WHATEVER_STANDS
    def test_what_somebody_else_overwrote_is_left_as_it_is(
        self, read_model: ReadModel, somebody_else: Callable[[str], None], stands: Change
    ) -> None:
        overtaken(read_model, stands, {"overwritten": lambda _, key: somebody_else(key)})
