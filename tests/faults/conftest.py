"""Places for the tests of faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from distributary.settings import Endpoints
from tests.faults.alone import Alone, alone_in
from tests.faults.place import Place, place_on


@pytest.fixture
def endpoints(kafka_bootstrap: str, registry_url: str, opensearch_url: str, dynamodb_url: str) -> Endpoints:
    """The four servers that the whole run shares."""
    return Endpoints(kafka_bootstrap, registry_url, opensearch_url, dynamodb_url)


@pytest.fixture
def place(endpoints: Endpoints) -> Iterator[Place]:
    """A place on them."""
    with place_on(endpoints) as place:
        yield place


@pytest.fixture(scope="session")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alone]:
    """Servers that nobody else uses; tests leave their log as it is, but for what they say."""
    with alone_in(tmp_path_factory.mktemp("alone")) as alone:
        yield alone
