"""What a DynamoDB keeps to when a key's two rows, its item and the record of its removal, are replaced, as tests."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations, product

import pytest

from consumers.errors import Outage
from consumers.read_model import APPLIED, STALE, Document, Replacement, State, WriteStatus
from consumers.read_models.dynamodb_steps import EXPIRES_AT, REMOVALS
from consumers.read_models.version_guard import Found
from consumers.writes import Put, Remove, Write
from schemas.keys import KeySchema
from tests.contracts.documents import COMPOSITE_KEY, NUMBER_KEY, put, version
from tests.contracts.dynamodb_tables import NOW, Tables
from tests.unit import version_guard_model as model

ITEMS = (None, Found(None), Found("1"), Found("2"), Found("3"))
STORES = [model.Store(item, removal) for item, removal in product(ITEMS, (None, *ITEMS[2:]))]
"""Everything that may stand under a key, half-done removals among it, as against version 2."""
FEWER = [store for store in STORES if Found("2") not in store]
NO_KEYS = ["", "|b", "a", "a|", "x" * 2049 + "|b", "a|" + "x" * 1025]


def writes(key: str) -> list[tuple[Write, str | None]]:
    """What a key may be replaced by."""
    return [(Put(key, {"Name": "new"}), "2"), (Remove(key), "2"), (Remove(key), None)]


def replaced(store: model.Store, write: Write, at: str | None) -> model.Store:
    """What then stands there."""
    removal = store.removal
    if isinstance(write, Put):
        kept = removal is not None and removal.version is not None and at is not None and removal.version < at
        return model.Store(Found(at), removal if kept else None)
    if at is not None:
        removal = Found(max(at, (removal and removal.version) or ""))
    return model.Store(None, removal)


def forget(tables: Tables, key: str) -> None:
    """Takes away both rows of a key."""
    row = {REMOVALS.key[0].name: {"S": f"{tables.table.name}#{key}"}}
    tables.client.delete_item(TableName=tables.table.name, Key={"UserId": {"N": key}})
    tables.client.delete_item(TableName=tables.removals.name, Key=row)


class TwoRowsContract:
    """The tests; a subclass has `make_tables`."""

    @pytest.fixture
    def tables(self, make_tables: Callable[[KeySchema], Tables]) -> Tables:
        """Tables whose key is a number."""
        return make_tables(NUMBER_KEY)

    def test_both_rows_of_a_key_are_replaced_together(self, tables: Tables) -> None:
        table, expected, asked = tables.open(), {}, []
        for number, (store, which) in enumerate(product(STORES, range(3)), 1):
            key = str(number)
            tables.leave(key, store)
            (state,) = table.states([key])
            assert (state.document and Found(state.document.source_version)) == store.item
            assert state.removal == (store.removal and store.removal.version)
            write, at = writes(key)[which]
            asked.append(Replacement(state, write, at))
            expected[key] = replaced(store, write, at)
        assert table.replace(asked) == [APPLIED] * len(asked)
        assert {key: tables.left(key) for key in expected} == expected
        table.close()

    def test_whatever_one_of_them_has_become_keeps_both_as_they_are(self, tables: Tables) -> None:
        table, asked, expected = tables.open(), [], {}
        for number, (before, after) in enumerate(permutations(FEWER, 2), 1):
            key = str(number)
            tables.leave(key, before)
            (state,) = table.states([key])
            asked.append(Replacement(state, *writes(key)[number % 3]))
            forget(tables, key)
            tables.leave(key, after)
            expected[key] = after
        assert table.replace(asked) == [STALE] * len(asked)
        assert {key: tables.left(key) for key in expected} == expected
        table.close()

    def test_the_item_of_somebody_who_has_an_attribute_of_that_name_too_is_taken_over(self, tables: Tables) -> None:
        tables.put_as_somebody_else({"UserId": {"N": "1"}, "source_version": {"N": "7"}})
        table = tables.open()
        (state,) = table.states(["1"])
        assert state == State("1", Document("1", None, {"UserId": 1}))
        assert table.replace([Replacement(state, Put("1", {"Name": "new"}), "2")]) == [APPLIED]
        assert table.get("1") == Document("1", "2", {"UserId": 1, "Name": "new"})
        table.close()

    def test_a_removal_that_is_recorded_expires(self, tables: Tables) -> None:
        table = tables.open()
        assert table.replace([Replacement(State("1", None), Remove("1"), "2")]) == [APPLIED]
        assert tables.removal("1")[EXPIRES_AT] == {"N": str(int(NOW) + 30 * 24 * 3600)}
        table.close()

    def test_an_item_that_is_too_large_is_refused_and_its_neighbours_are_replaced(self, tables: Tables) -> None:
        table, keys = tables.open(), [str(number) for number in range(1, 8)]
        asked = [
            Replacement(State(key, None), Put(key, {"Text": "x" * (410_000 if key == "4" else 10)}), "2")
            for key in keys
        ]
        outcomes = table.replace(asked)
        assert [outcome for outcome in outcomes if outcome != APPLIED] == [outcomes[3]]
        assert outcomes[3].status is WriteStatus.REFUSED
        assert "size" in outcomes[3].reason
        assert f"{tables.table.name} 4: " in outcomes[3].reason
        assert {document.key for document in table.scan()} == {*keys} - {"4"}
        table.close()

    def test_states_of_more_than_an_answer_may_hold_are_all_read(self, tables: Tables) -> None:
        # 18 MB.
        table, keys = tables.open(), [str(number) for number in range(1, 46)]
        assert table.apply([put(key, 1, Text="x" * 399_000) for key in keys]) == [APPLIED] * len(keys)
        assert {state.key for state in table.states(keys) if state.document is not None} == {*keys}
        table.close()

    def test_two_texts_of_one_key_have_one_state(self, tables: Tables) -> None:
        table = tables.open()
        table.apply([put("1", 1)])
        assert [state.document for state in table.states(["1", "01"])] == [table.get("1")] * 2
        table.close()

    @pytest.mark.parametrize("key", NO_KEYS)
    def test_a_replacement_under_a_key_that_the_table_cannot_have_is_refused(
        self, make_tables: Callable[[KeySchema], Tables], key: str
    ) -> None:
        table = make_tables(COMPOSITE_KEY).open()
        fine = Replacement(State("a|b", None), Put("a|b", {}), version(1))
        outcomes = table.replace([Replacement(State(key, None), Put(key, {}), version(1)), fine])
        assert [outcome.status for outcome in outcomes] == [WriteStatus.REFUSED, WriteStatus.APPLIED]
        table.close()

    @pytest.mark.parametrize("which", ["table", "removals"])
    def test_a_missing_table_is_an_outage_to_whoever_replaces(self, tables: Tables, which: str) -> None:
        table, name = tables.open(), getattr(tables, which).name
        tables.client.delete_table(TableName=name)
        with pytest.raises(Outage, match="ResourceNotFound"):
            table.states(["1"])
        asked = [Replacement(State(str(key), None), Remove(str(key)), "2") for key in range(120)]
        assert {outcome.status for outcome in table.replace(asked)} == {WriteStatus.FAILED}
        table.close()
