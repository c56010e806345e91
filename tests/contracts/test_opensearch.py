"""The read model in OpenSearch keeps to its contracts, on a real one; and what it does with documents."""

from __future__ import annotations

import random
import re
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumers.read_model import APPLIED, STALE, Document, WriteStatus
from consumers.read_models.json_document import json_document
from consumers.read_models.opensearch_mapping import REMOVED_AT, RESERVED
from consumers.writes import Fields, Put, Remove, VersionedWrite
from schemas.attribute_values import plain
from schemas.errors import InvalidKey
from schemas.keys import KeySchema
from tests import items
from tests.contracts.documents import EVERY_TYPE_IN_JSON, exactly, one, put, remove, version
from tests.contracts.opensearch_places import Place
from tests.contracts.read_model import ReadModelContract, Store
from tests.contracts.rebuilding import RebuildingContract
from tests.contracts.replacing import ReplacingContract, SharedContract
from tests.contracts.searchable import SearchableContract


class TestOpenSearchIndex(ReadModelContract, ReplacingContract, RebuildingContract, SharedContract, SearchableContract):
    """An index with its alias is the store."""

    examples: ClassVar[int] = 20
    replacing_examples: ClassVar[int] = 20
    as_given_back: ClassVar[Fields] = EVERY_TYPE_IN_JSON

    @pytest.fixture
    def make_store(self, place: Place) -> Callable[[KeySchema], Store]:
        """See `ReadModelContract.make_store`."""
        return lambda _: place.open

    @pytest.fixture
    def somebody_else(self, place: Place) -> Callable[[str], None]:
        """See `SharedContract.somebody_else`."""
        return lambda key: place.put_as_somebody_else(key, {"UserId": int(key)})


def source(key: str, number: int, **fields: Any) -> dict[str, Any]:
    return {"source_version": version(number), "source_key": key, **fields}


def test_the_version_and_the_key_stand_beside_the_documents_fields(place: Place) -> None:
    place.open().apply([put("1", 1, name="Ann")])
    assert place.source("1") == source("1", 1, UserId=1, name="Ann")


def test_a_removal_leaves_a_marker_that_says_when_it_was_written(place: Place) -> None:
    place.open().apply([put("1", 1, name="Ann")])
    place.open().apply([remove("1", 2), remove("2", 1)])
    assert place.source("1") == source("1", 2, **{REMOVED_AT: 1_800_000_000_750})
    assert place.source("2") == source("2", 1, **{REMOVED_AT: 1_800_000_000_750})


def test_a_marker_goes_when_its_document_comes_back(place: Place) -> None:
    place.open().apply([remove("1", 1)])
    place.open().apply([put("1", 2)])
    assert place.source("1") == source("1", 2, UserId=1)


def test_whoever_reads_the_alias_sees_no_marker(place: Place) -> None:
    place.open().apply([put("1", 1), remove("2", 1)])
    place.client.indices.refresh(index=place.place)
    hits = place.client.search(index=place.index.name)["hits"]["hits"]
    assert [hit["_id"] for hit in hits] == ["1"]


@pytest.mark.parametrize("theirs", [{"name": "Ann"}, {"name": "Ann", "source_version": 7}])
def test_a_document_of_somebody_else_is_given_without_a_version(place: Place, theirs: dict[str, Any]) -> None:
    place.put_as_somebody_else("1", theirs)
    assert place.open().get("1") == Document("1", None, {"name": "Ann"})
    assert list(place.open().scan()) == [Document("1", None, {"name": "Ann"})]


@pytest.mark.parametrize("theirs", [{"name": "Ann"}, {"name": "Ann", "source_version": 7}])
def test_a_document_of_somebody_else_is_taken_over_by_any_put(place: Place, theirs: dict[str, Any]) -> None:
    place.put_as_somebody_else("1", theirs)
    assert one(place.open(), VersionedWrite(Put("1", {"UserId": 1}), "0")) == APPLIED
    assert place.open().get("1") == Document("1", "0", {"UserId": 1})


def test_a_document_of_somebody_else_is_taken_away_by_any_removal(place: Place) -> None:
    place.put_as_somebody_else("1", {"name": "Ann"})
    assert one(place.open(), VersionedWrite(Remove("1"), "0~")) == APPLIED
    assert place.open().get("1") is None


@pytest.mark.parametrize("field", sorted(RESERVED))
def test_a_document_with_a_field_of_the_read_models_own_is_refused(place: Place, field: str) -> None:
    outcome = one(place.open(), put("1", 1, **{field: "x"}))
    assert (outcome.status, field in outcome.reason) == (WriteStatus.REFUSED, True)
    assert place.source("1") is None


@pytest.mark.parametrize(
    ("poison", "said"),
    [
        ({"undeclared": 1}, r"dynamic introduction of \[undeclared\]"),
        ({"name": {"first": "Ann"}}, r"failed to parse field \[name\]"),
        ({"UserId": "x"}, r"failed to parse field \[UserId\]"),
        ({"UserId": 10**400}, r"finite"),
        ({"anything": {"x" * 50_001: 1}}, r"failed to parse field \[params\]"),
    ],
    ids=["undeclared", "object", "text", "infinite", "unreadable"],
)
def test_a_document_that_opensearch_cannot_take_is_refused_and_its_neighbours_are_applied(
    place: Place, poison: Fields, said: str
) -> None:
    writes = [put(str(number), 1) for number in range(7)]
    writes[3] = VersionedWrite(Put("3", poison), version(1))
    outcomes = place.open().apply(writes)
    assert [number for number, outcome in enumerate(outcomes) if outcome != APPLIED] == [3]
    assert outcomes[3].status is WriteStatus.REFUSED
    assert re.match(rf"{place.place} 3: .*{said}", outcomes[3].reason)
    assert sorted(document.key for document in place.open().scan()) == ["0", "1", "2", "4", "5", "6"]


