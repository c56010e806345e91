"""An item's story as a person reads it."""

from __future__ import annotations

from dataclasses import replace

from consumers.patterns import items
from distributary.explain_lines import lines
from schemas.dead_letters import DeadLetter
from schemas.versions import version
from tests.bench import COPY
from tests.events import event
from tests.records import LABEL, record, written
from tests.unit.explaining import Stage

ACME = replace(COPY, family="acme", where=items({"Work": ["acme"]}))
FIRST, SECOND = version(LABEL, "1"), version(LABEL, "2")


POISON = (
    "dead-lettered: decode, UndecodableEvent: the value is no change event: it starts with 6e 6f 6e 73 65, expected 00 "
    "and a schema id"
)
WRITTEN = (
    f"somebody else has written it; by the log it holds the document of the version {FIRST}; see `distributary verify "
    "copy`"
)
TOLD = f"""
Users 1: 3 events in users.changes

PLACE/0  INSERT  2026-01-01T00:00:00.000Z
    version {FIRST}
    changed: Work
    acme  applied
        {{"UserId":1,"Work":"acme"}}
    copy  applied
        {{"UserId":1,"Work":"acme"}}

PLACE/1  UNDECODABLE  at an unknown time
    version unknown
    changed: not known
    acme  {POISON}
        {{"UserId":1,"Work":"acme"}}
    copy  {POISON}
        {{"UserId":1,"Work":"acme"}}

PLACE/2  MODIFY  2026-01-01T00:00:00.000Z
    version {SECOND}
    changed: Notes, Work
    acme  applied: removed, for it is outside `where`: Work is "initech", the pattern wants ["acme"]
        no document
    copy  applied
        {{"Notes":"{"x" * 150}...

not in the log: the bridge's dead letter arn/1, version unknown
    check, UnconvertibleRecord: eventName is 'UPSERT'

now
    acme: copy in memory holds under 1 the document of the version {FIRST}
        {{"UserId":1,"Work":"acme"}}
        not delivered yet: 1 event
        agrees
    copy: copy in memory holds under 1 a document of somebody else's
        {{"Name":"Ann"}}
        not delivered yet: 1 event
        differs: {WRITTEN}
"""


def test_all_that_a_story_has_is_said() -> None:
    stage = Stage(ACME, COPY)
    stage.feed(event("INSERT", 1, after={"Work": "acme"}), b"nonsense")
    (place,) = {change.partition for change in stage.explain().events}
    stage.append(event("MODIFY", 2, before={"Work": "acme"}, after={"Work": "initech", "Notes": "x" * 200}))
    stage.read_models["copy"].put_as_somebody_else("1", {"Name": "Ann"})
    stage.log.create_topic("users.changes.dead-letters", 1)
    raw = written(record("UPSERT", after={}))
    letter = DeadLetter("arn/1", raw, "check", "UnconvertibleRecord", "eventName is 'UPSERT'", 1)
    stage.log.append("users.changes.dead-letters", letter.key, letter.body, letter.headers())
    assert "\n".join(lines(stage.explain())) == TOLD.strip().replace("PLACE", f"users.changes/{place}")


def test_a_topic_that_lost_its_beginning_says_since_when_and_a_removal_its_version() -> None:
    stage = Stage(COPY)
    stage.feed(event("INSERT", 1, after={}), event("REMOVE", 2, before={}))
    (place,) = {change.partition for change in stage.explain().events}
    stage.log.lost = {place: 1}
    told = list(lines(stage.explain()))
    assert told[:2] == [
        "Users 1: 1 event in users.changes",
        f"users.changes/{place} lost its beginning: it begins at offset 1, which the log took at "
        "2026-02-02T02:40:00.000Z; what the item was before that is not known",
    ]
    assert told[-2:] == [
        f"    copy: copy in memory holds nothing under 1, removed at the version {SECOND}",
        "        agrees",
    ]
