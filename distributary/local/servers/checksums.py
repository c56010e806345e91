"""Whether a folder holds exactly the files it should, byte for byte."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import file_digest
from pathlib import Path

from distributary.errors import WrongChecksum


def check_files(folder: Path, sums: Mapping[str, str], program: str) -> None:
    """Nothing, where `folder` holds the files of `sums` (name: SHA-256) and no other. Raises WrongChecksum."""
    present = {path.name: path for path in folder.iterdir()}
    wrong = [f"{name} is not among the known files" for name in sorted(present.keys() - sums.keys())]
    wrong += [f"{name} was not fetched" for name in sorted(sums.keys() - present.keys())]
    for name in sorted(sums.keys() & present.keys()):
        if (found := _digest(present[name])) != sums[name]:
            wrong.append(f"{name} has the SHA-256 {found}, not {sums[name]}")
    if wrong:
        raise WrongChecksum(
            f"what was fetched for {program} is not what it should be, and nothing of it was kept: {'; '.join(wrong)}; "
            "look at the Maven repository or mirror that it came from, and remove the file from the local one"
        )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
