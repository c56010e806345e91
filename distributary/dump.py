"""Read models as JSON lines, numbers exact: what `run --dump` writes and `show` prints."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from consumers.read_model import ReadModel
from distributary.errors import UnusableFolder

_ENCODER = msgspec.json.Encoder(decimal_format="number", order="deterministic")


def exact_json(value: object) -> bytes:
    """JSON with every digit of every number; sets as sorted lists, binary as base64 text."""
    return _ENCODER.encode(value)


def make_folder(folder: Path) -> None:
    """Makes the folder for a dump. Raises UnusableFolder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnusableFolder(f"{folder} cannot hold a dump: {error.strerror}; name another with --dump DIR") from None


def dump(read_models: Iterable[ReadModel], folder: Path) -> None:
    """Writes `<read model>.jsonl` for each into the folder, which is there: a document a line, sorted by key."""
    for read_model in read_models:
        documents = sorted(read_model.scan(), key=lambda document: document.key)
        lines = (exact_json(document._asdict()) + b"\n" for document in documents)
        (folder / f"{read_model.name}.jsonl").write_bytes(b"".join(lines))
