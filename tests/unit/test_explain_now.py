"""What the read models hold of an item now, beside its story."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from consumers.group import Group
from consumers.patterns import items
from consumers.writes import Put, Remove, VersionedWrite
from schemas.versions import version
from tests.bench import COPY, TOPIC
from tests.events import event
from tests.records import LABEL
from tests.unit.explaining import USERS, Stage

ACME = replace(COPY, family="acme", where=items({"Work": ["acme"]}))
AT: dict[str, Any] = {"Work": "acme"}
AWAY: dict[str, Any] = {"Work": "initech"}


def told(sequence: int) -> str:
    return version(LABEL, str(sequence))


def agreement(stage: Stage, group: Group = COPY) -> tuple[bool, str]:
    (standing,) = [one for one in stage.explain().now if one.group == group.name]
    return standing.agrees, standing.why


def test_what_the_read_model_holds_now_agrees_with_the_story() -> None:
    stage = Stage(COPY, ACME)
    stage.feed(event("INSERT", 1, after=AT), event("MODIFY", 2, before=AT, after=AWAY))
    copy, acme = stage.explain().now
    assert (copy.document, copy.source_version, copy.removal) == ({"UserId": 1, **AWAY}, told(2), None)
    assert (acme.document, acme.source_version, acme.removal) == (None, None, told(2))
    assert [(one.agrees, one.why, one.undelivered) for one in (copy, acme)] == [(True, "", 0)] * 2


@pytest.mark.parametrize(
    ("write", "why"),
    [
        (VersionedWrite(Put("1", {"UserId": 1, "Work": "acme", "Age": 3}), told(1)), "other values stand in Age, Name"),
        (VersionedWrite(Put("1", {"UserId": 1}), told(9)), f"its version is {told(1)}"),
        (VersionedWrite(Remove("1"), told(9)), f"it holds the document of the version {told(1)}"),
    ],
)
def test_a_read_model_that_is_not_what_the_log_says_differs_and_it_is_said_in_what(
    write: VersionedWrite, why: str
) -> None:
    stage = Stage(COPY)
    stage.append(event("INSERT", 1, after={"Work": "acme", "Name": "Ann"}))
    stage.log.commit("copy", TOPIC, dict.fromkeys(range(USERS.partitions), 1))
    stage.read_models["copy"].apply([write])
    assert agreement(stage) == (False, f"by the log {why}")


def test_a_document_that_should_be_gone_differs() -> None:
    stage = Stage(COPY)
    stage.feed(event("REMOVE", 1, before={}))
    stage.read_models["copy"].apply([VersionedWrite(Put("1", {}), told(2))])
    assert agreement(stage) == (False, f"by the log it was removed at the version {told(1)}")
    stage = Stage(ACME)
    stage.feed(event("MODIFY", 1, before=AWAY, after=AWAY))
    stage.read_models["acme"].apply([VersionedWrite(Put("1", {}), told(2))])
    assert agreement(stage, ACME) == (False, "by the log nothing was ever put there")


def test_somebody_elses_document_differs_where_the_log_has_one_and_is_nobodys_business_otherwise() -> None:
    stage = Stage(COPY, ACME)
    stage.feed(event("MODIFY", 1, before=AWAY, after=AWAY))
    for name in ("copy", "acme"):
        stage.read_models[name].put_as_somebody_else("1", {"UserId": 1})
    assert agreement(stage) == (
        False,
        f"somebody else has written it; by the log it holds the document of the version {told(1)}",
    )
    assert agreement(stage, ACME) == (True, "")


def test_what_is_not_delivered_yet_is_counted_and_agrees_whether_it_is_applied_or_not() -> None:
    stage = Stage(COPY)
    stage.feed(event("INSERT", 1, after=AT))
    stage.append(event("MODIFY", 2, before=AT, after=AWAY))
    stage.append(event("MODIFY", 3, before=AWAY, after={}))
    (before,) = stage.explain().now
    assert (before.source_version, before.undelivered, before.agrees) == (told(1), 2, True)
    stage.read_models["copy"].apply([VersionedWrite(Put("1", {"UserId": 1, **AWAY}), told(2))])
    (between,) = stage.explain().now
    assert (between.source_version, between.undelivered, between.agrees) == (told(2), 2, True)
    stage.read_models["copy"].apply([VersionedWrite(Put("1", {"UserId": 1, **AWAY}), told(4))])
    (standing,) = stage.explain().now
    assert (standing.agrees, standing.why) == (False, f"by the log its version is {told(1)}")
