"""The pipelines that are measured against each other are both right: on real servers they end as the table does."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from random import Random

import pytest

from benchmarks.pipelines import MARKER, Pipeline, naive, ours
from benchmarks.places import Place, Places
from benchmarks.workload import event
from distributary.dump import dump
from distributary.errors import ToolMissing
from distributary.local.servers.cache import default_cache
from tests.flow.command import dumped
from tests.flow.test_truth import seeded
from tests.flow.truth import history, resent
from tests.real_servers import skip


@pytest.fixture(scope="module")
def places() -> Iterator[Places]:
    with ExitStack() as opened:
        try:
            found = Places(os.environ, default_cache(os.environ, root=os.geteuid() == 0), opened)
        except ToolMissing as error:
            skip(str(error))
        yield found


@pytest.mark.slow
@pytest.mark.servers
@pytest.mark.parametrize("kind", [ours, naive])
def test_records_with_duplicates_and_resent_batches_end_as_the_table_on_real_servers(
    places: Places, kind: Callable[[Place], AbstractContextManager[Pipeline]], tmp_path: Path
) -> None:
    seed = seeded()
    truth = history(seed, changes=1_500, users=100)
    # And at the very end, old ones again.
    records = resent(truth, Random(seed)) + truth.records[:300]

    with places.empty() as place, kind(place) as pipeline:
        for start in range(0, len(records), 200):
            pipeline.relay(event(records[start : start + 200]))
        pipeline.drain()
        dump(place.read_models.values(), tmp_path)

    app_users, workplace_users, index = (
        dumped(tmp_path, name) for name in ("AppUsers_V2", "WorkplaceUsers_V2", "workplace-users")
    )
    assert MARKER in workplace_users.keys() & index.keys()
    del workplace_users[MARKER], index[MARKER]
    assert app_users == truth.app_users()
    assert workplace_users == truth.workplace_users()
    assert index == truth.index()
