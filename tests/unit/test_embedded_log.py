"""The embedded log: its file, its topics, its failures, and those who wait for it."""

from __future__ import annotations

import sqlite3
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event, Thread
from time import monotonic

import pytest

from bridge.publisher import ACKNOWLEDGED, Message, Status
from consumers.errors import DeadLetterLost
from distributary.local.log import log as log_module
from distributary.local.log.database import Database
from distributary.local.log.dead_letters import EmbeddedDeadLetters
from distributary.local.log.errors import LogUnavailable, NoSuchTopic, PartitionsChanged
from distributary.local.log.log import EmbeddedLog, Entry
from distributary.local.log.publisher import EmbeddedPublisher
from distributary.local.log.subscription import EmbeddedSubscription
from schemas.dead_letters import DeadLetter, read_dead_letter
from schemas.partitions import partition_of
from schemas.topics import MAX_MESSAGE_BYTES
from tests.embedded_log import LONG, PARTITIONS, TOPIC, message, opened, values


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.sqlite3"


@pytest.fixture
def log(path: Path) -> Iterator[EmbeddedLog]:
    with closing(opened(path)) as log:
        yield log


def run(work: Callable[[], None]) -> Thread:
    thread = Thread(target=work)
    thread.start()
    return thread


class TestTopics:
    def test_creating_a_topic_again_changes_nothing(self, log: EmbeddedLog) -> None:
        log.append([Entry(TOPIC, b"1", b"value")])
        log.create_topic(TOPIC, PARTITIONS)
        assert values(log) == [b"value"]

    def test_another_partition_count_is_an_error_of_one_sentence(self, log: EmbeddedLog, path: Path) -> None:
        with pytest.raises(PartitionsChanged) as raised:
            log.create_topic(TOPIC, 8)
        assert str(raised.value) == (
            f"the topic {TOPIC} has 6 partitions in {path} and 8 where it is declared, and a topic's partition count "
            "never changes; declare 6 again, or start with another log"
        )
        assert len(log.ends(TOPIC)) == 6

    def test_a_dropped_topic_starts_empty_and_its_positions_at_zero(self, log: EmbeddedLog) -> None:
        log.create_topic("other.changes", 1)
        log.append([Entry(TOPIC, b"1", b"old"), Entry("other.changes", b"1", b"stays")])
        partition = partition_of(b"1", PARTITIONS)
        log.commit("group", TOPIC, {partition: 1})
        log.commit("group", "other.changes", {0: 1})
        log.drop_topic(TOPIC)
        assert log.ends(TOPIC) == {}
        log.create_topic(TOPIC, PARTITIONS)
        log.append([Entry(TOPIC, b"1", b"new")])
        (delivery,) = EmbeddedSubscription(log, "group", TOPIC).poll(10, LONG)
        assert (delivery.offset, delivery.value) == (0, b"new")
        assert (values(log, "other.changes"), log.positions("group", "other.changes")) == ([b"stays"], {0: 1})

    def test_resetting_positions_lets_every_group_begin_at_zero(self, log: EmbeddedLog) -> None:
        log.append([Entry(TOPIC, b"1", b"value")])
        for group in ("one", "other"):
            log.commit(group, TOPIC, {partition_of(b"1", PARTITIONS): 1})
        log.reset_positions()
        assert len(EmbeddedSubscription(log, "one", TOPIC).poll(10, LONG)) == 1
        assert log.positions("other", TOPIC) == {}

    def test_a_message_to_a_topic_that_nobody_created_fails_with_the_whole_batch(self, log: EmbeddedLog) -> None:
        messages = [message(b"good"), Message("nobody.changes", b"1", b"bad")]
        receipts = EmbeddedPublisher(log).publish(messages, LONG)
        assert [receipt.status for receipt in receipts] == [Status.FAILED] * 2
        assert "no topic nobody.changes" in receipts[0].reason
        assert values(log) == []


