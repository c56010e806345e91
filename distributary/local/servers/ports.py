"""Free ports on loopback, the same ones again for the same home where they are still free."""

from __future__ import annotations

import socket
from collections.abc import Collection
from pathlib import Path
from random import Random

HOST = "127.0.0.1"
_RANGE = range(10_240, 32_768)
"""Below those that systems give to outgoing connections: a client that keeps calling a server that is away could be
given the server's own port otherwise, and talk to itself."""


class Ports:
    """The ports of one home; they are remembered in `file`, one `name port` a line."""

    def __init__(self, file: Path) -> None:
        self._file = file
        lines = file.read_text("ascii").splitlines() if file.exists() else []
        self._ports = {name: int(port) for name, port in (line.split() for line in lines)}

    def take(self, *names: str) -> list[int]:
        """A port for each of the names, all free at this moment."""
        for name in names:
            if name not in self._ports or not is_free(self._ports[name]):
                self._ports[name] = free_port(self._ports.values())
        self._file.write_text("".join(f"{name} {port}\n" for name, port in sorted(self._ports.items())), "ascii")
        return [self._ports[name] for name in names]


def free_port(taken: Collection[int] = ()) -> int:
    """A port that nobody listens on, and that is not among the `taken`."""
    chance = Random()
    while True:
        port = chance.choice(_RANGE)
        if port not in taken and is_free(port):
            return port


def is_free(port: int) -> bool:
    """Whether a server could listen on a loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # one that has just been left is free
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
