"""A bridge was away for longer than its stream keeps records: what is lost is found and mended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.flow.command import exact, running, sentence
from tests.flow.pipeline import Pipeline, bare, endpoints
from tests.flow.spoiling import GROUP, Spoiling

pytestmark = [pytest.mark.slow, pytest.mark.servers]

LATE, GONE, NEW, SAME, CHANGED = range(1, 6)


def user(number: int, **more: Any) -> dict[str, Any]:
    return {"UserId": number, "Username": f"user{number}", "WorkplaceId": "acme", **more}


@contextmanager
def run(pipeline: Pipeline) -> Iterator[None]:
    with running("--on", "servers", "--home", pipeline.home, env=pipeline.environment):
        yield


def lose(spoiled: Spoiling) -> int:
    """Moves the bridge's positions to the ends of the table's stream; how many records that loses."""
    lost = 0
    with spoiled.adapters() as adapters:
        arn = adapters.streams.find("Users").arn
        for shard in adapters.streams.shards(arn):
            position = adapters.positions.get(arn, shard.shard_id)
            iterator: str | None = adapters.streams.iterator(arn, shard.shard_id, position)
            while iterator is not None and (page := adapters.streams.read(arn, iterator)).records:
                lost += len(page.records)
                number = page.records[-1]["dynamodb"]["SequenceNumber"]
                adapters.positions.put(arn, shard.shard_id, number)
                iterator = page.next_iterator
    return lost


def test_what_a_stream_has_lost_is_found_in_the_table_and_its_log_and_repaired(tmp_path: Path) -> None:
    with ExitStack() as opened:
        pipeline = Pipeline(tmp_path / "home", bare() | endpoints(opened))
        spoiled = Spoiling(pipeline)
        with run(pipeline):
            spoiled.put(*(user(number) for number in (LATE, GONE, SAME, CHANGED)))
            spoiled.drained()
        # Nobody reads the stream, and what is in it is gone before anybody does.
        spoiled.put(user(LATE, JobTitle="Nurse"), user(NEW), user(CHANGED, JobTitle="Nurse"))
        spoiled.delete(GONE)
        assert lose(spoiled) == 4
        with run(pipeline):
            # Which tells the groups nothing: `app-users` filters it, and the log's last word is what the table holds.
            spoiled.put(user(LATE, JobTitle="Nurse", LastLoginAt=7))
            spoiled.assert_true()
            found = spoiled.ask("verify", "--source", "Users", "--keys-to", tmp_path / "keys", "--json")
            assert "the log of Users is not what the table holds under 4 keys" in sentence(found)
            told = json.loads(found.stdout.splitlines()[-1])
            assert {kind: number for kind, number in told["counts"].items() if number} == {
                "missing": 1,
                "different": 1,
                "orphaned": 1,
            }
            assert [gap["key"] for gap in told["gap_samples"]] == [str(LATE)]
            assert sorted(map(int, (tmp_path / "keys").read_text().split())) == [LATE, GONE, NEW, CHANGED]

            repaired = spoiled.ask("repair", "Users", "--keys", tmp_path / "keys", "--json")
            assert repaired.returncode == 0, repaired.stderr
            assert {name: exact(repaired.stdout)[name] for name in ("repaired", "removed")} == {
                "repaired": 3,
                "removed": 1,
            }
            spoiled.assert_true()
            healthy = spoiled.ask("verify", "--source", "Users")
            assert healthy.returncode == 0, healthy.stderr
            assert healthy.stdout.decode().endswith("the log is what the table holds\n")
            for group in GROUP:
                assert spoiled.documents(group).keys() == {str(number) for number in (LATE, NEW, SAME, CHANGED)}
            jobs = {key: one.document.get("JobTitle") for key, one in spoiled.documents("workplace-users").items()}
            assert jobs == {str(LATE): "Nurse", str(NEW): None, str(SAME): None, str(CHANGED): "Nurse"}
