"""What every `Streams` keeps to: subclass `StreamsContract` and give `table`."""

from __future__ import annotations

from typing import Protocol

import pytest

from bridge.errors import ExpiredIterator, ShardMissing, StreamMissing, TrimmedRecords
from bridge.stream_record import check
from bridge.streams import Page, Streams
from schemas.change_event import ViewType
from schemas.keys import KeyAttribute

KEY = (KeyAttribute("UserId", "N"),)


class Table(Protocol):
    """A table with a stream of one shard, and what can happen to it."""

    name: str
    streams: Streams

    def write(self, *user_ids: int) -> None:
        """Puts users."""

    def expire(self) -> None:
        """Makes every iterator expire."""

    def trim(self) -> None:
        """Makes what is in the stream leave it."""


def begin(table: Table, after: str | None = None) -> tuple[str, Page]:
    """The stream's ARN, and the first page of its shard behind a sequence number."""
    found = table.streams.find(table.name)
    (shard,) = table.streams.shards(found.arn)
    return found.arn, table.streams.read(found.arn, table.streams.iterator(found.arn, shard.shard_id, after))


def users(page: Page) -> list[str]:
    return [check(record).keys["UserId"]["N"] for record in page.records]


def number(page: Page, at: int) -> str:
    return check(page.records[at]).sequence_number


class StreamsContract:
    """A subclass gives the fixture `table`, a Table of the test's own."""

    def test_the_stream_of_a_table_is_found_with_its_images(self, table: Table) -> None:
        found = table.streams.find(table.name)
        assert f":table/{table.name}/stream/" in found.arn
        assert found.view_type is ViewType.NEW_AND_OLD_IMAGES

    def test_a_table_that_is_not_there_is_missing_by_its_name(self, table: Table) -> None:
        with pytest.raises(StreamMissing, match="Nobodys"):
            table.streams.find("Nobodys")

    def test_records_come_in_order_and_in_a_form_that_the_bridge_takes(self, table: Table) -> None:
        table.write(3, 1, 2)
        arn, page = begin(table)
        assert users(page) == ["3", "1", "2"]
        assert {record["eventSourceARN"] for record in page.records} == {arn}

    def test_the_next_iterator_stands_behind_the_page(self, table: Table) -> None:
        table.write(1)
        arn, page = begin(table)
        table.write(2)
        assert page.next_iterator is not None
        assert users(table.streams.read(arn, page.next_iterator)) == ["2"]

    def test_an_iterator_stands_right_behind_the_sequence_number_it_was_asked_for(self, table: Table) -> None:
        table.write(1, 2, 3)
        _, page = begin(table)
        assert users(begin(table, number(page, 0))[1]) == ["2", "3"]
        assert users(begin(table, number(page, 2))[1]) == []

    def test_a_page_has_at_most_as_many_records_as_are_asked_for(self, table: Table) -> None:
        table.write(1, 2, 3)
        found = table.streams.find(table.name)
        (shard,) = table.streams.shards(found.arn)
        page = table.streams.read(found.arn, table.streams.iterator(found.arn, shard.shard_id, None), 2)
        assert users(page) == ["1", "2"]
        assert page.next_iterator is not None
        assert users(table.streams.read(found.arn, page.next_iterator, 2)) == ["3"]

    def test_an_open_shard_without_records_gives_an_empty_page_and_an_iterator(self, table: Table) -> None:
        _, page = begin(table)
        assert (users(page), page.next_iterator is None) == ([], False)


class AgeingStreamsContract(StreamsContract):
    """For streams that age as DynamoDB's do: iterators expire, records leave, and shards with them."""

    def test_an_expired_iterator_says_so(self, table: Table) -> None:
        table.write(1)
        arn, page = begin(table)
        table.expire()
        assert page.next_iterator is not None
        with pytest.raises(ExpiredIterator):
            table.streams.read(arn, page.next_iterator)

    def test_a_place_whose_records_are_gone_says_so(self, table: Table) -> None:
        table.write(1, 2)
        _, page = begin(table)
        table.trim()
        with pytest.raises(TrimmedRecords):
            begin(table, number(page, 0))

    def test_without_a_place_reading_begins_at_the_oldest_record_still_there(self, table: Table) -> None:
        table.write(1, 2)
        table.trim()
        table.write(3)
        assert users(begin(table)[1]) == ["3"]

    def test_a_shard_that_the_stream_does_not_know_says_so(self, table: Table) -> None:
        with pytest.raises(ShardMissing):
            table.streams.iterator(table.streams.find(table.name).arn, "shardId-00000000000000000000-00000000", None)