def test_fields_take_what_documents_have_in_them(place: Place) -> None:
    index = replace(place.index, keywords=("status",))
    fields: Fields = {
        "UserId": 12345678901234567890123456789012345678,
        "name": "x" * 100_000,
        "title": None,
        "skills": ["a", 1, True],
        "email": Decimal("0.5"),
    }
    other = Place(place.client, replace(index, name=f"{index.name}-wide"))
    other.open().prepare()
    fields["status"] = "y" * 40_000
    assert one(other.open(), VersionedWrite(Put("1", fields), version(1))) == APPLIED
    assert other.open().get("1") == Document("1", version(1), fields)
    other.forget()


KEYS = ["", " ", ".", "..", "/", "a/../b", "?", "#", "%2e", "_all", "a\nb", "\x00", "ü🎉", "x" * 401, '"']


def test_any_text_is_a_key(place: Place) -> None:
    read_model = place.open()
    assert read_model.apply([VersionedWrite(Put(key, {"name": "x"}), "1") for key in KEYS]) == [APPLIED] * len(KEYS)
    assert [read_model.get(key) for key in KEYS] == [Document(key, "1", {"name": "x"}) for key in KEYS]
    assert sorted(document.key for document in read_model.scan()) == sorted(KEYS)
    assert {document.key for document in read_model.search("x", 100)} == set(KEYS)
    assert read_model.apply([VersionedWrite(Remove(key), "2") for key in KEYS]) == [APPLIED] * len(KEYS)
    assert list(read_model.scan()) == []


def test_text_that_is_not_unicode_is_no_key(place: Place) -> None:
    with pytest.raises(InvalidKey):
        place.open().get("\ud800")
    outcomes = place.open().apply([VersionedWrite(Remove("\ud800"), "1"), put("1", 1)])
    assert [outcome.status for outcome in outcomes] == [WriteStatus.REFUSED, WriteStatus.APPLIED]


def test_a_number_that_a_double_would_change_comes_back_as_text(place: Place) -> None:
    digits = "0.1234567890123456789012345678901234567"
    given: Fields = {"anything": [Decimal(digits), Decimal("2.50"), Decimal("1E+100"), {"deep": Decimal(f"-{digits}")}]}
    assert one(place.open(), VersionedWrite(Put("1", given), "1")) == APPLIED
    found = place.open().get("1")
    assert found is not None
    assert found.document == {"anything": [digits, Decimal("2.5"), 10**100, {"deep": f"-{digits}"}]}


def _without_changed_numbers(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_changed_numbers(member) for member in value]
    if isinstance(value, dict):
        return {name: _without_changed_numbers(member) for name, member in value.items()}
    fraction = isinstance(value, Decimal) and value != value.to_integral_value()
    return str(value) if fraction and Decimal(repr(float(value))) != value else value


def test_whatever_a_document_holds_comes_back(place: Place) -> None:
    read_model = place.open()
    numbers = count(1)

    @settings(max_examples=30, suppress_health_check=list(HealthCheck))
    @given(st.lists(items.values.map(plain), max_size=5))
    def comes_back(value: list[Any]) -> None:
        number = next(numbers)
        assert one(read_model, VersionedWrite(Put("1", {"anything": value}), version(number))) == APPLIED
        found = read_model.get("1")
        assert found is not None
        assert exactly(found.document) == exactly(_without_changed_numbers(json_document({"anything": value})))

    comes_back()


def test_a_scan_of_several_pages_is_of_one_moment(place: Place) -> None:
    read_model = place.open()
    read_model.apply([put(str(number), 1) for number in range(600)])
    scan = read_model.scan()
    keys = {next(scan).key}
    read_model.apply([remove(str(number), 2) for number in range(600)])
    keys |= {document.key for document in scan}
    assert keys == set(map(str, range(600)))
    assert list(read_model.scan()) == []


def test_writers_in_any_order_end_at_the_highest_version_of_each_key(place: Place) -> None:
    seed = uuid.uuid4().int
    chance = random.Random(seed)
    writes = [chance.choice((put, remove))(str(key), number) for key in range(5) for number in range(1, 31)]

    def write_all(seed: int) -> list[WriteStatus]:
        writer, left, statuses = random.Random(seed), list(writes), []
        writer.shuffle(left)
        while left:
            batch = {write.key: write for write in left[: writer.randint(1, 8)]}
            left = [write for write in left if batch.get(write.key) is not write]
            statuses += [outcome.status for outcome in place.open().apply(list(batch.values()))]
        return statuses

    with ThreadPoolExecutor(2) as threads:
        statuses = [status for ended in threads.map(write_all, (seed + 1, seed + 2)) for status in ended]
    assert set(statuses) == {WriteStatus.APPLIED, WriteStatus.STALE}
    last = {write.key: write for write in writes}
    found = {document.key: document.source_version for document in place.open().scan()}
    put_last = {key: version(30) for key, write in last.items() if isinstance(write.write, Put)}
    assert found == put_last, f"with the seed {seed}"
    assert one(place.open(), put("0", 29)) == STALE
