"""`python -m benchmarks.fold_memory [--events N] [--keys N]`: one process folds ten million events, at flat memory.

A tenth of them is made; the others are the same at later versions. Prints a line for every tenth.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from msgspec import structs

from benchmarks.drain import resident_bytes
from benchmarks.member import messages_of
from benchmarks.workload import records
from consumers.delivery.prepare import Preparation
from consumers.groups import GROUPS
from consumers.subscription import Delivery
from distributary.folding.fold import Fold
from distributary.folding.fold_file import FoldFile
from schemas.codec import EventDecoder
from schemas.registry import PackagedRegistry
from schemas.versions import VERSION_HEADER

EVENTS, KEYS, PARTS = 10_000_000, 500_000, 10
YEAR = b"2026"
IMAGE_BYTES = 700


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fold_memory", description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--keys", type=int, default=KEYS)
    told = parser.parse_args()
    with TemporaryDirectory() as folder:
        made = Path(folder) / "events"
        _make(made, told.events // PARTS, told.keys)
        preparation = Preparation(GROUPS[1], EventDecoder(PackagedRegistry()), folding=True)
        with closing(FoldFile(Path(folder) / "fold")) as file:
            fold = Fold(preparation, file, lambda put: put.document, 1)
            for part in range(PARTS):
                began = perf_counter()
                fold.add(_deliveries(made, part))
                rate, held = told.events / PARTS / (perf_counter() - began), resident_bytes() / 1e6
                _say(f"{fold.events:>10,} events  {rate:>7,.0f} a second  {held:>5.0f} MB")
            wants = sum(len(page) for page in fold.new_wants())
            _say(f"{wants:,} keys wanted, {fold.left_open} open  {resident_bytes() / 1e6:.0f} MB")


def _make(file: Path, events: int, keys: int) -> None:
    """Writes events to a file, a few thousand at a time: key, value, each behind its length."""
    at_once = 20_000
    with file.open("wb") as written:
        for start in range(0, events, at_once):
            for message in messages_of(
                records(min(at_once, events - start), seed=start, users=keys, image_bytes=IMAGE_BYTES)
            ):
                for part in (message.key, message.value, dict(message.headers)[VERSION_HEADER]):
                    written.write(len(part).to_bytes(4, "big") + part)


def _deliveries(file: Path, part: int) -> Iterator[Delivery]:
    """The events of the file, so many years later."""
    year = str(int(YEAR) + part).encode()
    offset = 0
    with file.open("rb") as made:
        while length := made.read(4):
            key = made.read(int.from_bytes(length, "big"))
            value, version = (made.read(int.from_bytes(made.read(4), "big")) for _ in range(2))
            later = version.replace(YEAR, year, 1)
            delivery = Delivery("users.changes", 0, offset, key, value.replace(version, later, 1))
            yield structs.replace(delivery, headers=((VERSION_HEADER, later),))
            offset += 1


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
