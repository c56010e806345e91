"""Documents come back from their stored forms as they were."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.errors import RefusedDocument
from consumers.read_models.bounded_key import bounded_key
from consumers.read_models.dynamodb_items import document_attributes, item_document, versioned_item
from consumers.read_models.json_document import decode, encode, json_document
from consumers.writes import Fields, Put
from schemas.attribute_values import plain
from tests import items
from tests.contracts.documents import NUMBER_KEY, exactly

documents: st.SearchStrategy[Fields] = st.dictionaries(items.names, items.values.map(plain), max_size=4)


@given(documents)
def test_an_item_gives_back_the_document_and_the_version(document: Fields) -> None:
    document["UserId"] = 1
    attributes = document_attributes(Put("1", document), NUMBER_KEY)
    found = item_document(versioned_item(attributes, "7"), NUMBER_KEY)
    assert (found.key, found.source_version) == ("1", "7")
    assert exactly(found.document) == exactly(document)


@given(documents)
def test_json_gives_back_the_document_in_jsons_types(document: Fields) -> None:
    in_json = json_document(document)
    assert exactly(decode(encode(in_json))) == exactly(in_json)
    assert json_document(in_json) == in_json


def test_json_writes_a_number_with_all_its_digits() -> None:
    number = Decimal("12345678901234567890.123456789012345678")
    assert encode({"n": number}) == b'{"n":12345678901234567890.123456789012345678}'


@pytest.mark.parametrize("value", [0.5, [0.5], {"a": 0.5}, Decimal("NaN"), Decimal("Infinity"), object(), (1, 2)])
def test_what_is_no_value_has_no_json(value: Any) -> None:
    with pytest.raises(RefusedDocument, match=r"document\.field"):
        json_document({"field": value})


def test_text_that_is_not_unicode_has_no_json() -> None:
    with pytest.raises(RefusedDocument, match="Unicode"):
        encode({"field": "\ud800"})


@pytest.mark.parametrize(
    ("text", "whole"), [("x" * 400, True), ("x" * 401, False), ("ä" * 200, True), ("ä" * 201, False)]
)
def test_a_key_of_more_than_400_bytes_is_hashed(text: str, whole: bool) -> None:
    assert (bounded_key(text) == text) is whole
    assert len(bounded_key(text).encode()) <= 400
