"""The main job: records in, three read models up to date and equal to the table, every record accounted for."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from random import Random
from secrets import randbelow

import pytest

from tests.flow.command import COMMAND, accounts, distributary, dumped, feed_file
from tests.flow.truth import Truth, history, resent


def assert_true(folder: Path, truth: Truth) -> None:
    assert dumped(folder, "AppUsers_V2") == truth.app_users()
    assert dumped(folder, "WorkplaceUsers_V2") == truth.workplace_users()
    assert dumped(folder, "workplace-users") == truth.index()


def seeded() -> int:
    seed = randbelow(2**32)
    print(f"seed {seed}")  # noqa: T201 - to run it again
    return seed


@pytest.mark.slow
def test_ten_thousand_records_with_duplicates_and_resent_batches_end_as_the_table(tmp_path: Path) -> None:
    seed = seeded()
    truth = history(seed, changes=8_500, users=400)
    records = resent(truth, Random(seed))
    assert len(records) > 10_000

    ended = distributary(
        "run", "--feed", feed_file(tmp_path, records), "--exit-when-drained", "--json",
        "--dump", tmp_path / "out", "--home", tmp_path / "home",
    )  # fmt: skip

    assert ended.returncode == 0, ended.stderr.decode()
    result = json.loads(ended.stdout)
    assert accounts(result, "Users") == {"read": len(records), "published": len(records)}
    for group in result["groups"]:
        assert group["lag"] == {"events": 0, "seconds": 0.0}
        assert group["dead_lettered"] == 0
    for group in result["groups"][:2]:
        assert sum(group[outcome] for outcome in ("applied", "filtered", "stale")) == len(records)
    assert result["read_models"]["AppUsers_V2"] == {"documents": len(truth.users)}
    assert_true(tmp_path / "out", truth)


@pytest.mark.slow
def test_a_kill_at_any_moment_and_a_restart_on_the_same_log_with_the_same_feed_end_the_same(tmp_path: Path) -> None:
    seed = seeded()
    random, truth = Random(seed), history(seed, changes=2_000, users=200)
    feed = feed_file(tmp_path, resent(truth, random))
    arguments = ["run", "--feed", str(feed), "--exit-when-drained", "--json", "--home", str(tmp_path / "home")]

    kills = 0
    for _ in range(4):
        process = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(timeout=random.uniform(1.0, 4.0))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
    ended = distributary(*arguments, "--dump", tmp_path / "out")

    assert ended.returncode == 0, ended.stderr.decode()
    assert kills
    assert_true(tmp_path / "out", truth)
