"""`oracle`: AWS's engine, one for all tests of a worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from distributary.errors import ToolMissing
from tests.filters.oracle import Oracle, open_oracle
from tests.real_servers import skip


@pytest.fixture(scope="session")
def oracle() -> Iterator[Oracle]:
    """AWS's engine; where Java or Maven is missing the test is skipped, and fails where `CI` is set."""
    try:
        opened = open_oracle()
    except ToolMissing as error:
        skip(f"AWS's engine cannot run: {error}")
    with opened:
        yield opened
