"""Servers that are not measured, a process each: it says where it is, and ends with its standard input."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@contextmanager
def stand_in(module: str) -> Iterator[str]:
    """The address that `python -m module` says first, until the context ends."""
    command = [sys.executable, "-m", module]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()
            process.wait()


def stay(address: str) -> None:
    """Says where the process is, and waits for its end."""
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()
    sys.stdin.read()


def serve(handler: type[BaseHTTPRequestHandler]) -> None:
    """Serves on a free port until the end."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    stay(f"http://127.0.0.1:{server.server_port}")
