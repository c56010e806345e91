"""`distributary filter test`: what a pattern makes of records that somebody has in a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from bridge.errors import UnconvertibleRecord
from bridge.stream_record import check, check_images, locate, parse
from schemas.attribute_values import Item
from schemas.filters import Filter
from schemas.keys import key_text
from schemas.record_shape import item_shape


class Tested(NamedTuple):
    """One record: its number, from 1, its operation and item key as far as they can be read, whether the pattern
    matches, and why not (or why nobody can tell).
    """

    number: int
    operation: str
    key: str
    matches: bool
    why: tuple[str, ...]


def try_records(pattern: Filter, records: Iterable[bytes], now: float) -> Iterator[Tested]:
    """The records as AWS would hand them to the pattern, with `source` as the bridge has it."""
    for number, raw in enumerate(records, 1):
        try:
            record = dict(parse(raw))
        except UnconvertibleRecord as error:
            yield Tested(number, "?", "?", False, (str(error),))
            continue
        if (stream := locate(record).stream) is not None:
            record["source"] = {"account": stream.account, "region": stream.region, "table": stream.table}
        why = tuple(pattern.misses(record, now))
        yield Tested(number, str(record.get("eventName", "?")), _key_of(record), not why, why)


def try_items(pattern: Filter, records: Iterable[bytes], now: float) -> Iterator[Tested]:
    """The items in the records, as a group's `where` sees them: the new image, of a REMOVE the old one."""
    for number, raw in enumerate(records, 1):
        try:
            record = check(parse(raw))
            check_images(record)
        except UnconvertibleRecord as error:
            yield Tested(number, "?", "?", False, (str(error),))
            continue
        image = record.old_image if record.new_image is None else record.new_image
        operation, key = record.operation.value, key_text(record.keys)
        if image is None:
            yield Tested(number, operation, key, False, ("the record carries no image",))
            continue
        why = tuple(pattern.misses(item_shape(Item(image), pattern.fields), now))
        yield Tested(number, operation, key, not why, why)


def _key_of(record: dict[str, Any]) -> str:
    try:
        return key_text(check(record).keys)
    except UnconvertibleRecord:
        return "?"
