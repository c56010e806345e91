"""One entry of a DynamoDB stream, read from Lambda's form and checked (step 1 of design section 5).

Source of the form: "DynamoDB Streams and Lambda triggers" and the API's `Record` and `StreamRecord`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from sys import intern
from typing import Any, TypeAlias

import msgspec

from bridge.errors import UnconvertibleRecord
from schemas.attribute_checks import check as check_attribute
from schemas.attribute_checks import check_attributes
from schemas.attribute_values import Attributes, shown
from schemas.change_event import Operation, Principal, ViewType
from schemas.errors import SchemasError
from schemas.versions import is_sequence_number

RawRecord: TypeAlias = bytes | msgspec.Raw | Mapping[str, Any]
"""A record as it arrives: its JSON text, or a part of its event's, or already parsed (Lambda's managed runtime)."""

READ_ITEM = "SNAPSHOT"
"""The `eventName` of what is no stream record but an item that was read; it stands in dead letters alone."""

_ARN = r"arn:[\w-]+:dynamodb:([\w-]+):(\w+):table/([\w.-]+)/stream/(.+)"
_VIEW_TYPES = {each.value: each for each in ViewType}
_CAPTURED = {name: Operation(name) for name in ("INSERT", "MODIFY", "REMOVE")}


class StreamArn(msgspec.Struct, frozen=True, gc=False):
    """The parts of a stream's ARN."""

    region: str
    account: str
    table: str
    label: str


@lru_cache(maxsize=64)  # a bridge reads few streams, and every record names its own
def _parts(arn: str) -> StreamArn | None:
    match = re.fullmatch(_ARN, arn, re.ASCII)
    return StreamArn(*match.groups()) if match else None


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where a record came from, as far as it can be told. None where it is missing or invalid."""

    arn: str | None
    sequence_number: str | None

    @property
    def stream(self) -> StreamArn | None:
        """The parts of the ARN."""
        return None if self.arn is None else _parts(self.arn)

    def key(self, original: bytes) -> str:
        """The name of the place: ARN and sequence number, or the SHA-256 of the bytes where either is missing."""
        if self.arn is None or self.sequence_number is None:
            import hashlib  # seldom needed, and slow to load

            return f"sha256:{hashlib.sha256(original).hexdigest()}"
        return f"{self.arn}#{self.sequence_number}"


class StreamRecord(msgspec.Struct, frozen=True, gc=False):
    """A checked stream record but for its images: the encoder checks those as it writes them, `check_images` does it
    for who only reads. An image that is not carried is None.
    """

    stream: StreamArn
    sequence_number: str
    event_id: str | None
    operation: Operation
    keys: Attributes
    old_image: Attributes | None
    new_image: Attributes | None
    committed_at: datetime | None
    view_type: ViewType | None
    size_bytes: int | None
    principal: Principal | None


def parse(raw: RawRecord) -> Mapping[str, Any]:
    """The record as a mapping. Raises UnconvertibleRecord where its text is not a JSON object."""
    parsed: Any = raw
    if isinstance(raw, bytes | msgspec.Raw):
        try:
            parsed = msgspec.json.decode(raw)
        except (ValueError, RecursionError) as error:
            reason = "nested too deep" if isinstance(error, RecursionError) else str(error)
            raise UnconvertibleRecord("check", f"the record is not JSON: {reason}") from None
    if not isinstance(parsed, Mapping):
        raise UnconvertibleRecord("check", f"the record is {shown(parsed)}, expected a JSON object")
    return parsed


def original_bytes(raw: RawRecord) -> bytes:
    """The record's own bytes; where it came parsed, its JSON (ASCII, so that any text the parser let in can stand)."""
    if isinstance(raw, bytes | msgspec.Raw):
        return bytes(raw)
    import json  # seldom needed

    return json.dumps(raw, separators=(",", ":")).encode()


def locate(record: Mapping[str, Any]) -> Place:
    """Where a record came from, whatever else is wrong with it."""
    arn = record.get("eventSourceARN")
    change = record.get("dynamodb")
    number = change.get("SequenceNumber") if isinstance(change, Mapping) else None
    return Place(
        # One text for all the records of a stream.
        intern(str(arn)) if isinstance(arn, str) and _parts(arn) is not None else None,
        number if isinstance(number, str) and is_sequence_number(number) else None,
    )


