"""Several processes on one embedded log: they write at once, and are killed."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from itertools import groupby
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from bridge.publisher import ACKNOWLEDGED
from distributary.local.log.publisher import EmbeddedPublisher
from tests.embedded_log import LONG, TOPIC, message, opened, values

SPAWN = get_context("spawn")
WRITTEN, KEYS, BATCH = 400, 5, 200


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.sqlite3"


def test_processes_that_open_and_publish_at_once_leave_no_gap_no_duplicate_and_each_key_in_order(path: Path) -> None:
    gate = SPAWN.Barrier(4)
    processes = [SPAWN.Process(target=publish_numbered, args=(path, writer, gate), daemon=True) for writer in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(LONG)
        assert process.exitcode == 0
    with closing(opened(path)) as log:
        found: dict[bytes | None, list[bytes | None]] = {}
        for partition, end in log.ends(TOPIC).items():
            deliveries = list(log.read(TOPIC, partition, 0, end))
            assert [delivery.offset for delivery in deliveries] == list(range(end))
            for delivery in deliveries:
                found.setdefault(delivery.key, []).append(delivery.value)
    assert found == {
        b"%d-%d" % (writer, key): [b"%d" % n for n in range(WRITTEN) if n % KEYS == key]
        for writer in range(4)
        for key in range(KEYS)
    }


def test_a_publisher_that_is_killed_leaves_whole_batches_and_all_that_were_acknowledged(path: Path) -> None:
    acknowledged = [killed_after(path, life, random.randint(1, 12)) for life in range(3)]
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with closing(opened(path)) as log:
        names = sorted((value or b"").partition(b" ")[0] for value in values(log))
        sizes = {name: len(list(batch)) for name, batch in groupby(names)}
        assert set(sizes.values()) == {BATCH}
        for life, batches in enumerate(acknowledged):
            assert {b"%d/%d" % (life, n) for n in range(batches)} <= sizes.keys()
        assert EmbeddedPublisher(log).publish([message(b"next")], LONG) == [ACKNOWLEDGED]


def publish_numbered(path: Path, writer: int, gate: Barrier) -> None:
    """Opens the log together with others and publishes WRITTEN messages in batches of 10."""
    gate.wait(LONG)
    with closing(opened(path)) as log:
        publisher = EmbeddedPublisher(log)
        for first in range(0, WRITTEN, 10):
            batch = [message(b"%d" % n, b"%d-%d" % (writer, n % KEYS)) for n in range(first, first + 10)]
            assert publisher.publish(batch, LONG) == [ACKNOWLEDGED] * 10


def publish_for_ever(path: Path, life: int, acknowledged: Connection) -> None:
    """Publishes batches of BATCH messages, and tells of each one that was acknowledged."""
    publisher = EmbeddedPublisher(opened(path))
    for n in range(10**9):
        batch = [message(b"%d/%d " % (life, n) + bytes(1000), b"%d" % number) for number in range(BATCH)]
        assert publisher.publish(batch, LONG) == [ACKNOWLEDGED] * BATCH
        acknowledged.send(n)


def killed_after(path: Path, life: int, batches: int) -> int:
    """Kills a publisher in the middle of what follows its first batches; how many it said were acknowledged."""
    receiver, sender = SPAWN.Pipe(duplex=False)
    process = SPAWN.Process(target=publish_for_ever, args=(path, life, sender), daemon=True)
    process.start()
    sender.close()
    told = [receiver.recv() for _ in range(batches)]
    process.kill()
    process.join(LONG)
    while True:
        try:
            told.append(receiver.recv())
        except EOFError:
            return len(told)
