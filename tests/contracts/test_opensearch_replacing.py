"""What is replaced in a real OpenSearch: by the write that was seen, and no other."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from consumers.errors import Outage
from consumers.read_model import APPLIED, STALE, Document, Replacement, State, WriteStatus
from consumers.read_models.opensearch import OpenSearchIndex
from consumers.read_models.opensearch_mapping import REMOVED_AT
from consumers.writes import Fields, Put, Remove
from schemas.errors import InvalidKey
from tests.contracts.documents import put, remove, version
from tests.contracts.opensearch_places import NOW, Place
from tests.contracts.standing import replaced, seen

POISON: dict[str, tuple[Fields, str]] = {
    "undeclared": ({"undeclared": 1}, r"dynamic introduction of \[undeclared\]"),
    "object": ({"name": {"first": "Ann"}}, r"failed to parse field \[name\]"),
    "text": ({"UserId": "x"}, r"failed to parse field \[UserId\]"),
    "infinite": ({"UserId": 10**400}, r"finite"),
    "unreadable": ({"anything": {"x" * 50_001: 1}}, r""),
    "reserved": ({REMOVED_AT: 1}, rf"the field {REMOVED_AT} is the read model's own"),
}


@pytest.mark.parametrize("meanwhile", ["document", "same document", "marker"])
def test_any_write_since_then_is_noticed_even_where_it_left_the_same_version(place: Place, meanwhile: str) -> None:
    read_model = place.open()
    read_model.apply([remove("1", 1) if meanwhile == "marker" else put("1", 1, name="Ann")])
    state = seen(read_model)
    source = place.source("1")
    assert source is not None
    place.put_as_somebody_else("1", {**source, "name": "Bo"} if meanwhile == "document" else source)
    for write, at in ((Put("1", {}), version(2)), (Remove("1"), version(2)), (Remove("1"), None)):
        assert replaced(read_model, state, write, at) == STALE


def test_a_removal_that_replaced_leaves_a_marker_that_says_when_it_was_written(place: Place) -> None:
    place.open(lambda: 100.0).apply([put("1", 3), remove("2", 3)])
    read_model = place.open()
    states = read_model.states(["1", "2", "3"])
    asked = [Replacement(state, Remove(state.key), version(2)) for state in states]
    assert read_model.replace(asked) == [APPLIED] * 3
    assert [place.source(key) for key in "123"] == [
        {"source_version": version(at), "source_key": key, REMOVED_AT: 1_800_000_000_750}
        for key, at in (("1", 2), ("2", 3), ("3", 2))
    ]


def test_a_document_that_the_log_does_not_know_goes_without_a_marker_and_a_marker_stays_as_it_is(place: Place) -> None:
    place.open(lambda: 100.0).apply([put("1", 3), remove("2", 3)])
    marker = place.source("2")
    read_model = place.open()
    asked = [Replacement(state, Remove(state.key), None) for state in read_model.states(["1", "2", "3"])]
    assert read_model.replace(asked) == [APPLIED] * 3
    assert [place.source(key) for key in "123"] == [None, marker, None]


def test_a_marker_that_was_purged_is_no_longer_as_it_was_seen(place: Place) -> None:
    read_model = place.open()
    read_model.apply([remove("1", 1)])
    state = seen(read_model)
    assert read_model.purge(NOW + 1) == 1
    assert replaced(read_model, state, Put("1", {}), version(2)) == STALE
    assert read_model.version("1") is None


@pytest.mark.parametrize("there", [True, False], ids=["there", "not there"])
@pytest.mark.parametrize(("poison", "said"), POISON.values(), ids=POISON)
def test_a_document_that_opensearch_cannot_take_is_refused_and_its_neighbours_are_replaced(
    place: Place, poison: Fields, said: str, there: bool
) -> None:
    read_model, keys = place.open(), [str(number) for number in range(7)]
    if there:
        read_model.apply([put(key, 1) for key in keys])
    puts = [Put(key, poison if key == "3" else {"name": "Ann"}) for key in keys]
    states = read_model.states(keys)
    outcomes = read_model.replace(
        [Replacement(state, write, version(2)) for state, write in zip(states, puts, strict=True)]
    )
    assert [number for number, outcome in enumerate(outcomes) if outcome != APPLIED] == [3]
    assert outcomes[3].status is WriteStatus.REFUSED
    assert re.match(rf"{place.place} 3: .*{said}", outcomes[3].reason)
    assert read_model.get("3") == (Document("3", version(1), {"UserId": 3}) if there else None)


KEYS = ["", " ", "..", "/", "?", "_all", "a\nb", "\x00", "ü🎉", "x" * 401, '"']


def test_any_text_is_a_key(place: Place) -> None:
    read_model = place.open()
    for number in (1, 2):
        asked = [Replacement(state, Put(state.key, {"Turn": number}), "1") for state in read_model.states(KEYS)]
        assert read_model.replace(asked) == [APPLIED] * len(KEYS)
        assert [read_model.get(key) for key in KEYS] == [Document(key, "1", {"Turn": number}) for key in KEYS]


def test_text_that_is_not_unicode_is_no_key(place: Place) -> None:
    read_model = place.open()
    with pytest.raises(InvalidKey):
        read_model.states(["1", "\ud800"])
    asked = [Replacement(State(key, None), Put(key, {}), "1") for key in ("\ud800", "1")]
    assert [outcome.status for outcome in read_model.replace(asked)] == [WriteStatus.REFUSED, WriteStatus.APPLIED]


def test_states_of_many_large_documents_are_read_page_by_page(place: Place) -> None:
    read_model, keys = place.open(), [str(number) for number in range(600)]
    read_model.apply([put(key, 1, Text="x" * 50_000) for key in keys])
    assert sum(state.document is not None for state in read_model.states(keys)) == 600


ASKED: dict[str, Callable[[OpenSearchIndex], Any]] = {
    "create": lambda read_model: replaced(read_model, State("1", None), Put("1", {}), "1"),
    "remember": lambda read_model: replaced(read_model, State("1", None), Remove("1"), "1"),
    "nothing": lambda read_model: replaced(read_model, State("1", None), Remove("1"), None),
}


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_a_replacement_in_a_missing_index_fails_and_makes_none(
    nowhere: Place, asked: Callable[[OpenSearchIndex], Any]
) -> None:
    read_model = nowhere.open()
    read_model.prepare()
    nowhere.client.indices.delete(index=nowhere.place)
    outcome = asked(read_model)
    assert outcome.status is WriteStatus.FAILED
    assert re.match(rf"{nowhere.place} 1: .*(the index is missing, and|no such index)", outcome.reason)
    assert nowhere.indexes() == []


def test_what_was_seen_is_not_replaced_in_an_index_that_went(nowhere: Place) -> None:
    read_model = nowhere.open()
    read_model.prepare()
    read_model.apply([put("1", 1)])
    state = seen(read_model)
    nowhere.client.indices.delete(index=nowhere.place)
    for write, at in ((Put("1", {}), "2"), (Remove("1"), "2"), (Remove("1"), None)):
        outcome = replaced(read_model, state, write, at)
        assert (outcome.status, "the index is missing" in outcome.reason) == (WriteStatus.FAILED, True)
    with pytest.raises(Outage, match="no such index"):
        read_model.states(["1"])
    assert nowhere.indexes() == []
