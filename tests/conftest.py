"""What every test runs under."""

from __future__ import annotations

from functools import cache
from typing import Any

from botocore.loaders import JSONFileLoader
from hypothesis import HealthCheck, settings

# Random on every machine, CI too: a derandomized run finds the same nothing for ever. What fails prints the
# `@reproduce_failure` line that brings it back. No deadline: two cores are shared by whatever else runs.
settings.register_profile(
    "distributary", print_blob=True, deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("fast", settings.get_profile("distributary"), max_examples=15)
settings.load_profile("distributary")

_load_file = JSONFileLoader.load_file


@cache
def _loaded(path: str) -> Any:
    return _load_file(JSONFileLoader(), path)


# botocore reads its descriptions of services anew for every session: a tenth of a second each time that a test makes
# clients, a fifth of all that `make test-fast` takes.
JSONFileLoader.load_file = lambda _, path: _loaded(path)  # type: ignore[assignment, method-assign]

pytest_plugins = ["tests.real_servers"]
