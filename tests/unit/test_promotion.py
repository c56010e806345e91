"""What speaks against switching what people read, and that nothing is changed where something does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from consumers.errors import GenerationRefused
from consumers.generations import Generation
from consumers.group import Group
from consumers.groups import GROUPS
from consumers.read_model import Preparable
from distributary import generations, promotion
from distributary.adapters import Adapters
from distributary.dynamodb_clients import local_clients
from distributary.errors import NotPromoted, UnknownName
from distributary.generations import rows, target
from distributary.local.embedded_adapters import embedded_adapters
from distributary.local.log.log import EmbeddedLog, Entry
from distributary.promotion import promote, retire, rollback
from schemas.dead_letters import DeadLetter

FIRST = next(group for group in GROUPS if group.family == "user-search")
SECOND = replace(FIRST, generation=2, projection=replace(FIRST.projection, version=2))
TOPIC = FIRST.topic


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EmbeddedLog]:
    with closing(EmbeddedLog(tmp_path / "log.sqlite3", lambda: 0.0)) as log:
        log.create_topic(TOPIC, 2)
        yield log


@pytest.fixture
def adapters(log: EmbeddedLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Adapters]:
    """Of two generations that are made and have read everything; the first is what people read."""
    monkeypatch.setattr(promotion, "CATCH_UP_SECONDS", 0.3)
    lines(monkeypatch, FIRST, SECOND)
    # Nothing is asked of it.
    with closing(local_clients("http://127.0.0.1:9")) as clients:
        adapters = embedded_adapters(log, clients, tmp_path, lambda: 0.0)
        log.append([Entry(TOPIC, b"1", b"event")] * 3)
        for group in (FIRST, SECOND):
            make(adapters, group)
            log.commit(group.name, TOPIC, log.ends(TOPIC))
        yield adapters


def lines(monkeypatch: pytest.MonkeyPatch, *search: Group) -> None:
    others = [group for group in GROUPS if group is not FIRST]
    monkeypatch.setattr(generations, "GROUPS", (*others, *search))


def make(adapters: Adapters, group: Group) -> None:
    with closing(adapters.read_model(group)) as read_model:
        assert isinstance(read_model, Preparable)
        read_model.prepare()


def fall_behind(log: EmbeddedLog) -> None:
    log.append([Entry(TOPIC, b"1", b"event")] * 2)


def there(adapters: Adapters) -> list[Generation]:
    return adapters.generations(FIRST).all()


def promoted(adapters: Adapters) -> int:
    return next(one.number for one in there(adapters) if one.promoted)


def assert_refused(adapters: Adapters, said: str, verify: promotion.Verify | None = None) -> None:
    before = there(adapters)
    with pytest.raises(NotPromoted, match=rf"user-search.g2 was not promoted: .*{said}.*; --force promotes it"):
        promote(adapters, "user-search.g2", verify)
    assert there(adapters) == before


def test_a_generation_that_has_read_everything_and_differs_in_nothing_is_promoted(adapters: Adapters) -> None:
    asked: list[str] = []

    def verify(_: Adapters, group: Group) -> int:
        asked.append(group.name)
        return 0

    assert promote(adapters, "user-search.g2", verify) == []
    assert promoted(adapters) == 2
    assert asked == ["user-search.g2"]


def test_one_that_lags_is_not_and_force_says_what_it_overrides(adapters: Adapters, log: EmbeddedLog) -> None:
    fall_behind(log)
    lags = "the group user-search.g2 is 2 events behind where workplace-users-v2.changes ended 0.3 s ago"
    assert_refused(adapters, lags)
    assert promote(adapters, "user-search.g2", force=True) == [lags]
    assert promoted(adapters) == 2


def test_one_that_nobody_has_run_is_not(adapters: Adapters, monkeypatch: pytest.MonkeyPatch) -> None:
    third = replace(SECOND, generation=3)
    lines(monkeypatch, FIRST, third)
    make(adapters, third)
    with pytest.raises(NotPromoted, match=r"user-search.g3 has no position in workplace-users-v2.changes"):
        promote(adapters, "user-search.g3")


def test_one_that_differs_from_the_log_is_not(adapters: Adapters) -> None:
    assert_refused(adapters, "verify finds 7 differences", lambda *_: 7)
    assert promote(adapters, "user-search.g2", lambda *_: 7, force=True) != []
    assert promoted(adapters) == 2


def test_one_that_falls_behind_while_it_is_verified_is_not(adapters: Adapters, log: EmbeddedLog) -> None:
    def verify(*_: object) -> int:
        fall_behind(log)
        return 0

    assert_refused(adapters, "2 events behind", verify)


def test_one_that_catches_up_in_time_is_promoted(
    adapters: Adapters, log: EmbeddedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    fall_behind(log)
    positions, asked = log.positions, list[str]()

    def catching_up(group: str, topic: str) -> dict[int, int]:
        asked.append(group)
        return log.ends(topic) if len(asked) > 2 else positions(group, topic)

    monkeypatch.setattr(log, "positions", catching_up)
    assert promote(adapters, "user-search.g2") == []


def test_one_that_another_code_made_or_that_has_no_line_is_not(
    adapters: Adapters, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines(monkeypatch, FIRST, replace(SECOND, projection=replace(SECOND.projection, version=3)))
    assert_refused(adapters, "made by another projection version or mapping than this code has for user-search.g2")
    lines(monkeypatch, FIRST)
    assert_refused(adapters, "this code has no line for user-search.g2", lambda *_: pytest.fail("cannot be verified"))
    second = rows(adapters, "user-search")[1]
    assert (second["line"], second["same"]) == (False, None)


def test_a_rollback_goes_to_what_was_read_before_unless_that_lags_or_is_retired(
    adapters: Adapters, log: EmbeddedLog
) -> None:
    with pytest.raises(NotPromoted, match="nothing was rolled back: no other generation of user-search was read"):
        rollback(adapters, "user-search")
    promote(adapters, "user-search.g2")
    fall_behind(log)
    with pytest.raises(NotPromoted, match=r"nothing was rolled back: the group user-search is 2 events behind"):
        rollback(adapters, "user-search")
    assert promoted(adapters) == 2
    log.commit(FIRST.name, TOPIC, log.ends(TOPIC))
    assert rollback(adapters, "user-search") == "user-search.g1"
    assert promoted(adapters) == 1


def test_who_retires_a_generation_is_told_what_becomes_of_what_was_its_own(
    adapters: Adapters, log: EmbeddedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters = adapters.dead_letters(FIRST.name)
    letters.record(DeadLetter(f"{TOPIC}/0/1", b"x", stage="decode", error="E", message="why", first_seen=1))
    promote(adapters, "user-search.g2")
    said = retire(adapters, target(adapters, "user-search.g1"))
    assert [sentence[:40] for sentence in said] == [
        "user-search.g1 is retired: its documents",
        "the positions of user-search in workplac",
        "1 dead letters stay in user-search.dead-",
        "the line of user-search in consumers/gro",
    ]
    assert [one.number for one in there(adapters)] == [2]
    with pytest.raises(UnknownName, match=r"no generation user-search.g1 in the store; there are user-search.g2"):
        target(adapters, "user-search.g1")
    with pytest.raises(GenerationRefused, match="is what people read"):
        retire(adapters, target(adapters, "user-search.g2"))
    lines(monkeypatch, SECOND)
    assert [row["generation"] for row in rows(adapters)] == [2]
