"""Whatever happens to users, members and rebuilds on a real log, the read model ends as a fresh group would make it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from consumers.read_model import Table
from distributary.settings import Endpoints
from tests.contracts.rebuilding import EVERY_GROUP, KEY
from tests.contracts.rebuilding_machine import Rebuilds
from tests.faults.rebuilding_kafka import KafkaWorld

pytestmark = pytest.mark.slow


def test_whatever_happens_a_table_ends_as_a_fresh_group_would_have_made_it(
    endpoints: Endpoints, tmp_path: Path
) -> None:
    def make_world(example: int) -> KafkaWorld:
        return KafkaWorld(endpoints, tmp_path / str(example), Table(f"faults-{uuid4().hex}", KEY), EVERY_GROUP[0])

    run_state_machine_as_test(
        partial(Rebuilds, make_world, EVERY_GROUP),  # type: ignore[arg-type] # called, no more
        settings=settings(max_examples=25, stateful_step_count=20),
    )
