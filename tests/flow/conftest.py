"""A pipeline that all tests of a process share, which leave it as they found it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.flow.pipeline import started
from tests.flow.spoiling import Spoiling, spoiling


@pytest.fixture(scope="session", params=["embedded", pytest.param("servers", marks=pytest.mark.servers)])
def spoiled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spoiling]:
    """See Spoiling: once embedded, once on servers."""
    folder = tmp_path_factory.mktemp("spoiled")
    with started(request.param, folder / "home") as pipeline, spoiling(pipeline, folder) as spoiled:
        yield spoiled
