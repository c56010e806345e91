"""The `distributary` command as a person runs it, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from tests.records import written

COMMAND = [sys.executable, "-m", "distributary"]

Ended = subprocess.CompletedProcess[bytes]


def distributary(
    *arguments: str | Path, stdin: bytes = b"", cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Ended:
    """The command, run to its end."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], input=stdin, capture_output=True, check=False, timeout=300, cwd=cwd, env=env
    )


@contextmanager
def running(
    *arguments: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """`distributary run` with the arguments, once it says that it is ready; stopped at the end if it still runs."""
    process = subprocess.Popen(
        [*COMMAND, "run", *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=cwd, env=env
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if line.startswith(b"ready"):
                break
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        if process.stdout.closed:
            process.wait(timeout=30)
        else:
            process.communicate(timeout=30)


def exact(data: bytes) -> Any:
    """JSON with exact numbers."""
    return msgspec.json.Decoder(float_hook=Decimal).decode(data)


def feed_file(folder: Path, records: list[Any]) -> Path:
    """A file of JSON lines; what is bytes already is a line as it stands."""
    file = folder / "feed.jsonl"
    file.write_bytes(b"\n".join(one if isinstance(one, bytes) else written(one) for one in records))
    return file


def dumped(folder: Path, name: str) -> dict[str, Any]:
    """A dumped read model: its documents by key. The lines stand in the keys' order."""
    rows = [exact(line) for line in (folder / f"{name}.jsonl").read_bytes().splitlines()]
    assert [row["key"] for row in rows] == sorted(row["key"] for row in rows)
    assert all(set(row) == {"key", "source_version", "document"} for row in rows)
    return {row["key"]: row["document"] for row in rows}


def accounts(result: dict[str, Any], table: str | None) -> dict[str, int]:
    """A table's accounts, which balance; zeros are left out."""
    (row,) = [row for row in result["bridge"] if row["table"] == table]
    assert row["read"] == row["published"] + row["filtered"] + row["dead_lettered"] + row["returned"]
    return {name: count for name, count in row.items() if name != "table" and count}


def sentence(ended: Ended) -> str:
    """The one sentence that a failed command leaves on standard error."""
    text = ended.stderr.decode()
    assert "Traceback" not in text
    (line,) = [line for line in text.splitlines() if line.startswith("error: ")]
    return line