def check(record: Mapping[str, Any], place: Place | None = None) -> StreamRecord:
    """The checked record, which stands at `place`. Raises UnconvertibleRecord, naming the field."""
    place = place or locate(record)
    if (stream := place.stream) is None:
        found = shown(record.get("eventSourceARN"))
        raise UnconvertibleRecord("check", f"eventSourceARN is {found}, expected the ARN of a table's stream")
    change = record.get("dynamodb")
    if not isinstance(change, Mapping):
        raise UnconvertibleRecord("check", f"dynamodb is {shown(change)}, expected the change as a JSON object")
    if record.get("eventName") == READ_ITEM:
        raise UnconvertibleRecord(
            "check",
            f"this is an item as it was read, not a change; mend the item or what the schema says of it, give its key "
            f"to `distributary repair {stream.table} --keys FILE`, which reads it again, and discard this",
        )
    if place.sequence_number is None:
        found = shown(change.get("SequenceNumber"))
        raise UnconvertibleRecord("check", f"dynamodb.SequenceNumber is {found}, expected 1 to 40 digits as text")
    name = record.get("eventName")
    operation = _CAPTURED.get(name) if isinstance(name, str) else None
    if operation is None:
        raise UnconvertibleRecord("check", f"eventName is {shown(name)}, expected INSERT, MODIFY or REMOVE")
    keys = _attributes(change, "Keys")
    if keys is None:
        raise UnconvertibleRecord("check", "dynamodb.Keys is missing, expected the item's key")
    return StreamRecord(
        stream=stream,
        sequence_number=place.sequence_number,
        event_id=None if record.get("eventID") is None else _text(record["eventID"], "eventID"),
        operation=operation,
        keys=keys,
        old_image=_image(change, "OldImage"),
        new_image=_image(change, "NewImage"),
        committed_at=_instant(change.get("ApproximateCreationDateTime")),
        view_type=_view_type(change.get("StreamViewType")),
        size_bytes=_size(change.get("SizeBytes")),
        principal=_principal(record.get("userIdentity")),
    )


def check_images(record: StreamRecord) -> None:
    """Raises UnconvertibleRecord where an image holds what is no attribute value, naming the field."""
    _attributes({"OldImage": record.old_image}, "OldImage")
    _attributes({"NewImage": record.new_image}, "NewImage")


def _image(change: Mapping[str, Any], name: str) -> Attributes | None:
    image = change.get(name)
    return image if type(image) is dict else _attributes(change, name)


def _attributes(change: Mapping[str, Any], name: str) -> Attributes | None:
    """The attributes under `name`; None where there are none (an image that is not carried may stand as null)."""
    if change.get(name) is None:
        return None
    try:
        return check_attributes(change[name], name)
    except SchemasError as error:
        raise UnconvertibleRecord("check", f"dynamodb.{error}") from None


def _text(value: object, where: str) -> str:
    try:
        check_attribute({"S": value}, where)
    except SchemasError as error:
        raise UnconvertibleRecord("check", str(error)) from None
    return str(value)


def _size(value: object) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63):
        return value
    raise UnconvertibleRecord("check", f"dynamodb.SizeBytes is {shown(value)}, expected a number of bytes")


def _instant(value: object) -> datetime | None:
    """Lambda writes epoch seconds; milliseconds are told by their size."""
    if value is None:
        return None
    try:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError
        return _at(value)
    except (TypeError, ValueError, OverflowError, OSError):
        message = f"dynamodb.ApproximateCreationDateTime is {shown(value)}, expected epoch seconds"
        raise UnconvertibleRecord("check", message) from None


@lru_cache(maxsize=1024)  # many records share their second
def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(round(seconds / 1000 if seconds > 1e11 else seconds, 3), UTC)


def _view_type(value: object) -> ViewType | None:
    if value is None:
        return None
    if not isinstance(value, str) or (found := _VIEW_TYPES.get(value)) is None:
        expected = ", ".join(ViewType)
        raise UnconvertibleRecord("check", f"dynamodb.StreamViewType is {shown(value)}, expected one of {expected}")
    return found


def _principal(value: object) -> Principal | None:
    """Lambda writes `principalId` and `type`, the streams API writes them with capitals."""
    if value is None:
        return None
    if isinstance(value, Mapping):
        found = {str(name).lower(): text for name, text in value.items()}
        if "principalid" in found and "type" in found:
            return Principal(
                _text(found["principalid"], "userIdentity.principalId"), _text(found["type"], "userIdentity.type")
            )
    raise UnconvertibleRecord("check", f"userIdentity is {shown(value)}, expected principalId and type")
