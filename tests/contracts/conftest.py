"""Places in a real OpenSearch for the contracts of read models, each with a name that no other test has."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from consumers.read_models.opensearch import opensearch_client
from tests.contracts.opensearch_places import SHARED, Place

if TYPE_CHECKING:
    from opensearchpy import OpenSearch


@pytest.fixture(scope="session")
def opensearch(opensearch_url: str) -> Iterator[OpenSearch]:
    """A client for all tests of the process."""
    with closing(opensearch_client(opensearch_url)) as client:
        yield client


@pytest.fixture
def nowhere(opensearch: OpenSearch) -> Iterator[Place]:
    """A place where nothing was made yet."""
    place = Place(opensearch, replace(SHARED, name=f"users-{uuid.uuid4().hex}"))
    yield place
    place.forget()


@pytest.fixture
def place(nowhere: Place) -> Place:
    """A place with an empty index."""
    nowhere.open().prepare()
    return nowhere
