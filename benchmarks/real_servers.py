"""Real servers to measure on: those that DISTRIBUTARY_KAFKA and its like give, else the project's own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from distributary.local.servers.cache import default_cache
from distributary.local.servers.stack import KINDS, Servers

_MEMORY = Path("/dev/shm")


def server_folder() -> TemporaryDirectory[str]:
    """Where servers keep their files: in memory, if the machine has a place for that.

    Some wait for their disk at every write, on either side; how long that takes is the machine's affair, not ours.
    """
    return TemporaryDirectory(prefix="distributary-bench-", dir=_MEMORY if _MEMORY.is_dir() else None)


@contextmanager
def real_servers(*endpoints: str) -> Iterator[Mapping[str, str]]:
    """Their addresses by endpoint (`kafka`, `opensearch_url`), until the context ends. Raises what `Servers` raises."""
    given = {name: os.environ.get(f"DISTRIBUTARY_{name.upper()}", "") for name in endpoints}
    kinds = {name: KINDS[name] for name, address in given.items() if not address}
    cache = default_cache(os.environ, root=os.geteuid() == 0)
    with server_folder() as home:
        Path(home).chmod(0o755)  # OpenSearch runs as another user
        with Servers(Path(home), cache, os.environ, kinds=kinds) as servers:
            yield {name: address or servers[name].address for name, address in given.items()}
