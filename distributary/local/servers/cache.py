"""Where programs are kept between runs: installed once, whole or not at all, whoever asks at the same time."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from distributary.errors import UnusableFolder


def default_cache(environment: Mapping[str, str], *, root: bool) -> Path:
    """`DISTRIBUTARY_CACHE`, else the usual place of caches.

    Root's own is not in root's home: OpenSearch runs as an unprivileged user, who cannot look into that.
    """
    if given := environment.get("DISTRIBUTARY_CACHE"):
        return Path(given).absolute()
    if root:
        return Path("/var/cache/distributary")
    caches = environment.get("XDG_CACHE_HOME") or Path(environment.get("HOME") or Path.home()) / ".cache"
    return Path(caches).absolute() / "distributary"


class Cache:
    """Programs in a folder, each in one of its own that is named by program, version and digest."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def holds(self, name: str) -> bool:
        """Whether a program is installed; one that is, is whole."""
        return (self.folder / name).is_dir()

    def installed(self, name: str, lock: str, install: Callable[[Path], None]) -> Path:
        """The folder of a program, filled by `install` where it is not there yet; readable for everybody.

        One installation at a time under the same `lock`, in all processes. Raises UnusableFolder, and what `install`
        raises; nothing that looks installed is left behind then, nor by a crash.
        """
        target = self.folder / name
        if self.holds(name):
            return target
        with self._locked(lock):
            # 1. somebody else may have been faster
            if self.holds(name):
                return target
            # 2. what a crash left
            part = self.folder / f"{name}.part"
            shutil.rmtree(part, ignore_errors=True)
            # 3. fill a folder that nobody takes for the program
            part.mkdir()
            try:
                install(part)
                _open_to_all(part)
                # 4. and now it is there
                part.rename(target)
            finally:
                shutil.rmtree(part, ignore_errors=True)
        return target

    @contextmanager
    def _locked(self, lock: str) -> Iterator[None]:
        try:
            self.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            file = (self.folder / f"{lock}.lock").open("a")
        except OSError as error:
            raise UnusableFolder(
                f"{self.folder} cannot hold the servers' programs: {error.strerror}; "
                "name a writable folder with DISTRIBUTARY_CACHE"
            ) from None
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _open_to_all(folder: Path) -> None:
    """Lets everybody read the folder, and run what its owner may run; archives and umasks are not always so kind."""
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | 0o555 if mode & 0o100 else mode | 0o444)
