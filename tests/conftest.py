"""What every test runs under."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# Random on every machine, CI too: a derandomized run finds the same nothing for ever. What fails prints the
# `@reproduce_failure` line that brings it back. No deadline: two cores are shared by whatever else runs.
settings.register_profile(
    "distributary", print_blob=True, deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("distributary")

pytest_plugins = ["tests.real_servers"]
