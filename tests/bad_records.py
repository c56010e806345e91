"""Stream records that cannot become a change event: each with the topic of its dead letter and a word of its reason."""

from __future__ import annotations

from typing import Any

from bridge.stream_record import RawRecord
from tests.records import arn, record


def changed(path: str, value: Any) -> dict[str, Any]:
    """A good record with one thing changed; None takes it away."""
    bad = record(sequence=5, after={"Username": "ann"})
    *parents, last = path.split(".")
    place = bad
    for name in parents:
        place = place[name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return bad


BAD_RECORDS: dict[str, tuple[RawRecord, str, str]] = {
    "not JSON": (b'{"eventID": ', "bridge.dead-letters", "not JSON"),
    "JSON, but no object": (b"42", "bridge.dead-letters", "expected a JSON object"),
    "no text": (b"\xff\xfe{}", "bridge.dead-letters", "not JSON"),
    "nested without end": (b"[" * 100_000, "bridge.dead-letters", "nested too deep"),
    "no ARN": (changed("eventSourceARN", None), "bridge.dead-letters", "eventSourceARN"),
    "an ARN of something else": (
        changed("eventSourceARN", "arn:aws:s3:::bucket"),
        "bridge.dead-letters",
        "eventSourceARN",
    ),
    "an unknown table": (changed("eventSourceARN", arn("Orders")), "bridge.dead-letters", "Orders"),
    "a stream label that is no instant": (
        changed("eventSourceARN", arn(label="latest")),
        "users.changes.dead-letters",
        "latest",
    ),
    "no change": (changed("dynamodb", None), "users.changes.dead-letters", "dynamodb"),
    "no sequence number": (
        changed("dynamodb.SequenceNumber", None),
        "users.changes.dead-letters",
        "SequenceNumber",
    ),
    "a sequence number that is none": (
        changed("dynamodb.SequenceNumber", "12x"),
        "users.changes.dead-letters",
        "SequenceNumber",
    ),
    "a sequence number of 41 digits": (
        changed("dynamodb.SequenceNumber", "1" * 41),
        "users.changes.dead-letters",
        "SequenceNumber",
    ),
    "an unknown event name": (changed("eventName", "UPSERT"), "users.changes.dead-letters", "UPSERT"),
    "an event name that is no text": (changed("eventName", ["INSERT"]), "users.changes.dead-letters", "eventName"),
    "no keys": (changed("dynamodb.Keys", None), "users.changes.dead-letters", "Keys"),
    "another key": (changed("dynamodb.Keys", {"Id": {"N": "1"}}), "users.changes.dead-letters", "UserId"),
    "a key of another type": (
        changed("dynamodb.Keys", {"UserId": {"S": "1"}}),
        "users.changes.dead-letters",
        "UserId",
    ),
    "a key too many": (
        changed("dynamodb.Keys", {"UserId": {"N": "1"}, "More": {"N": "1"}}),
        "users.changes.dead-letters",
        "More",
    ),
    "an attribute of another type than declared": (
        changed("dynamodb.NewImage.Username", {"N": "1"}),
        "users.changes.dead-letters",
        "Username",
    ),
    "an attribute without a type": (
        changed("dynamodb.NewImage.Username", "ann"),
        "users.changes.dead-letters",
        "Username",
    ),
    "an attribute of an unknown type": (
        changed("dynamodb.NewImage.Username", {"X": "1"}),
        "users.changes.dead-letters",
        "'X'",
    ),
    "an attribute without a name": (
        changed("dynamodb.NewImage.Preferences", {"M": {"": {"S": "x"}}}),
        "users.changes.dead-letters",
        "a name in it",
    ),
    "invalid base64": (
        changed("dynamodb.NewImage.Avatar", {"B": "%%%"}),
        "users.changes.dead-letters",
        "base64",
    ),
    "a number of 39 digits": (
        changed("dynamodb.NewImage.Score", {"N": "1" * 39}),
        "users.changes.dead-letters",
        "39 digits",
    ),
    "a commit time that is none": (
        changed("dynamodb.ApproximateCreationDateTime", "now"),
        "users.changes.dead-letters",
        "ApproximateCreationDateTime",
    ),
    "an unknown view type": (
        changed("dynamodb.StreamViewType", "ALL"),
        "users.changes.dead-letters",
        "StreamViewType",
    ),
    "a principal that is none": (changed("userIdentity", "root"), "users.changes.dead-letters", "userIdentity"),
}