class TestFile:
    def test_what_was_written_is_there_after_a_restart(self, path: Path) -> None:
        with closing(opened(path)) as log:
            assert EmbeddedPublisher(log).publish([message(b"value")], LONG) == [ACKNOWLEDGED]
            log.commit("group", TOPIC, {0: 7})
        with closing(opened(path)) as log:
            assert values(log) == [b"value"]
            assert log.positions("group", TOPIC) == {0: 7}

    def test_every_commit_is_synced_to_disk(self, path: Path) -> None:
        database = Database(path)
        with database.connection() as one, database.connection() as other:
            for connection in (one, other):
                assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
                assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        database.close()

    @pytest.mark.parametrize("key", [b"1", b"22", b""])
    def test_the_key_says_which_partition(self, log: EmbeddedLog, key: bytes) -> None:
        log.append([Entry(TOPIC, key, b"value")])
        assert log.ends(TOPIC)[partition_of(key, PARTITIONS)] == 1

    def test_messages_carry_the_time_of_the_clock_in_milliseconds(self, log: EmbeddedLog) -> None:
        log.append([Entry(TOPIC, b"1", b"value")])
        (delivery,) = EmbeddedSubscription(log, "group", TOPIC).poll(1, LONG)
        assert delivery.timestamp == 1_770_000_000_500

    def test_a_file_that_is_no_log_is_named(self, path: Path) -> None:
        path.write_bytes(b"something else" * 1000)
        with pytest.raises(LogUnavailable, match=r"log\.sqlite3 cannot be used: file is not a database"):
            opened(path)

    def test_a_folder_that_is_not_there_is_named(self, path: Path) -> None:
        with pytest.raises(LogUnavailable, match=r"missing/log\.sqlite3.*No such file"):
            opened(path.parent / "missing" / "log.sqlite3")

    def test_a_new_file_can_be_opened_by_several_at_once(self, tmp_path: Path) -> None:
        for n in range(10):
            with ThreadPoolExecutor(8) as threads:
                for log in threads.map(opened, [tmp_path / f"{n}.sqlite3"] * 8):
                    log.close()

    def test_a_closed_log_says_so(self, path: Path) -> None:
        log = opened(path)
        log.close()
        with pytest.raises(LogUnavailable, match="it is closed"):
            log.ends(TOPIC)

    def test_connections_are_handed_on_from_thread_to_thread(self, path: Path) -> None:
        with closing(Database(path)) as database:
            lent = []

            def use() -> None:
                with database.connection() as connection:
                    connection.execute("SELECT * FROM partitions").fetchall()
                    lent.append(connection)

            for _ in range(3):
                run(use).join()
            assert len(lent) == 3
            assert len(set(map(id, lent))) == 1

    @pytest.mark.parametrize(
        ("number", "size", "at_once"), [(16, MAX_MESSAGE_BYTES // 2, 30_000_000), (10_000, 1, 1_500_000)]
    )
    def test_reading_holds_a_few_deliveries_at_a_time(
        self, log: EmbeddedLog, number: int, size: int, at_once: int
    ) -> None:
        log.append(Entry(TOPIC, b"1", bytes(size)) for _ in range(number))
        tracemalloc.start()
        deliveries = log.read(TOPIC, partition_of(b"1", PARTITIONS), 0, number)
        assert sum(len(delivery.value or b"") for delivery in deliveries) == number * size
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert most < at_once


class TestFailures:
    def test_a_full_disk_fails_the_batch_whole_and_the_next_one_goes_on(self, log: EmbeddedLog) -> None:
        publisher = EmbeddedPublisher(log)
        batch = [message(b"%d" % n * 1000) for n in range(50)]
        with log.database.connection() as connection:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages + 1}")
        receipts = publisher.publish([*batch, message(bytes(MAX_MESSAGE_BYTES + 1))], LONG)
        assert [receipt.status for receipt in receipts] == [Status.FAILED] * 50 + [Status.REFUSED]
        assert "full" in receipts[0].reason
        assert values(log) == []
        assert publisher.publish(batch, LONG) == [ACKNOWLEDGED] * 50
        assert len(values(log)) == 50

    @pytest.mark.parametrize("timeout", [0.02, 0.0, -1.0])
    def test_a_writer_that_holds_the_file_past_the_timeout_fails_the_batch(
        self, log: EmbeddedLog, path: Path, timeout: float
    ) -> None:
        publisher = EmbeddedPublisher(log)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            begun = monotonic()
            (receipt,) = publisher.publish([message(b"late")], timeout)
            assert monotonic() - begun < LONG / 3
            assert (receipt.status, "locked" in receipt.reason) == (Status.FAILED, True)
        assert values(log) == []
        assert publisher.publish([message(b"now")], LONG) == [ACKNOWLEDGED]
        assert values(log) == [b"now"]

    def test_a_file_that_may_not_be_written_fails_the_batch(self, log: EmbeddedLog) -> None:
        with log.database.connection() as connection:
            connection.execute("PRAGMA query_only = ON")
        (receipt,) = EmbeddedPublisher(log).publish([message(b"value")], LONG)
        assert (receipt.status, "readonly" in receipt.reason) == (Status.FAILED, True)
        assert values(log) == []

    def test_a_closed_log_fails_the_batch(self, path: Path) -> None:
        log = opened(path)
        log.close()
        (receipt,) = EmbeddedPublisher(log).publish([message(b"value")], LONG)
        assert receipt.status is Status.FAILED

    def test_an_append_that_raises_half_way_leaves_nothing(self, log: EmbeddedLog) -> None:
        with pytest.raises(NoSuchTopic):
            log.append([Entry(TOPIC, b"1", b"half"), Entry("nobody.changes", b"1", b"bad")])
        assert set(log.ends(TOPIC).values()) == {0}
        assert values(log) == []


class TestWaiting:
    def test_an_append_through_the_same_object_ends_the_wait_at_once(
        self, log: EmbeddedLog, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(log_module, "CHECK_SECONDS", LONG)
        asked, waited = Event(), Event()

        def ready() -> bool:
            asked.set()
            return bool(values(log))

        def wait() -> None:
            log.wait(ready, LONG)
            waited.set()

        thread = run(wait)
        assert asked.wait(LONG)
        log.append([Entry(TOPIC, b"1", b"news")])
        assert waited.wait(LONG / 3)
        thread.join()

    def test_a_wait_goes_on_until_it_is_ready_however_often_it_has_to_look(
        self, log: EmbeddedLog, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(log_module, "CHECK_SECONDS", 0.001)
        looks = iter([False] * 7 + [True])
        log.wait(lambda: next(looks), LONG)
        assert next(looks, None) is None

    def test_what_another_process_appends_ends_the_wait_too(self, log: EmbeddedLog, path: Path) -> None:
        subscription, polled = EmbeddedSubscription(log, "group", TOPIC), Event()

        def poll() -> None:
            assert subscription.poll(10, LONG)
            polled.set()

        thread = run(poll)
        with closing(opened(path)) as other:
            other.append([Entry(TOPIC, b"1", b"news")])
        assert polled.wait(LONG / 3)
        thread.join()


class TestDeadLetters:
    LETTER = DeadLetter(
        place="users.changes/1/2", value=b"bytes", stage="decode", error="E", message="why", first_seen=1, partition=1
    )

    def test_a_letter_is_kept_whole_in_the_topic_of_its_owner(self, log: EmbeddedLog) -> None:
        EmbeddedDeadLetters(log, "app-users").record(self.LETTER)
        assert log.ends("app-users.dead-letters") == {0: 1}
        (kept,) = log.read("app-users.dead-letters", 0, 0, 1)
        assert read_dead_letter(kept.key or b"", kept.value, kept.headers) == self.LETTER

    def test_a_null_under_the_same_key_can_follow(self, log: EmbeddedLog) -> None:
        EmbeddedDeadLetters(log, "app-users").record(self.LETTER)
        log.append([Entry("app-users.dead-letters", self.LETTER.key, None)])
        letters = list(log.read("app-users.dead-letters", 0, 0, 2))
        assert [letter.key for letter in letters] == [self.LETTER.key] * 2
        assert [letter.value for letter in letters] == [b"bytes", None]

    def test_a_letter_that_cannot_be_written_raises(self, path: Path) -> None:
        log = opened(path)
        log.close()
        with pytest.raises(DeadLetterLost, match=r"users.changes/1/2 cannot be written: .* it is closed"):
            EmbeddedDeadLetters(log, "app-users").record(self.LETTER)
