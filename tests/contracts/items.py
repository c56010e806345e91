"""What every `Items` and every `SnapshotProgress` keeps to: subclass the contract and give its fixture."""

from __future__ import annotations

from typing import Any, Protocol
from uuid import uuid4

import pytest

from bridge.errors import StreamMissing
from bridge.items import Items, Segment
from bridge.snapshot import Progress, SnapshotProgress
from schemas.keys import KeyAttribute
from tests.records import arn, image

KEY = (KeyAttribute("UserId", "N"), KeyAttribute("Part", "S"))
EXACT: dict[str, Any] = {
    **image(UserId=7, Part="a|b"),
    "Exact": {"N": "12345678901234567890123456789012345678"},
    "Fraction": {"N": "0.5"},
    "Binary": {"B": "AP8="},
    "Set": {"SS": ["x", "y"]},
    "Deep": {"M": {"list": {"L": [{"NULL": True}, {"BOOL": False}, {"B": ""}]}}},
    "Empty": {"S": ""},
}


class Table(Protocol):
    """A table keyed by `KEY`, of the test's own."""

    name: str
    items: Items

    def put(self, item: dict[str, Any]) -> None:
        """Writes an item."""

    def remove(self, key: dict[str, Any]) -> None:
        """Removes one."""


def key(user_id: int, part: str = "a") -> dict[str, Any]:
    return image(UserId=user_id, Part=part)


def scanned(table: Table, segments: int, limit: int) -> list[list[tuple[str, str]]]:
    """The keys of every segment, read in pages of `limit`."""
    found = []
    for number in range(segments):
        keys, start, first = list[tuple[str, str]](), None, True
        while first or start is not None:
            page = table.items.scan(table.name, Segment(number, segments), start, limit)
            assert len(page.items) <= limit
            keys += [(item["UserId"]["N"], item["Part"]["S"]) for item in page.items]
            start, first = page.next_start, False
        found.append(keys)
    return found


class ItemsContract:
    """A subclass gives the fixture `table`."""

    @pytest.mark.parametrize(("segments", "limit"), [(1, 1000), (1, 3), (3, 2)])
    def test_the_pages_of_all_segments_hold_every_item_once(self, table: Table, segments: int, limit: int) -> None:
        for user_id in range(9):
            for part in ("a", "b"):
                table.put(key(user_id, part))
        found = [each for keys in scanned(table, segments, limit) for each in keys]
        assert sorted(found) == sorted((str(user_id), part) for user_id in range(9) for part in ("a", "b"))

    def test_a_scan_goes_on_behind_a_key_whose_item_is_gone(self, table: Table) -> None:
        for user_id in range(5):
            table.put(key(user_id))
        first = table.items.scan(table.name, Segment(0, 1), None, 2)
        assert first.next_start is not None
        table.remove(dict(first.next_start))
        second = table.items.scan(table.name, Segment(0, 1), first.next_start, 10)
        users = {item["UserId"]["N"] for page in (first, second) for item in page.items}
        assert (users, second.next_start) == ({"0", "1", "2", "3", "4"}, None)

    def test_an_empty_table_is_one_page_without_a_next(self, table: Table) -> None:
        page = table.items.scan(table.name, Segment(0, 1), None)
        assert (list(page.items), page.next_start) == ([], None)
        assert table.items.get(table.name, []) == []

    def test_items_come_as_they_were_written(self, table: Table) -> None:
        table.put(EXACT)
        page = table.items.scan(table.name, Segment(0, 1), None)
        assert (list(page.items), page.consumed > 0) == ([EXACT], True)
        assert table.items.get(table.name, [key(7, "a|b")]) == [EXACT]

    def test_items_are_got_in_the_order_of_their_keys_however_many(self, table: Table) -> None:
        for user_id in range(130):
            if user_id % 3:
                table.put(key(user_id))
        keys = [key(user_id) for user_id in range(129, -1, -1)]
        assert table.items.get(table.name, keys) == [each if int(each["UserId"]["N"]) % 3 else None for each in keys]

    def test_a_table_that_is_not_there_is_missing_by_its_name(self, table: Table) -> None:
        for ask in (
            lambda: table.items.count("Nobodys"),
            lambda: table.items.scan("Nobodys", Segment(0, 1), None),
            lambda: table.items.get("Nobodys", [key(1)]),
        ):
            with pytest.raises(StreamMissing, match="the table Nobodys is not there"):
                ask()

    def test_the_items_are_counted_about(self, table: Table) -> None:
        table.put(key(1))
        assert table.items.count(table.name) >= 0


class SnapshotProgressContract:
    """A subclass gives the fixture `kept`."""

    def test_what_was_stored_last_of_each_segment_is_loaded_in_their_order(self, kept: SnapshotProgress) -> None:
        table = f"Users-{uuid4().hex[:8]}"
        assert kept.load(table) == []
        stored = [
            Progress(number, 12, arn(), position=EXACT if number % 2 else None, items=number) for number in range(12)
        ]
        for progress in reversed(stored):
            kept.store(table, progress)
        stored[3] = Progress(3, 12, arn(), ended=True, items=50, dead_lettered=2, consumed=1.5)
        kept.store(table, stored[3])
        assert kept.load(table) == stored

    def test_what_is_cleared_is_forgotten_and_another_tables_is_not(self, kept: SnapshotProgress) -> None:
        table, other = (f"Users-{uuid4().hex[:8]}" for _ in range(2))
        for name in (table, other):
            kept.store(name, Progress(0, 1, arn()))
        kept.clear(table)
        assert (kept.load(table), kept.load(other)) == ([], [Progress(0, 1, arn())])
