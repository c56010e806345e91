"""A read model that was set back is brought forward again by replay, from a time and from offsets."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.flow.command import sentence
from tests.flow.spoiling import Spoiling, users
from tests.records import record

pytestmark = pytest.mark.slow

DAY = 86_400.0
TOPIC = "users.changes"


def ends_of(spoiled: Spoiling) -> dict[int, int]:
    with spoiled.adapters() as adapters:
        return dict(adapters.log.ends(TOPIC))


def named(offsets: dict[int, int]) -> str:
    return ",".join(f"{partition}={offset}" for partition, offset in offsets.items())


def test_what_was_set_back_comes_again_from_offsets_and_from_a_time(spoiled: Spoiling) -> None:
    ends, began = ends_of(spoiled), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    made = [str(user) for user in spoiled.users(4)]
    documents = spoiled.documents("app-users")
    for start in (named(ends), began):
        spoiled.by_hand("app-users", dict.fromkeys(made[:3]))
        result = spoiled.told("replay", "app-users", "--from", start)["result"]
        assert (result["applied"], result["refused"]) == (3, 0)
        assert result["stale"] >= 1
        # A time takes in what came a little before it.
        assert result["rebuilt"] is None or start == began
        assert spoiled.documents("app-users") == documents
    spoiled.delete(*map(int, made))
    spoiled.assert_true()


def test_what_is_older_than_kept_removals_goes_the_way_of_a_rebuild(spoiled: Spoiling, tmp_path: Path) -> None:
    ends, old, gone = ends_of(spoiled), next(users), next(users)
    after: dict[str, Any] = {"Username": "old", "WorkplaceId": "acme"}
    records = [record(sequence=1, user_id=user, after=after) for user in (old, gone)]
    records.append(record("REMOVE", 2, user_id=gone, before=after))
    spoiled.feed(tmp_path, records, committed=time.time() - 40 * DAY)
    documents = spoiled.documents("app-users")
    assert str(old) in documents
    spoiled.by_hand("app-users", {str(old): None})
    result = spoiled.told("replay", "app-users", "--from", named(ends))["result"]
    assert (result["applied"], result["stale"]) == (0, 0)
    assert sorted(result["old"]) == sorted(map(str, (old, gone)))
    assert (result["rebuilt"]["put"], result["rebuilt"]["removed"]) == (1, 0)
    assert spoiled.documents("app-users") == documents
    spoiled.assert_true()


def test_what_the_log_has_not_is_one_sentence_and_nothing_is_changed(spoiled: Spoiling) -> None:
    ends, before = ends_of(spoiled), spoiled.documents("app-users")
    for start, said in (
        (f"0={ends[0] + 1}", f"{TOPIC}/0 has offsets 0 to {ends[0]}, and not {ends[0] + 1}"),
        ("6=0", f"{TOPIC} has no partition 6; it has 0 to 5"),
        ("2020-01-01T00:00:00Z", f"2020-01-01T00:00:00Z is before the log: {TOPIC} begins at 20"),
        ("2100-01-01T00:00:00Z", "2100-01-01T00:00:00Z is in the future"),
        ("yesterday", "nor offsets such as 1200 or 0=1200,1=1250"),
    ):
        ended = spoiled.ask("replay", "app-users", "--from", start)
        assert said in sentence(ended)
        assert ended.returncode == 1
    assert spoiled.documents("app-users") == before
